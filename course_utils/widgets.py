"""Things to move: a training with sliders while it runs, and pictures that answer at once."""

import html
import inspect
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from itertools import islice
from math import log10
from numbers import Real

import ipywidgets
import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display
from matplotlib.figure import Figure

from course_utils.plotting import to_png
from course_utils.settings import check_number, checked

SECONDS_BETWEEN_PICTURES = 0.25
WIDE = {"style": {"description_width": "11em"}, "layout": {"width": "32em"}}  # room for a name
# JupyterLab hides the still of live controls, and of dead ones what is left above their still.
# Where styles have no say it is always seen; in other programs that run widgets never.
STILL = """<style>
.course-still { display: none }
.jp-OutputArea-child:not(:has(.widget-box)) + * .course-still { display: block }
.jp-OutputArea-child:not(:has(.widget-box)):has(+ * .course-still) { display: none }
</style><div class="course-still">%s<p><em>Run this cell again to wake the controls.</em></p></div>
"""


def still(widget: ipywidgets.Widget) -> str:
    """What a widget shows, as HTML that needs no kernel: pictures, sentences, settings, choices."""
    value, lines = getattr(widget, "value", ""), [*map(still, getattr(widget, "children", ()))]
    image = isinstance(widget, ipywidgets.Image)
    if picture := bytes(value if image else getattr(widget, "picture", b"")):
        kind = "jpeg" if picture.startswith(b"\xff") else "png"
        lines.append(f'<img alt="" src="data:image/{kind};base64,{b64encode(picture).decode()}">')
    if isinstance(widget, ipywidgets.RadioButtons):
        lines = [("● " if one == value else "○ ") + html.escape(str(one)) for one in widget.options]
    elif isinstance(widget, ipywidgets.HTML):
        lines.append(value)
    elif isinstance(value, Real):
        lines.append(f"{widget.description}: {value:.6g}")
    elif picture and not image:
        lines.append(html.escape(value))
    return "".join(f"<div>{line}</div>" for line in lines if line)


class Panel(ipywidgets.VBox):
    """Widgets that leave a still of themselves: it is seen when their kernel has ended.

    A cell that runs again closes the panels of its run before, and so lets go of what they hold.
    """

    _shown, _still = {}, None  # panel → its cell, and which run of it

    def _ipython_display_(self):
        asked = {"metadata": {}, "content": {}, "header": {}}
        asked |= getattr(get_ipython(), "parent_header", None) or {}
        cell = asked["metadata"].get("cellId") or asked["content"].get("code")
        now = self._shown[self] = cell, asked["header"].get("msg_id")
        for panel, then in list(self._shown.items()):
            if cell and then[0] == cell and then != now:
                panel.close()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)
        self._still = display(HTML(STILL % still(self)), display_id=True)

    def renew(self, _=None) -> None:
        """Make the still again, after what is shown has changed."""
        if self._still:
            self._still.update(HTML(STILL % still(self)))

    def close(self) -> None:
        """Close all that it is made of, too."""
        self._shown.pop(self, None)
        parts, self._still = [self], None
        for part in parts:  # a list that grows on the way
            for made_of in (getattr(part, name) for name in part.keys):
                several = made_of if isinstance(made_of, tuple) else (made_of,)
                parts += [one for one in several if isinstance(one, ipywidgets.Widget)]
        self.children = ()  # IPython may remember the panel itself, as the value of a cell
        for part in parts[1:]:
            part.close()
        super().close()


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


def setting_slider(config, name: str):
    """A slider for one field of a configuration, or a box to tick; it sets the field when moved.

    Raises ValueError for a name that the configuration does not have.
    """
    fields = getattr(config, "__dataclass_fields__", {})
    described = [field for field in fields if fields[field].metadata]
    if name not in described:
        lack = f"{type(config).__name__} has no setting '{name}'. It has"
        raise ValueError(f"{lack}: {', '.join(described) or 'none, being no configuration'}.")
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
