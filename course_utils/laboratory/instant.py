"""A picture that answers at once when a control is moved."""

import itertools
import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils import controls, plotting
from course_utils.checks import check_number, checked, need
from course_utils.laboratory.view import Drawn, View, points, short

MOST_STORED = 64  # answers that are made beforehand


class Look(NamedTuple):
    """What such a picture shows.

    sentence: what is to be seen. curves: label → `Curve`, whose values are [S, T], a line [T], or
    an `Estimate` of three lines, or what `points` made of it; those named in `dots` have no line.
    xlim, ylim: ends of the axes, else those of the data. levels: label → a dashed line.
    ticks: names of the places 0, 1, …. bars: label → [K], in place of curves, over the names in
    `ticks`. frames: what the agent does, as of `laboratory.Spectator`. marks: (x, text), vertical
    lines. moves: choice → where its control is put. pick: the choice that a click on the curves
    sets to the nearest x. below: a second one, whose curves are plotted below.
    """

    sentence: str
    curves: dict = {}
    xlabel: str = ""
    ylabel: str = ""
    ylim: tuple | None = None
    levels: dict = {}
    ticks: list = []
    dots: list = []
    bars: dict = {}
    frames: list = []
    xlim: tuple | None = None
    marks: list = []
    moves: dict = {}
    pick: str = ""
    below: "Look | None" = None

    def state(self) -> dict:
        """The same for the view."""
        kept = {  # an interval is computed once, by whoever shows it again and again
            label: (curve if isinstance(curve, dict) else points(*curve))
            | {"dots": label in self.dots}
            for label, curve in self.curves.items()
        }
        bars = {label: short(values) for label, values in self.bars.items()}
        same = ("xlabel", "ylabel", "xlim", "ylim", "levels", "pick")
        look = {name: getattr(self, name) for name in same}
        look |= {"ticks": list(map(str, self.ticks)), "bars": bars}
        look["marks"] = [{"x": x, "text": text} for x, text in self.marks]
        look["below"] = self.below and self.below.state()
        return {
            "kept": kept,
            "look": look,
            "frames": [(short(seen), *more) for seen, *more in self.frames],
            "told": self.sentence,
            "moves": self.moves,
        }


@checked
def explore(show: Callable, world: str = "", rows=(), **choices) -> controls.Panel:
    """Controls beside a picture that answers at once; display the result.

    show: one value for each choice → `Look`. choices: name → (lowest, highest, where it starts), of
    whole numbers if these are whole, with "log" behind it for a logarithmic slider; or a list of
    what can be chosen, or a dict of names and what they stand for; the first is chosen at the
    start; or `Drawn`. world: how `frames` look; rows: its map.
    Where few answers are possible all are made at once, and are there without a kernel, too.
    Raises ValueError for bounds that are none, TypeError for what is no `Look`.
    """
    menus = {
        name: dict(given if isinstance(given, dict) else zip(map(str, given), given, strict=True))
        for name, given in choices.items()
        if isinstance(given, list | dict)
    }
    told = [_control(name, menus.get(name, given)) for name, given in choices.items()]
    plain = {control["name"]: control.pop("start") for control in told}
    numbers = [control for control in told if control["kind"] == "number"]
    bounds = {c["name"]: (type(c["low"]), c["low"], c["high"]) for c in numbers}
    drawn = {name: given for name, given in choices.items() if isinstance(given, Drawn)}

    def look_at(values):
        meant = {name: menus[name][values[name]] for name in menus}
        meant |= {name: check_number(name, values[name], *bounds[name]) for name in bounds}
        meant |= {name: given.take(name, values[name]) for name, given in drawn.items()}
        if not isinstance(look := show(**meant), Look):
            raise TypeError(f"show must return a Look, not {look!r:.60}.")
        chosen = {look.pick, look.below.pick if look.below else "", *look.moves} - {"", *values}
        need(not chosen, f"explore has no choice named {', '.join(chosen)}: mend the Look.")
        return look

    def keep(look):
        view.keep(look.state() | {"values": values}, look.sentence)

    def hear(_, said, buffers):
        if "hello" in said:  # a view was opened: some answer wakes it
            view.send({"hello": True, "told": view.value})
        elif "set" in said:
            try:
                answer = (look := look_at(values | said["set"])).state()
            except Exception as error:  # nobody stands above it to show the error
                return view.send({"values": values, "told": str(error)})
            values.update(moved := said["set"] | look.moves)
            view.send(answer | {"values": moved, "by": said.get("by")})
        elif "rest" in said:  # what is left of it without a kernel takes longer than an answer
            keep(look_at(values))
            panel.renew()

    about = {"controls": told, "plain": plain, "world": world, "colors": plotting.COLORS}
    about |= {"rows": list(rows), "tries": [], "shipped": {}, "end": 0, "train": False}
    about["answers"], values = {}, dict(plain)
    if len(menus) == len(choices) and np.prod([*map(len, menus.values())]) <= MOST_STORED:
        for chosen in itertools.product(*menus.values()):
            key = json.dumps(chosen, separators=(",", ":"), ensure_ascii=False)
            about["answers"][key] = look_at(dict(zip(menus, chosen, strict=True))).state()
    view = View(about=about)
    keep(look_at(values))
    view.on_msg(hear)
    panel = controls.Panel([view])
    return panel


def _control(name, given):
    label = name.replace("_", " ")
    told = {"name": name, "label": label, "short": label, "help": label, "waits": False, "unit": ""}
    if isinstance(given, dict):
        need(given, f"{name} = {given}: must be a list or a dict of one choice or more.")
        return told | {"kind": "menu", "options": list(given), "start": next(iter(given))}
    if isinstance(given, Drawn):
        return told | given.control(name)
    # Else three numbers, and perhaps a word: all of one kind, or they are no bounds.
    numbers = given if isinstance(given, tuple) else ()
    scale = "log" if numbers[3:] == ("log",) else "linear"
    three = np.asarray(numbers[:3] if scale == "log" else numbers)
    fine = three.shape == (3,) and three.dtype.kind in "iuf" and three[0] <= three[2] <= three[1]
    need(fine, f"{name} = {given}: must be the lowest, the highest, and one between to start with.")
    need(scale == "linear" or three[0] > 0, f"{name} = {given}: a logarithm begins above 0.")
    low, high, start = three.tolist()
    told |= {"kind": "number", "low": low, "high": high, "start": start, "scale": scale}
    return told | {"whole": three.dtype.kind in "iu"}
