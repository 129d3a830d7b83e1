"""Play it yourself: an environment driven by keys or fingers, each whole episode kept in a file."""

import time
from pathlib import Path

import anywidget
import gymnasium as gym
import numpy as np
import PIL.Image
import torch
import traitlets
from IPython.display import display

from course_utils import controls, storage
from course_utils.checks import check_finite, checked, need
from course_utils.evaluation import Episode
from course_utils.language import script
from course_utils.teach.demonstrations import load_demonstrations

FOLDER, FILES = storage.RUNS / "played", "episode_*.safetensors"
# Steps a second (a hand is .25 s late: a pole pushed 3 steps late stands, 6 late it falls), the
# expert, and what each key does; "" is no key: without it the last action goes on.
GAMES = {
    "CartPole-v1": (10, "cart_pole", {"ArrowLeft": 0, "ArrowRight": 1}),
    "LunarLander-v3": (20, "lunar_lander", {"": 0, "ArrowLeft": 1, "ArrowUp": 2, "ArrowRight": 3}),
    "MountainCar-v0": (20, "mountain_car", {"": 1, "ArrowLeft": 0, "ArrowRight": 2}),
}
COUNT = 0.7  # seconds for each number before the first step


class Screen(anywidget.AnyWidget):
    """Buttons, a picture that hears keys from Start on, and a sentence. Sends a button's name."""

    picture = traitlets.Bytes(b"").tag(sync=True)  # a JPEG file
    value = traitlets.Unicode("").tag(sync=True)  # a number at its start is large
    key = traitlets.Unicode("").tag(sync=True)  # that is pressed
    arrows = traitlets.List().tag(sync=True)  # that do something
    speed = traitlets.Int(20, min=1).tag(sync=True)  # steps a second
    _esm = script(Path(__file__).with_name("screen.js").read_text("utf-8"))  # as laboratory.view


class Player(controls.Background):
    """An environment to play by keys or buttons, each episode on disk from its first second on.

    Raises ValueError for an environment without keys, and as `storage.shipped`.
    """

    @checked
    def __init__(self, env_id: str, seed: int = 0, folder: Path = FOLDER):
        need(env_id in GAMES, f"no keys for {env_id}; you can play {', '.join(GAMES)}.")
        super().__init__(lambda problem: self._say(f"{problem} Press Start to begin again."))
        self.env, self.folder = gym.make(env_id, render_mode="rgb_array"), Path(folder) / env_id
        speed, expert, self.keys = GAMES[env_id]
        self.action, self.seed = self.keys.get("", 0), seed
        self.expert = np.mean([e.reward.sum() for e in load_demonstrations(f"{expert}/expert-v0")])
        self.screen = Screen(arrows=[key for key in self.keys if key], speed=speed)
        self.screen.observe(lambda change: self.press(change["new"]), names="key")
        jobs = {"Start": self.play, "Replay": self.replay, "Discard": self.discard}
        self.screen.on_msg(lambda _, n, __: self.start(jobs[n]) if n in jobs else self.stop())
        self.panel = controls.Panel([self.screen])
        self._reset()
        self._say(f"Press Start and use the arrow keys. The expert's return: {self.expert:.0f}.")

    def show(self) -> None:
        """Display picture, buttons and slider."""
        display(self.panel)

    def press(self, key: str) -> None:
        """A key goes down; "" when it is let go. A tap counts for one step at least."""
        self.action = self.keys.get(key, self.keys.get("", self.action))
        self.taps += [self.action] if key and key in self.keys else []

    def play(self, steps: int | None = None) -> None:
        """Count down, then one new episode, of at most so many steps; kept if it is over."""
        self._reset()
        for number in "321":
            self._say(f"{number} … get ready.")
            time.sleep(0 if self.should_stop else COUNT)
        while not (self.should_stop or self.end or len(self.actions) == steps):
            began = time.monotonic()
            self.step()
            if self.end or len(self.actions) % self.screen.speed == 0:  # once a second
                self._save()
            time.sleep(max(0.0, 1 / self.screen.speed - (time.monotonic() - began)))
        if not self.end:
            self.discard()
        kept = f"saved as {self.path.name}" if self.path else "not kept: it was not over"
        self._say(f"{self.end or 'stopped'} after {len(self.actions)} steps, {self.score}; {kept}.")
        self.panel.renew()

    def step(self) -> None:
        """One step with the action of the key that is down."""
        self.actions.append(self.taps.pop(0) if self.taps else self.action)
        observation, reward, terminated, truncated, _ = self.env.step(self.actions[-1])
        self.observations.append(observation)
        self.rewards.append(reward)
        self.end = "terminated" if terminated else "truncated" if truncated else ""
        self.score = f"return {sum(self.rewards):.0f} (the expert's: {self.expert:.0f})"
        self._say(f"step {len(self.actions)}, {self.score}")

    def replay(self) -> None:
        """Show the last episode again."""
        for frame in self.frames:
            if not self.should_stop:
                self.screen.value, self.screen.picture = frame
                time.sleep(1 / self.screen.speed)

    def discard(self) -> None:
        """Delete the file of the last episode."""
        self._say(f"{self.path.name} is deleted." if self.path else "Nothing to discard.")
        if self.path:
            self.path.unlink(missing_ok=True)
        self.path = None
        self.panel.renew()

    def _reset(self):
        (observation, _), self.seed = self.env.reset(seed=self.seed), None  # then another start
        self.observations, self.actions, self.rewards, self.end = [observation], [], [], ""
        self.frames, self.taps, self.path, self.score = [], [], None, "return 0"

    def _save(self):
        columns = np.array(self.observations), self.actions, np.array(self.rewards, np.float64)
        tensors = dict(zip(Episode._fields, map(torch.tensor, columns), strict=False))
        ends = {name: self.end == name for name in Episode._fields[3:]}
        if not self.path:  # not before: another notebook may play, too
            taken = [int(path.stem.split("_")[1]) for path in self.folder.glob(FILES)]
            self.path = self.folder / f"episode_{max(taken, default=-1) + 1:04}.safetensors"
        storage.save_tensors(self.path, tensors, {"environment": self.env.spec.id} | ends)

    def _say(self, sentence):
        self.frames.append((sentence, PIL.Image.fromarray(self.env.render())._repr_jpeg_()))
        self.screen.value, self.screen.picture = self.frames[-1]


@checked
def recorded(env_id: str, folder: Path = FOLDER) -> list[Episode]:
    """All episodes played to their end; how many others there are is told. ValueError: damage."""
    need(env_id in GAMES, f"nobody plays {env_id}; episodes are of {', '.join(GAMES)}.")
    episodes = []
    for path in sorted((Path(folder) / env_id).glob(FILES)):
        tensors, facts = storage.load_tensors(path)
        with storage.reading(path):  # an error means that the file is damaged, or foreign
            seen, action, reward = (tensors[name].numpy() for name in Episode._fields[:3])
            check_finite(path, tensors)
            need(len(seen) - 1 == len(action) == len(reward), "steps are missing")
            end = {facts["environment"]: facts["terminated"]}[env_id]
        episodes.append(Episode(seen, action, reward, end, facts.get("truncated", False)))
    whole = [episode for episode in episodes if episode.terminated or episode.truncated]
    if stubs := len(episodes) - len(whole):
        print(f"left out, as they were not over: {stubs} of {len(episodes)} episodes")
    return whole
