"""An environment moved by hand, step by step, in the course's words."""

import html

import gymnasium as gym
import PIL.Image
from IPython.display import display
from ipywidgets import HTML, Button, HBox, Image

from course_utils.checks import checked
from course_utils.controls import Panel
from course_utils.language import tell


class PlayByHand:
    """An environment with a button for each action; every step is told as (s, a, r, s′).

    env: made with render_mode="rgb_array". actions: a word for each. `trace`: the steps so far.
    """

    @checked
    def __init__(self, env: gym.Env, actions: list[str], seed: int = 0):
        if env.render_mode != "rgb_array" or len(actions) != env.action_space.n:
            told = f"env needs render_mode='rgb_array', and {env.action_space.n} words for actions"
            raise ValueError(f"{told}; it has {env.render_mode!r} and {len(actions)}.")
        self.env, self.actions, self.message = env, actions, HTML()
        self.picture = Image(layout={"max_width": "16em"})
        self.buttons = {word: Button(description=word) for word in [*actions, tell("Reset")]}
        for a, button in enumerate(self.buttons.values()):
            button.on_click(lambda _, a=a: self.step(a) if a < len(actions) else self.reset())
        self.panel = Panel([HBox([*self.buttons.values()]), self.picture, self.message])
        self.reset(seed)

    def show(self) -> None:
        """Display buttons, picture and message."""
        display(self.panel)

    def reset(self, seed: int | None = None) -> None:
        """Begin a new episode."""
        (self.state, _), self.trace = self.env.reset(seed=seed), []
        self._tell(f"s = {self.state}. Choose an action.")

    def step(self, action: int) -> None:
        """Take one action; after the end of an episode it only says that a reset is due."""
        if self.trace and any(self.trace[-1][-2:]):
            return self._tell("This episode is over: press Reset.")
        state, first = self.state, self.env.action_space.start
        self.state, reward, terminated, truncated, _ = self.env.step(first + action)
        self.trace.append((state, action, reward, self.state, terminated, truncated))
        taken = f"step {len(self.trace)}: s = {state}, a = {action} ({self.actions[action]})"
        self._tell(f"{taken} → r = {reward}, s′ = {self.state}, {terminated = }, {truncated = }")

    def _tell(self, sentence):
        self.picture.value = PIL.Image.fromarray(self.env.render())._repr_png_()
        self.message.value = html.escape(sentence)
        self.panel.renew()
