"""The course's trainings and pictures without their code: for a projector, by `make app`."""

import os
import re
from pathlib import Path

import ipywidgets
import nbformat
from IPython import get_ipython
from IPython.display import Markdown, display
from IPython.utils.capture import capture_output

from app.needed import preparations
from course_utils import controls

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
os.chdir(NOTEBOOKS)  # as where the notebooks run

MOVED = re.compile(r"^(lab\.show|explore|microscope)\(", re.MULTILINE)
TITLE = re.compile(r"^# (.+)", re.MULTILINE)
SECTION = re.compile(r"^## (.+)", re.MULTILINE)  # not the exercise on the way


def chapters() -> dict[str, Path]:
    """Title → file, of each notebook in which something can be moved."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        if any(cell.cell_type == "code" and MOVED.search(cell.source) for cell in cells):
            found[TITLE.search(cells[0].source)[1]] = path
    return found


def show(path: Path) -> None:
    """Run what a notebook's controls need, and display these with the heading of their section.

    What the other cells print and plot is left out. Raises what a cell raises.
    """
    cells = nbformat.read(path, as_version=4).cells
    moved = [c.source for c in cells if c.cell_type == "code" and MOVED.search(c.source)]
    for number, needed in preparations(cells, moved).items():
        with capture_output():
            get_ipython().run_cell(needed).raise_error()
        above = [cell.source for cell in cells[:number] if cell.cell_type == "markdown"]
        display(Markdown(f"## {SECTION.findall(chr(10).join(above))[-1]}"))
        get_ipython().run_cell(cells[number].source).raise_error()


def dashboard() -> None:
    """Display a menu of chapters, and below it the controls of the one that is chosen."""
    menu = ipywidgets.Dropdown(options=[("choose a chapter …", None), *chapters().items()])
    menu.layout.width = "min-content"
    told, place = ipywidgets.HTML(), ipywidgets.Output()

    def choose(change):
        for panel in list(controls.Panel._shown):
            panel.close()  # of the chapter before
        place.clear_output()
        told.value, menu.disabled = "Some seconds: what these controls need is computed …", True
        with place:
            if change.new:
                show(change.new)
        told.value, menu.disabled = "", False  # an error is seen in the place of the controls

    menu.observe(choose, "value")
    display(ipywidgets.VBox([menu, told, place]))
