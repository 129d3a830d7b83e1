"""Play it yourself: an environment driven by keyboard or buttons, each episode kept in a file."""

import io
import time
from pathlib import Path

import anywidget
import gymnasium as gym
import numpy as np
import PIL.Image
import torch
import traitlets
from IPython.display import display
from ipywidgets import HBox, IntSlider, ToggleButtons

from course_utils import controls, storage
from course_utils.checks import checked
from course_utils.evaluation import Episode

FOLDER, FILES = storage.RUNS / "played", "episode_*.safetensors"
KEYS = {  # what each key does, and "" when there is none; without "" the last action goes on
    "CartPole-v1": {"ArrowLeft": 0, "ArrowRight": 1},
    "LunarLander-v3": {"": 0, "ArrowLeft": 1, "ArrowUp": 2, "ArrowRight": 3},
    "MountainCar-v0": {"": 1, "ArrowLeft": 0, "ArrowRight": 2},
}


class Screen(anywidget.AnyWidget):
    """A picture above a sentence, which hears the arrow keys after a click."""

    picture = traitlets.Bytes(b"").tag(sync=True)  # a JPEG file
    value = traitlets.Unicode("").tag(sync=True)  # the sentence
    key = traitlets.Unicode("").tag(sync=True)  # that is pressed
    _esm = Path(__file__).with_name("screen.js").read_text("utf-8")  # text, as in laboratory.view


class Player(controls.Background):
    """An environment to play: arrow keys after a click on the picture, or buttons, at your speed.

    Each episode goes to a file of its own, from its first second on: nothing is lost when the
    kernel dies; `recorded` reads them. Raises ValueError for an environment without keys.
    """

    @checked
    def __init__(self, env_id: str, seed: int = 0, folder: Path = FOLDER):
        if env_id not in KEYS:
            raise ValueError(f"there are no keys for {env_id}; you can play {', '.join(KEYS)}.")
        super().__init__(lambda problem: self._say(f"{problem} Press Start to begin again."))
        self.env, self.folder = gym.make(env_id, render_mode="rgb_array"), Path(folder) / env_id
        self.keys, self.action, self.seed = KEYS[env_id], KEYS[env_id].get("", 0), seed
        self.screen = self.message = Screen()  # it shows the messages, too
        self.speed = IntSlider(20, 2, 50, description="steps a second", **controls.WIDE)
        words = {key.removeprefix("Arrow").lower() or "nothing": key for key in self.keys}
        self.hand = ToggleButtons(options=words, style={"button_width": "6em"})
        self.screen.observe(lambda change: self.press(change["new"]), names="key")
        self.hand.observe(lambda change: self.press(change["new"]), names="value")
        self.buttons = controls.make_buttons({"Start": self.start, "Stop": self.stop})
        row = HBox([*self.buttons.values(), self.speed])
        self.panel = controls.Panel([row, self.hand, self.screen])
        self._reset()
        self._say("Press Start, click on the picture, then use the arrow keys.")

    def show(self) -> None:
        """Display picture, buttons and slider."""
        display(self.panel)

    def press(self, key: str) -> None:
        """A key goes down; "" when it is let go."""
        self.action = self.keys.get(key, self.keys.get("", self.action))

    def start(self, job=None) -> None:
        """Play until the episode ends or Stop is pressed; an episode that goes on is left alone."""
        if not self.running:
            super().start(job or self.play)

    def play(self, steps: int | None = None) -> None:
        """One new episode, of at most so many steps; return when it is saved."""
        self._reset()
        while not (self.should_stop or self.end or len(self.actions) == steps):
            began = time.monotonic()
            self.step()
            if len(self.actions) % self.speed.value == 0:  # once a second
                self._save()
            time.sleep(max(0.0, 1 / self.speed.value - (time.monotonic() - began)))
        self._save()
        run = f"{len(self.actions)} steps, return {sum(self.rewards):.0f}"
        saved = f"saved as {self.path.name}" if self.path else "nothing to save"
        self._say(f"{self.end or 'stopped'} after {run}; {saved}. Start: again.")
        self.panel.renew()

    def step(self) -> None:
        """One step with the action of the key that is down."""
        self.actions.append(self.action)  # the next key may come during the step
        observation, reward, terminated, truncated, _ = self.env.step(self.actions[-1])
        self.observations.append(observation)
        self.rewards.append(reward)
        self.end = "terminated" if terminated else "truncated" if truncated else ""
        self._say(f"step {len(self.actions)}, return {sum(self.rewards):.0f}")

    def _reset(self):
        (observation, _), self.seed = self.env.reset(seed=self.seed), None  # then another start
        self.observations, self.actions, self.rewards, self.end = [observation], [], [], ""
        self.path = None

    def _save(self):
        columns = np.array(self.observations), self.actions, np.array(self.rewards, np.float64)
        tensors = dict(zip(Episode._fields, map(torch.tensor, columns), strict=False))
        facts = {"environment": self.env.spec.id, "terminated": self.end == "terminated"}
        if self.actions and not self.path:  # not before: another notebook may play, too
            taken = [int(path.stem.split("_")[1]) for path in self.folder.glob(FILES)]
            self.path = self.folder / f"episode_{max(taken, default=-1) + 1:04}.safetensors"
        if self.actions:
            storage.save_tensors(self.path, tensors, facts)

    def _say(self, sentence):
        buffer = io.BytesIO()
        PIL.Image.fromarray(self.env.render()).save(buffer, "jpeg", quality=80)
        self.screen.value, self.screen.picture = sentence, buffer.getvalue()


@checked
def recorded(env_id: str, folder: Path = FOLDER) -> list[Episode]:
    """All episodes played so far, stopped ones as truncated. ValueError: a file is damaged."""
    if env_id not in KEYS:
        raise ValueError(f"nobody plays {env_id}; episodes are of {', '.join(KEYS)}.")
    episodes = []
    for path in sorted((Path(folder) / env_id).glob(FILES)):
        tensors, facts = storage.load_tensors(path)
        with storage.reading(path):  # an error means that the file is damaged, or foreign
            seen, action, reward = (tensors[name].numpy() for name in Episode._fields[:3])
            finite = np.isfinite(seen).all() and np.isfinite(reward).all()
            if not finite or not len(seen) - 1 == len(action) == len(reward):
                raise ValueError("steps are missing")
            end = {facts["environment"]: facts["terminated"]}[env_id]
            episodes.append(Episode(seen, action, reward, end, not end))
    return episodes
