"""The charts of the course: where they stand, and what is in them."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHART = re.compile(r"```mermaid\n(.*?)\n```", re.DOTALL)
# The class of a node and its shape are one: a colour alone does not reach everybody.
SHAPES = {
    "environment": r'\(\["(.+?)"\]\)',
    "data": r'\[\("(.+?)"\)\]',
    "network": r'\["(.+?)"\]',
    "frozen": r'\["(.+?)"\]',
    "loss": r'\{\{"(.+?)"\}\}',
}


class Diagram(NamedTuple):
    """A chart with the text around it, in one cell or one document."""

    place: str
    before: str
    chart: str
    after: str


def diagrams_in(place: str, text: str) -> list[Diagram]:
    """All charts of a markdown text."""
    found = CHART.finditer(text)
    return [Diagram(place, text[: m.start()], m[1], text[m.end() :]) for m in found]


def diagrams() -> list[Diagram]:
    """All charts for learners, in the notebooks and in the README."""
    found = diagrams_in("README", (ROOT / "README.md").read_text(encoding="utf-8"))
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found += diagrams_in(path.stem, cell.source)
    return found


def nodes(chart: str) -> dict[str, tuple[str, str]]:
    """Each node's name → its class and its label."""
    found = {}
    for kind, shape in SHAPES.items():
        for name, label in re.findall(rf"(?m)^ +(\w+){shape}:::{kind}$", chart):
            found[name] = (kind, label)
    return found


def labels(chart: str) -> list[str]:
    """All that is written in a chart, in nodes and on arrows, without its breaks and spaces."""
    quoted = re.findall(r'"(.+?)"', chart)
    return sorted(re.sub(r"<br/>|\s", "", label) for label in quoted)
