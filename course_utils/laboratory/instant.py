"""A picture that answers at once when a control is moved."""

import itertools
import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from course_utils import controls, plotting
from course_utils.checks import check_number, checked, need
from course_utils.laboratory.view import Drawn, View, points, short
from course_utils.language import tell

MOST_STORED = 64  # answers that are made beforehand


class Look(NamedTuple):
    """What such a picture shows.

    sentence: what is to be seen. curves: label → `Curve`, whose values are [S, T], a line [T], or
    an `Estimate` of three lines, or what `points` made of it; those named in `dots` have no line.
    xlim, ylim: ends of the axes, else those of the data. levels: label → a dashed line.
    ticks: names of the places 0, 1, …. bars: label → [K], in place of curves, over the names in
    `ticks`. frames: what the agent does, as of `laboratory.Spectator`. marks: (x, text), vertical
    lines. moves: choice → where its control is put. pick: the choice that a click on the curves
    sets to the nearest x. below: a second one, whose curves are plotted below; where its `moves`
    say the same x, the click puts all of them.
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
        kept = {}
        for label, curve in self.curves.items():
            # An interval is computed once, by whoever shows it again and again.
            line = curve if isinstance(curve, dict) else points(*curve)
            kept[label] = line | {"dots": label in self.dots}
        same = ("xlabel", "ylabel", "xlim", "ylim", "levels", "pick")
        look = {name: getattr(self, name) for name in same}
        look["ticks"] = list(map(str, self.ticks))
        look["bars"] = {label: short(values) for label, values in self.bars.items()}
        look["marks"] = [{"x": x, "text": text} for x, text in self.marks]
        look["below"] = self.below and self.below.state()
        frames = [(short(seen), *more) for seen, *more in self.frames]
        told = {"told": self.sentence, "moves": self.moves, "frames": frames}
        return told | {"kept": kept, "look": look}


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
    made = {name: _control(name, given) for name, given in choices.items()}
    told = [control for control, _ in made.values()]
    plain = {control["name"]: control.pop("start") for control in told}

    def look_at(values):
        meant = {name: take(values[name]) for name, (_, take) in made.items()}
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
    menus = [control["options"] for control in told if control["kind"] == "menu"]
    if len(menus) == len(told) and np.prod([*map(len, menus)]) <= MOST_STORED:
        for chosen in itertools.product(*menus):
            key = json.dumps(chosen, separators=(",", ":"), ensure_ascii=False)
            about["answers"][key] = look_at(dict(zip(choices, chosen, strict=True))).state()
    view = View(about=about)
    keep(look_at(values))
    view.on_msg(hear)
    panel = controls.Panel([view])
    return panel


def _control(name, given):
    """What the view is told of a choice, and the function from what it sends to what is meant."""
    label = tell(name.replace("_", " "))
    told = {"name": name, "label": label, "short": label, "help": label, "waits": False, "unit": ""}
    if isinstance(given, Drawn):
        return told | given.control(name), partial(given.take, name)
    if isinstance(given, list):
        given = dict(zip(map(str, given), given, strict=True))
    if isinstance(given, dict):
        need(given, f"{name} = {given}: must be a list or a dict of one choice or more.")
        menu = {"kind": "menu", "options": list(given), "start": next(iter(given))}
        return told | menu, given.__getitem__
    # Else three numbers, and perhaps a word: all of one kind, or they are no bounds.
    numbers = given if isinstance(given, tuple) else ()
    scale = "log" if numbers[3:] == ("log",) else "linear"
    three = np.asarray(numbers[:3] if scale == "log" else numbers)
    fine = three.shape == (3,) and three.dtype.kind in "iuf" and three[0] <= three[2] <= three[1]
    need(fine, f"{name} = {given}: must be the lowest, the highest, and one between to start with.")
    need(scale == "linear" or three[0] > 0, f"{name} = {given}: a logarithm begins above 0.")
    low, high, start = three.tolist()
    told |= {"kind": "number", "low": low, "high": high, "start": start, "scale": scale}
    told["whole"] = isinstance(low, int)
    return told, lambda value: check_number(name, value, type(low), low, high)
