"""An environment moved by hand, step by step, in the course's words."""

import html
import io
from functools import partial

import ipywidgets
from IPython.display import display
from PIL import Image

from course_utils.widgets import make_buttons


class PlayByHand:
    """An environment with a button for each action; every step is told as (s, a, r, s′).

    env: made with render_mode="rgb_array". actions: one word for each action number.
    `trace` holds the steps so far as tuples (s, a, r, s′, terminated, truncated).
    """

    def __init__(self, env, actions: list[str], seed: int = 0):
        self.env, self.actions, self.message = env, actions, ipywidgets.HTML()
        self.picture = ipywidgets.Image(layout={"max_width": "16em"})
        steps = {word: partial(self.step, action) for action, word in enumerate(actions)}
        self.buttons = make_buttons(steps | {"Reset": self.reset})
        self.reset(seed)

    def show(self) -> None:
        """Display buttons, picture and message."""
        row = ipywidgets.HBox([*self.buttons.values()])
        display(ipywidgets.VBox([row, self.picture, self.message]))

    def reset(self, seed: int | None = None) -> None:
        """Begin a new episode."""
        (self.state, _), self.trace = self.env.reset(seed=seed), []
        self._tell(f"s = {self.state}. Choose an action.")

    def step(self, action: int) -> None:
        """Take one action; after the end of an episode it only says that a reset is due."""
        if self.trace and any(self.trace[-1][-2:]):
            return self._tell("This episode is over: press Reset.")
        state, (self.state, reward, *ends, _) = self.state, self.env.step(action)
        self.trace.append((state, action, reward, self.state, *ends))
        taken = f"s = {state}, a = {action} ({self.actions[action]}) → r = {reward}"
        ended = f"terminated = {ends[0]}, truncated = {ends[1]}"
        self._tell(f"step {len(self.trace)}: {taken}, s′ = {self.state}, {ended}")

    def _tell(self, sentence):
        buffer = io.BytesIO()
        Image.fromarray(self.env.render()).save(buffer, "png")
        self.picture.value, self.message.value = buffer.getvalue(), html.escape(sentence)
