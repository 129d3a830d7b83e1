"""Things to move: training in the background while sliders change it, and an environment played by hand."""

import dataclasses
import html
import io
import threading
import time
from collections.abc import Callable
from itertools import islice
from math import log10

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from course_utils.plotting import to_png

SECONDS_BETWEEN_PICTURES = 0.25
WIDE = {"style": {"description_width": "11em"}, "layout": {"width": "32em"}}  # sliders with room for their name


def setting_slider(config, name: str):
    """A slider for one field of a configuration; moving it sets the field, within the field's own bounds.

    Raises ValueError for a name that the configuration does not have.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}
    if name not in fields:
        raise ValueError(f"{type(config).__name__} has no setting '{name}'. It has: {', '.join(fields)}.")
    field = fields[name]
    label = " ".join(filter(None, [field.metadata["symbol"], name.replace("_", " ")]))
    options = WIDE | {"value": getattr(config, name), "description": label}
    options |= {"tooltip": field.metadata["help"], "continuous_update": True}
    low, high = field.metadata["low"], field.metadata["high"]
    if field.metadata["log"]:
        slider = ipywidgets.FloatLogSlider(min=log10(low), max=log10(high), step=0.05, readout_format=".3g", **options)
    elif isinstance(field.default, int):
        slider = ipywidgets.IntSlider(min=low, max=high, **options)
    else:
        slider = ipywidgets.FloatSlider(min=low, max=high, step=(high - low) / 100, readout_format=".2f", **options)

    def moved(change):
        value = min(max(change["new"], low), high)  # 10 ** log10(high) may lie just above high
        setattr(config, name, type(field.default)(value))

    slider.observe(moved, names="value")
    return slider


class LiveTraining:
    """Training with Start, Pause, Step, Reset, a slider for each named setting, and a picture that follows.

    train: config → iterator of records; it reads the config as it goes, so a slider works at once.
    draw: (figure, records so far) → one sentence; it is called with a cleared figure.
    The first `preview` records are made at once, without any thread: the picture is there before a button is pressed,
    and also where nobody can press one. Training itself runs in a thread, as a busy cell would not hear the sliders.
    A new one pauses the one before: after a cell is run again, nothing goes on unseen.
    """

    latest = None

    def __init__(self, train: Callable, config, draw: Callable, settings: list[str], preview: int = 5):
        if LiveTraining.latest:
            LiveTraining.latest.pause()
        LiveTraining.latest = self
        self.train, self.config, self.draw, self.preview = train, config, draw, preview
        self.figure = Figure(figsize=(7.2, 3.2))
        self.image = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self.sentence, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.sliders = {name: setting_slider(config, name) for name in settings}
        self.buttons = {}
        for name, action in (("Start", self.start), ("Pause", self.pause), ("Step", self.step), ("Reset", self.reset)):
            self.buttons[name] = ipywidgets.Button(description=name)
            self.buttons[name].on_click(lambda _, action=action: action())
        self.thread, self._stop, self._launching = None, threading.Event(), threading.Lock()
        self.run(preview, fresh=True)

    def show(self) -> None:
        """Display buttons, sliders, picture and sentence."""
        row = ipywidgets.HBox([*self.buttons.values(), self.status])
        display(ipywidgets.VBox([row, *self.sliders.values(), self.image, self.sentence]))

    def start(self) -> None:
        """Go on until Pause or the end."""
        self._launch(None)

    def pause(self) -> None:
        """Stop after the record that is being made."""
        self._stop.set()

    def step(self) -> None:
        """Make one record."""
        self._launch(1)

    def reset(self) -> None:
        """Forget what was learned and begin again with the settings as they are now."""
        self._launch(self.preview, fresh=True)

    def _launch(self, limit, fresh=False):
        with self._launching:  # two impatient clicks must not start two threads
            self.pause()
            if self.thread:
                self.thread.join()
            self._stop.clear()
            self.thread = threading.Thread(target=self._run_and_tell, args=(limit, fresh), daemon=True)
            self.thread.start()

    def _run_and_tell(self, limit, fresh):
        try:
            self.run(limit, fresh)
        except Exception as error:  # a thread has nobody above it to show the error
            self.problem = f"Stopped by {type(error).__name__}: {error} Press Reset to begin again."
            self._tell(self.problem)

    def run(self, limit: int | None = None, fresh: bool = False) -> None:
        """Make up to `limit` more records, drawing now and then; return when made, at Pause, or at the end."""
        if fresh:
            self.records, self._training, self.problem = [], iter(self.train(self.config)), ""
        self._tell("training …")
        made, drawn = 0, time.monotonic()
        for record in islice(self._training, limit):
            self.records.append(record)
            made += 1
            if time.monotonic() - drawn > SECONDS_BETWEEN_PICTURES:
                self._redraw()
                drawn = time.monotonic()
            if self._stop.is_set():
                break
        self._redraw()
        finished = not made or (limit is None and not self._stop.is_set())
        state = "finished; Reset begins again" if finished else f"paused after {len(self.records)} records"
        self._tell(self.problem or state)

    def _redraw(self):
        if self.records:
            self.figure.clear()
            self.sentence.value = html.escape(self.draw(self.figure, self.records))
            self.image.value = to_png(self.figure)

    def _tell(self, words):
        self.status.value = html.escape(words)


def explore(draw: Callable, **bounds: tuple[int, int, int]) -> ipywidgets.VBox:
    """Sliders above a picture that answers at once; display the result.

    draw: (figure, one number for each slider) → one sentence; it is called with a cleared figure.
    bounds: for each slider its lowest value, its highest, and where it starts.
    """
    figure, image, sentence = Figure(figsize=(7.2, 3.2)), ipywidgets.Image(format="png"), ipywidgets.HTML()
    sliders = {
        name: ipywidgets.IntSlider(start, low, high, description=name.replace("_", " "), **WIDE)
        for name, (low, high, start) in bounds.items()
    }

    def redraw(_=None):
        figure.clear()
        sentence.value = html.escape(draw(figure, **{name: slider.value for name, slider in sliders.items()}))
        image.value = to_png(figure)

    for slider in sliders.values():
        slider.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*sliders.values(), image, sentence])


class PlayByHand:
    """An environment moved by buttons, one for each action; every step is told in the course's words.

    env: made with render_mode="rgb_array". actions: one word for each action number.
    `trace` holds the steps so far as tuples (s, a, r, s′, terminated, truncated).
    """

    def __init__(self, env, actions: list[str], seed: int = 0):
        self.env, self.actions = env, actions
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "16em"})
        self.told = ipywidgets.HTML()
        self.buttons = [ipywidgets.Button(description=word) for word in [*actions, "Reset"]]
        for number, button in enumerate(self.buttons[:-1]):
            button.on_click(lambda _, action=number: self.step(action))
        self.buttons[-1].on_click(lambda _: self.reset())
        self.reset(seed)

    def show(self) -> None:
        """Display picture, buttons and the words."""
        display(ipywidgets.VBox([ipywidgets.HBox(self.buttons), self.picture, self.told]))

    def reset(self, seed: int | None = None) -> None:
        """Begin a new episode."""
        self.state, _ = self.env.reset(seed=seed)
        self.trace = []
        self._tell(f"s = {self.state}. Choose an action.")

    def step(self, action: int) -> None:
        """Take one action; after the end of an episode it only says that a reset is due."""
        if self.trace and any(self.trace[-1][-2:]):
            self._tell("This episode is over: press Reset.")
            return
        next_state, reward, terminated, truncated, _ = self.env.step(action)
        self.trace.append((self.state, action, reward, next_state, terminated, truncated))
        self._tell(
            f"step {len(self.trace)}: s = {self.state}, a = {action} ({self.actions[action]}) → r = {reward}, "
            f"s′ = {next_state}, terminated = {terminated}, truncated = {truncated}"
        )
        self.state = next_state

    def _tell(self, words):
        buffer = io.BytesIO()
        Image.fromarray(self.env.render()).save(buffer, "png")
        self.picture.value = buffer.getvalue()
        self.told.value = html.escape(words)
