"""Things to move: a training with sliders while it runs, and pictures that answer at once."""

import html
import threading
import time
from collections.abc import Callable
from itertools import islice
from math import log10

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

from course_utils.plotting import to_png

SECONDS_BETWEEN_PICTURES = 0.25
WIDE = {"style": {"description_width": "11em"}, "layout": {"width": "32em"}}  # room for a name


def setting_slider(config, name: str):
    """A slider for one field of a configuration, or a box to tick; it sets the field when moved.

    Raises ValueError for a name that the configuration does not have.
    """
    fields = getattr(config, "__dataclass_fields__", {})
    described = [field for field in fields if fields[field].metadata]
    if name not in described:
        lack = f"{type(config).__name__} has no setting '{name}'"
        raise ValueError(
            f"{lack}. It has: {', '.join(described) or 'none, being no configuration'}."
        )
    kind, about = type(fields[name].default), fields[name].metadata
    low, high = about.get("low", False), about.get("high", True)  # a switch is between these two
    label = f"{about['symbol']} {name.replace('_', ' ')}".strip()
    look = {"description": label, "tooltip": about["help"], "value": getattr(config, name)} | WIDE
    if kind is bool:
        slider = ipywidgets.Checkbox(**look)
    elif about["log"]:
        slider = ipywidgets.FloatLogSlider(min=log10(low), max=log10(high), step=0.05, **look)
    elif kind is int:
        slider = ipywidgets.IntSlider(min=low, max=high, **look)
    else:
        slider = ipywidgets.FloatSlider(min=low, max=high, step=(high - low) / 100, **look)

    def moved(change):
        value = min(max(change["new"], low), high)  # 10 ** log10(high) may lie just above high
        setattr(config, name, kind(value))

    slider.observe(moved, names="value")
    return slider


def make_buttons(actions: dict[str, Callable[[], None]]) -> dict[str, ipywidgets.Button]:
    """For each word a button that calls its action when pressed."""
    buttons = {word: ipywidgets.Button(description=word) for word in actions}
    for word, button in buttons.items():
        button.on_click(lambda _, word=word: actions[word]())
    return buttons


class Background:
    """One job at a time in a thread, as a busy cell would hear neither sliders nor keys.

    A job is a function that returns soon after `should_stop` has become True; what it raises goes
    to `tell` as a sentence. A new object stops the one of its class that was made before it: after
    a cell is run again, nothing goes on unseen.
    """

    _newest = {}

    def __init__(self, tell: Callable[[str], None]):
        if before := self._newest.get(type(self)):
            before.stop()
        self._newest[type(self)] = self
        self.tell, self.thread, self.running, self.should_stop = tell, None, False, False
        self._starting = threading.Lock()

    def start(self, job: Callable[[], None]) -> None:
        """Stop the job before, wait for its end, and begin this one."""
        with self._starting:  # two impatient clicks must not start two threads
            self.stop()
            if self.thread:
                self.thread.join()
            self.running, self.should_stop = True, False
            self.thread = threading.Thread(target=self._work, args=(job,), daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """Ask the job to end, without waiting for it."""
        self.should_stop = True

    def _work(self, job):
        try:
            job()
        except Exception as error:  # a thread has nobody above it to show the error
            self.tell(f"Stopped by {type(error).__name__}: {error}")
        finally:
            self.running = False


class LiveTraining(Background):
    """Training with Start, Pause, Step, Reset, a slider a named setting, a picture that follows.

    train: config → iterator of records; it reads the config as it goes, so a slider works at once.
    draw: (cleared figure, records so far) → one sentence.
    The first `preview` records are made at once, without a thread: the picture is there before a
    button is pressed, and also where nobody can press one.
    """

    pause = Background.stop  # after the record that is being made

    def __init__(self, train: Callable, config, draw: Callable, settings: list[str], preview=5):
        super().__init__(self._show_problem)
        self.train, self.config, self.draw, self.preview = train, config, draw, preview
        self.figure = Figure(figsize=(7.2, 3.2))
        self.image = ipywidgets.Image(layout={"max_width": "100%"})
        self.sentence, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.sliders = {name: setting_slider(config, name) for name in settings}
        actions = {"Start": self.start, "Pause": self.pause, "Step": self.step, "Reset": self.reset}
        self.buttons = make_buttons(actions)
        self.run(preview, fresh=True)

    def show(self) -> None:
        """Display buttons, sliders, picture and sentence."""
        row = ipywidgets.HBox([*self.buttons.values(), self.status])
        display(ipywidgets.VBox([row, *self.sliders.values(), self.image, self.sentence]))

    def start(self, job: Callable[[], None] | None = None) -> None:
        """Go on until Pause or the end."""
        super().start(job or self.run)

    def step(self) -> None:
        """Make one record."""
        self.start(lambda: self.run(1))

    def reset(self) -> None:
        """Forget what was learned and begin again with the settings as they are now."""
        self.start(lambda: self.run(self.preview, fresh=True))

    def run(self, limit: int | None = None, fresh: bool = False) -> None:
        """Make up to `limit` more records, drawing now and then; return when made, or at Pause."""
        if fresh:
            self.records, self._training, self.problem = [], iter(self.train(self.config)), ""
        self.status.value = "training …"
        before, drawn = len(self.records), time.monotonic()
        for record in islice(self._training, limit):
            self.records.append(record)
            if time.monotonic() - drawn > SECONDS_BETWEEN_PICTURES:
                self._redraw()
                drawn = time.monotonic()
            if self.should_stop:
                break
        self._redraw()
        state = f"paused after {len(self.records)} records"
        if len(self.records) == before or (limit is None and not self.should_stop):
            state = "finished; Reset begins again"
        self.status.value = self.problem or state  # an error has ended the training, too

    def _redraw(self):
        if self.records:
            self.figure.clear()
            self.sentence.value = html.escape(self.draw(self.figure, self.records))
            self.image.value = to_png(self.figure)

    def _show_problem(self, sentence):
        self.status.value = self.problem = html.escape(f"{sentence} Press Reset to begin again.")


def explore(draw: Callable, **bounds: tuple[int, int, int]) -> ipywidgets.VBox:
    """Sliders above a picture that answers at once; display the result.

    draw: (cleared figure, one number for each slider) → one sentence.
    bounds: for each slider its lowest value, its highest, and where it starts.
    """
    figure, image, sentence = Figure(figsize=(7.2, 3.2)), ipywidgets.Image(), ipywidgets.HTML()
    sliders = {}

    def redraw(_=None):
        figure.clear()
        numbers = {name: slider.value for name, slider in sliders.items()}
        sentence.value = html.escape(draw(figure, **numbers))
        image.value = to_png(figure)

    for name, (low, high, start) in bounds.items():
        label = name.replace("_", " ")
        sliders[name] = ipywidgets.IntSlider(start, low, high, description=label, **WIDE)
        sliders[name].observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*sliders.values(), image, sentence])
