"""Things to move: a training with sliders while it runs, and pictures that answer at once."""

import html
import inspect
import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from course_utils.checks import check_number, checked
from course_utils.controls import WIDE, Panel, make_buttons, setting_slider
from course_utils.plotting import to_png

SECONDS_BETWEEN_PICTURES = 0.25


def make_picture() -> tuple[ipywidgets.Image, ipywidgets.HTML, Callable]:
    """An image, its sentence, and a function that makes both: draw, what it is told → None."""
    figure, sentence = Figure(figsize=(7.2, 3.2)), ipywidgets.HTML()
    image = ipywidgets.Image(layout={"max_width": "100%"})

    def redraw(draw, *told, **named):
        figure.clear()
        try:
            inspect.signature(draw).bind(figure, *told, **named)
        except TypeError as problem:
            raise TypeError(f"draw gets a figure, then what it shows: {problem}.") from None
        if not isinstance(said := draw(figure, *told, **named), str):
            raise TypeError(f"draw must return one sentence about its picture, not {said!r}.")
        sentence.value, image.value = html.escape(said), to_png(figure)

    return image, sentence, redraw


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

    @checked
    def __init__(self, train: Callable, config, draw: Callable, settings: list[str], preview=5):
        super().__init__(self._show_problem)
        self.train, self.config, self.draw = train, config, draw
        self.preview = check_number("preview", preview, int, 0)
        self.image, self.sentence, self._draw = make_picture()
        self.status = ipywidgets.HTML()
        self.sliders = {name: setting_slider(config, name) for name in settings}
        actions = {"Start": self.start, "Pause": self.pause, "Step": self.step, "Reset": self.reset}
        self.buttons = make_buttons(actions)
        row = ipywidgets.HBox([*self.buttons.values(), self.status])
        self.panel = Panel([row, *self.sliders.values(), self.image, self.sentence])
        self.run(preview, fresh=True)

    def show(self) -> None:
        """Display buttons, sliders, picture and sentence."""
        display(self.panel)

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
            if not isinstance(made := self.train(self.config), Iterable):
                raise TypeError(f"train must yield records, one by one; it returned {made!r}.")
            self.records, self._training, self.problem = [], iter(made), ""
        self.status.value = "training …"
        before, drawn = len(self.records), time.monotonic()
        for record in islice(self._training, limit):
            self.records.append(record)
            if time.monotonic() - drawn > SECONDS_BETWEEN_PICTURES:
                self._redraw()
                drawn = time.monotonic()
            if self.should_stop:
                break
        if fresh and limit and not self.records:
            raise ValueError("train has ended without a record: it must yield one or more.")
        self._redraw()
        state = f"paused after {len(self.records)} records"
        if len(self.records) == before or (limit is None and not self.should_stop):
            state = "finished; Reset begins again"
        self.status.value = self.problem or state  # an error has ended the training, too
        self.panel.renew()

    def _redraw(self):
        if self.records:
            self._draw(self.draw, self.records)

    def _show_problem(self, sentence):
        self.status.value = self.problem = html.escape(f"{sentence} Press Reset to begin again.")
        self.panel.renew()


def explore(draw: Callable, **bounds: tuple[int, int, int]) -> Panel:
    """Sliders above a picture that answers at once; display the result.

    draw: (cleared figure, one number for each slider) → one sentence.
    bounds: for each slider its lowest value, its highest, and where it starts.
    """
    image, sentence, redraw = make_picture()
    sliders = {}

    def answer(_=None):
        redraw(draw, **{name: slider.value for name, slider in sliders.items()})
        panel.renew()

    for name, numbers in bounds.items():
        # An IntSlider would cut fractions off, and move what lies outside, without a word.
        three = np.asarray(numbers)
        whole = three.shape == (3,) and three.dtype.kind in "iuf" and not (three % 1).any()
        if not (whole and three[0] <= three[2] <= three[1]):
            told = "must be whole numbers: the lowest, the highest, and one between to start with"
            raise ValueError(f"{name} = {numbers}: {told}.")
        (low, high, start), label = map(int, numbers), name.replace("_", " ")
        sliders[name] = ipywidgets.IntSlider(start, low, high, description=label, **WIDE)
        sliders[name].observe(answer, names="value")
    panel = Panel([*sliders.values(), image, sentence])
    answer()
    return panel
