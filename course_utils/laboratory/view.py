"""The front end of the laboratory, and what it takes: settings, curves, numbers in few digits."""

from dataclasses import fields, is_dataclass
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import anywidget
import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from course_utils import evaluation, plotting
from course_utils.checks import check_array, need
from course_utils.language import script, tell

HERE = Path(__file__).parent
SCRIPTS = ["controls", "plots", "sketch", "worlds", "view"]  # one module, in this order


def front_end(*worlds: str) -> str:
    """The script of a view, with the looks that these worlds of the kit bring."""
    own = [path for world in worlds if (path := HERE.parent / "worlds" / f"{world}.js").exists()]
    first, last = [HERE / f"{name}.js" for name in SCRIPTS[:-1]], HERE / f"{SCRIPTS[-1]}.js"
    # As text: of a path anywidget would watch the file, and keep each view for ever.
    return script("\n".join(path.read_text("utf-8") for path in (*first, *own, last)))


class View(anywidget.AnyWidget):
    """The front end. about: what stays; stored: what is shown where no kernel answers."""

    about, stored = traitlets.Dict().tag(sync=True), traitlets.Dict().tag(sync=True)
    _esm = traitlets.Unicode().tag(sync=True)
    _css = (HERE / "view.css").read_text("utf-8")
    picture, value = b"", ""  # the still, and its sentence

    def __init__(self, about: dict):
        super().__init__(about=about, _esm=front_end(about.get("world", "")))

    def keep(self, stored: dict, sentence: str) -> None:
        """Show this where no kernel answers: as a view, and as a picture with its sentence."""
        self.stored, self.value = stored, sentence
        look, aside = self.about | stored.get("look", {}), self.about.get("aside", ())
        seen = {label: line for label, line in stored["kept"].items() if label not in aside}
        self.picture = plotting.to_png(still(look, seen))


def still(look: dict, kept: dict) -> Figure:
    """What the view would plot: curves as of `points`, or bars; look: as of `Look`."""
    plots = [(look, kept)]
    if below := look.get("below"):
        plots.append((below["look"], below["kept"]))
    figure = Figure(figsize=(7.2, 3.2 + 2 * (len(plots) - 1)))
    grid = figure.subplots(len(plots), squeeze=False).flat
    for axes, (look, kept) in zip(grid, plots, strict=True):
        bars = look.get("bars", {})
        wide = 0.8 / max(len(bars), 1)  # bars stand side by side around their tick
        for k, (label, values) in enumerate(bars.items()):
            places = np.arange(len(values)) + wide * (k - (len(bars) - 1) / 2)
            axes.bar(places, values, wide, label=label, color=plotting.COLORS[k], hatch="/" * k)
        for (label, curve), (color, marker) in zip(kept.items(), plotting.LOOKS, strict=False):
            of = {"color": color, "marker": marker, "markersize": 4, "label": label}
            every = len(curve["x"]) // 8 + 1
            of |= {"linestyle": ""} if curve.get("dots") else {"markevery": every}
            axes.plot(curve["x"], curve["mid"], **of)
            for run in curve["runs"]:
                axes.plot(curve["x"], run, color=color, alpha=0.2, linewidth=0.7)
            if "low" in curve:
                axes.fill_between(curve["x"], curve["low"], curve["high"], color=color, alpha=0.2)
        for k, (label, curve) in enumerate(look.get("shipped", {}).items()):
            color, ends = plotting.COLORS[k], (curve["low"], curve["high"])
            axes.fill_between(curve["x"], *ends, color=color, alpha=0.12, label=label)
        for (label, level), dashes in zip(look["levels"].items(), cycle(["--", ":", "-."])):
            axes.axhline(level, color=plotting.GREY, linestyle=dashes, linewidth=1, label=label)
        for mark in look.get("marks", ()):
            axes.axvline(mark["x"], color=plotting.GREY, linewidth=1, label=mark["text"])
        if look.get("ticks"):
            axes.set_xticks(range(len(look["ticks"])), look["ticks"])
        elif look.get("train"):
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set(**{name: look.get(name) for name in ("xlabel", "ylabel", "xlim", "ylim")})
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def describe(config, name: str) -> dict:
    """What the control of one setting needs to know, in the setting's own words.

    Raises ValueError for a name that the configuration does not have.
    """
    told = {f.name: f for f in fields(config) if f.metadata} if is_dataclass(config) else {}
    lack = f"{type(config).__name__} has no setting '{name}'. It has"
    need(name in told, f"{lack}: {', '.join(told) or 'none, being no configuration'}.")
    plain, about, words = told[name].default, told[name].metadata, name.replace("_", " ")
    symbol = about["symbol"] * (about["symbol"] != words[:1])  # not "n steps n"
    control = {"name": name, "label": f"{tell(words)} {symbol}".strip(), "help": about["help"]}
    control |= {"short": about["symbol"] or tell(words), "waits": about["once"]}
    if isinstance(plain, bool | str):
        kind = "switch" if isinstance(plain, bool) else "menu"
        return control | {"kind": kind, "options": about["names"]}
    scale = "near one" if name == "discount" else "log" if about["log"] else "linear"
    control |= {"low": about["low"], "high": about["high"], "unit": about["unit"], "scale": scale}
    return control | {"kind": "number", "whole": isinstance(plain, int)}


class Drawn(NamedTuple):
    """A choice that is a curve drawn by hand: K numbers, or None as long as nothing is drawn.

    x: [K] numbers that rise, or K names. low, high: its bounds. start: [K], what "Clear" leaves;
    kept: [K], what it begins with instead. Raises ValueError for what does not fit together.
    """

    x: list
    low: float
    high: float
    start: list | None = None
    xlabel: str = ""
    ylabel: str = ""
    kept: list | None = None

    def ticks(self) -> list[str]:
        """What stands at the places 0, 1, … if x are names; else []."""
        x = np.asarray(self.x)
        return x.ravel().tolist() if x.dtype.kind == "U" else []

    def places(self) -> list:
        """Where the K points lie: at x, or at 0, 1, … if x are names."""
        places = check_array("x", range(len(self.ticks())) if self.ticks() else self.x)
        rises = places.ndim == 1 and len(places) > 1 and (np.diff(places) > 0).all()
        need(rises, f"x = {self.x!r:.60}: must be two numbers or more that rise, or names.")
        return places.tolist()

    def take(self, name: str, curve) -> list | None:
        """The curve as a list, if it can be drawn here."""
        if curve is None:
            return None
        curve, count = check_array(name, curve), len(self.places())
        need(curve.shape == (count,), f"{name}: must be {count} numbers, one for each x.")
        inside = self.low <= curve.min() and curve.max() <= self.high
        need(inside, f"{name}: must lie between {self.low} and {self.high}.")
        return curve.tolist()

    def control(self, name: str) -> dict:
        """What its control needs to know, as of `describe`."""
        low, high = check_array(f"bounds of {name}", [self.low, self.high]).tolist()
        need(low < high, f"{name}: its lowest value {low} must lie below the highest, {high}.")
        told = {"kind": "curve", "x": self.places(), "ticks": self.ticks(), "low": low}
        told |= {"high": high, "xlabel": self.xlabel, "ylabel": self.ylabel}
        blank = self.take(name, self.start)
        return told | {"blank": blank, "start": self.take(name, self.kept) or blank}


def code_of(config) -> dict:
    """What makes this configuration again in Python: its class, defaults, and own values."""
    plain = {field.name: field.default for field in fields(config)}
    own = {name: getattr(config, name) for name in plain if getattr(config, name) != plain[name]}
    return {"class": type(config).__name__, "plain": plain, "own": own}


def thinned(rows: list, most: int = 200) -> list:
    """Every k-th record, so that they are not too many to store, and the last one."""
    return [*rows[: -1 : len(rows) // most + 1], rows[-1]]


def short(numbers) -> list:
    """An array as lists, in few digits, more for tiny values: it is sent, and stored."""
    numbers = np.asarray(numbers, float)
    size = np.max(np.abs(numbers), initial=0, where=np.isfinite(numbers))
    return np.round(numbers, 3 - min(int(np.floor(np.log10(size or 1))), -1)).tolist()


def points(steps, values, resamples=evaluation.RESAMPLES) -> dict:
    """A curve for the view: x, mid, low, high, each [T], and runs [S, T]; of one run x and mid.

    values: [S, T], a line [T], or an `Estimate` of three lines. Without resamples no low and high.
    """
    runs = []
    if not isinstance(values, evaluation.Estimate):
        values = np.atleast_2d(np.asarray(values, float))
        if len(values) > 1:
            runs, of = short(values), evaluation.interquartile_mean
            values = evaluation.interval(values, of, 0, resamples) if resamples else [of(values)]
    lines = zip(("mid", "low", "high"), map(short, values), strict=False)
    return {"x": np.asarray(steps).tolist(), "runs": runs} | dict(lines)
