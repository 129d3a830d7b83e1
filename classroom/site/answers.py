"""Answers for pictures that no kernel answers on a page, made by the notebooks' own functions."""

import io
import itertools
from contextlib import chdir, redirect_stdout
from pathlib import Path

import nbformat
import numpy as np

from app.needed import preparations
from course_utils import laboratory

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# A cell, by what it calls → the values at which each of its sliders can stand.
ASKED = {
    "explore(look_ahead,": {"discount": np.linspace(0.5, 1, 101).round(3)},
    "explore(see_losses,": {
        "temperature": [float(f"{t:.3g}") for t in [*np.logspace(-1, 1.45, 50), 30]],
        "first_value": np.linspace(0, 16, 33),
    },
}


def of(stem: str, source: str) -> dict | None:
    """All answers of a cell that is asked for: what each control can say, and what is then shown.

    The answers stand in the order in which the last control runs fastest. Each lacks what it has
    in common with the first. None for other cells.
    """
    [asked] = [piece for piece in ASKED if piece in source] or [None]
    if not asked:
        return None
    view = opened(stem, asked)
    controls, told = view.about["controls"], []
    view.send = told.append
    values = [np.asarray(ASKED[asked].get(c["name"], c.get("options"))).tolist() for c in controls]
    names = [control["name"] for control in controls]
    for chosen in itertools.product(*values):
        view._msg_callbacks(view, {"set": dict(zip(names, chosen, strict=True))}, [])
    first = told[0]
    short = [{k: v for k, v in each.items() if k == "told" or v != first[k]} for each in told]
    return {"values": values, "first": first, "answers": short}


def opened(stem: str, piece: str):
    """The view that a notebook's cell opens, after the cells that it needs."""
    cells, found = nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells, []
    [(number, before)] = preparations(cells, [piece]).items()
    space = {"__name__": "page", "display": lambda *_: None}
    with chdir(NOTEBOOKS), redirect_stdout(io.StringIO()):
        exec(before, space)
        space["explore"] = lambda *args, **more: found.append(laboratory.explore(*args, **more))
        exec(cells[number].source, space)
    [panel] = found
    return panel.children[0]
