"""Play it yourself: an environment driven by keyboard or buttons, every episode recorded in a file of its own."""

import html
import io
import threading
import time
from pathlib import Path

import anywidget
import gymnasium as gym
import ipywidgets
import numpy as np
import torch
import traitlets
from IPython.display import display
from PIL import Image

from course_utils import storage
from course_utils.demonstrations import Episode

FOLDER = storage.RUNS / "played"
# For each environment: what each key does, and what happens without a key (None: the last action goes on).
KEYS = {
    "CartPole-v1": ({"ArrowLeft": 0, "ArrowRight": 1}, None),
    "LunarLander-v3": ({"ArrowLeft": 1, "ArrowUp": 2, "ArrowRight": 3}, 0),
    "MountainCar-v0": ({"ArrowLeft": 0, "ArrowRight": 2}, 1),
}


class Screen(anywidget.AnyWidget):
    """A picture (a JPEG file) that listens to the keyboard after it was clicked. `key`: the one that is down."""

    picture = traitlets.Bytes(b"").tag(sync=True)
    sentence = traitlets.Unicode("").tag(sync=True)
    key = traitlets.Unicode("").tag(sync=True)
    _esm = """
    function render({ model, el }) {
      const image = document.createElement("img");
      image.tabIndex = 0;
      image.className = "course-screen";
      image.style.maxWidth = "100%";
      const draw = () => {
        const old = image.src;
        image.src = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/jpeg" }));
        URL.revokeObjectURL(old);
      };
      const tell = () => { image.alt = model.get("sentence"); };
      const press = (key) => { model.set("key", key); model.save_changes(); };
      image.addEventListener("click", () => image.focus());
      image.addEventListener("keydown", (event) => {
        if (!event.key.startsWith("Arrow")) return;
        event.preventDefault();
        event.stopPropagation();
        if (!event.repeat) press(event.key);
      });
      image.addEventListener("keyup", (event) => { if (event.key === model.get("key")) press(""); });
      image.addEventListener("blur", () => press(""));
      model.on("change:picture", draw);
      model.on("change:sentence", tell);
      draw();
      tell();
      el.appendChild(image);
    }
    export default { render };
    """


class Player:
    """An environment to play: arrow keys after a click on the picture, or buttons; a slider sets the speed.

    Each episode goes to a file of its own, from its first second on, so that nothing is lost when the kernel dies;
    `recorded` reads them. Nothing moves before Start is pressed. A new player stops the one before: after a cell is run
    again nobody flies on unseen.
    Raises ValueError for an environment without keys.
    """

    latest = None

    def __init__(self, env_id: str, seed: int = 0, folder: Path = FOLDER):
        if env_id not in KEYS:
            raise ValueError(f"there are no keys for {env_id}; you can play {', '.join(KEYS)}.")
        if Player.latest:
            Player.latest.stop()
        Player.latest = self
        self.keys, self.idle = KEYS[env_id]
        self.env, self.folder = gym.make(env_id, render_mode="rgb_array"), Path(folder) / env_id
        self.screen, self.told = Screen(), ipywidgets.HTML()
        self.screen.observe(lambda change: self.press(change["new"]), names="key")
        self.speed = ipywidgets.IntSlider(20, 2, 50, description="steps a second", style={"description_width": "8em"})
        words = {key.removeprefix("Arrow").lower(): key for key in self.keys}
        words |= {"nothing": ""} if self.idle is not None else {}
        style = {"button_width": "6em"}
        self.hand = ipywidgets.ToggleButtons(options=words, value=list(words.values())[-1], style=style)
        self.hand.observe(lambda change: self.press(change["new"]), names="value")
        self.buttons = {"Start": ipywidgets.Button(description="Start"), "Stop": ipywidgets.Button(description="Stop")}
        self.buttons["Start"].on_click(lambda _: self.start())
        self.buttons["Stop"].on_click(lambda _: self.stop())
        self.thread, self._stop = None, threading.Event()
        self.action = self.keys[next(iter(self.keys))] if self.idle is None else self.idle
        self.seed = seed
        self._reset()
        self._tell("Press Start, click on the picture, then use the arrow keys.")

    def show(self) -> None:
        """Display picture, buttons and slider."""
        rows = ipywidgets.HBox([*self.buttons.values(), self.speed]), self.hand, self.screen, self.told
        display(ipywidgets.VBox(rows))

    def press(self, key: str) -> None:
        """A key goes down; "" when it is let go."""
        if key in self.keys:
            self.action = self.keys[key]
        elif self.idle is not None:
            self.action = self.idle

    def start(self) -> None:
        """Play until the episode ends or Stop is pressed, in a thread: a busy cell would not hear the keys."""
        if not (self.thread and self.thread.is_alive()):
            self._stop.clear()
            self.thread = threading.Thread(target=self._play_and_tell, daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """End the episode here; what was played is kept."""
        self._stop.set()

    def _play_and_tell(self):
        try:
            self.play()
        except Exception as error:  # a thread has nobody above it to show the error
            self._tell(f"Stopped by {type(error).__name__}: {error} Press Start to begin again.")

    def play(self, steps: int | None = None) -> None:
        """One new episode, of at most so many steps; return when it is saved."""
        self._reset()
        while not self._stop.is_set() and (steps is None or len(self.rows) < steps) and not self.over:
            began = time.monotonic()
            self.step()
            if len(self.rows) % self.speed.value == 0:
                self._save()
            time.sleep(max(0.0, 1 / self.speed.value - (time.monotonic() - began)))
        self._save()
        end = "terminated" if self.terminated else "truncated" if self.over else "stopped"
        total = f"return {self._total():.0f}"
        self._tell(f"{end} after {len(self.rows)} steps, {total}; saved as {self.path.name}. Start: again.")

    def step(self) -> None:
        """One step with the action of the key that is down."""
        action = self.action
        observation, reward, self.terminated, truncated, _ = self.env.step(action)
        self.seen.append(observation)
        self.rows.append((action, reward))
        self.over = self.terminated or truncated
        self._tell(f"step {len(self.rows)}, return {self._total():.0f}")

    def _total(self):
        return sum(reward for _, reward in self.rows)

    def _reset(self):
        observation, _ = self.env.reset(seed=self.seed)
        self.seen, self.rows, self.over, self.terminated, self.seed = [observation], [], False, False, None
        self.folder.mkdir(parents=True, exist_ok=True)
        taken = [int(path.stem[len("episode_") :]) for path in self.folder.glob("episode_*.safetensors")]
        self.path = self.folder / f"episode_{max(taken, default=-1) + 1:04}.safetensors"

    def _save(self):
        if self.rows:
            action, reward = map(np.array, zip(*self.rows, strict=True))
            tensors = {"observation": np.array(self.seen), "action": action, "reward": reward.astype(np.float64)}
            facts = {"environment": self.env.spec.id, "terminated": bool(self.terminated)}
            storage.save_tensors(self.path, {name: torch.tensor(array) for name, array in tensors.items()}, facts)

    def _tell(self, words):
        buffer = io.BytesIO()
        Image.fromarray(self.env.render()).save(buffer, "jpeg", quality=80)
        self.screen.sentence, self.screen.picture = words, buffer.getvalue()
        self.told.value = html.escape(words)


def recorded(env_id: str, folder: Path = FOLDER) -> list[Episode]:
    """All episodes played so far. One that was not played to its end counts as truncated where it stops.

    Raises ValueError for a damaged file, with its name.
    """
    episodes = []
    for path in sorted((Path(folder) / env_id).glob("episode_*.safetensors")):
        tensors, facts = storage.load_tensors(path)
        columns = (tensors[name].numpy() for name in ("observation", "action", "reward"))
        episodes.append(Episode(*columns, facts["terminated"], not facts["terminated"]))
    return episodes
