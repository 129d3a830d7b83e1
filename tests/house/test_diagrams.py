"""The charts speak one language: shapes, colours, and words for who does not see them."""

import re

import pytest

from course_utils.plotting import COLORS
from tests.diagrams import NOTEBOOKS, ROOT, diagrams, diagrams_in, nodes

DIAGRAMS = diagrams()
NUMBERED = [f"{diagram.place}-{number}" for number, diagram in enumerate(DIAGRAMS)]
COLOURED = dict(zip(("data", "network", "loss", "environment"), (5, 4, 3, 2), strict=True))
# One arrow or more in a row; with a label, in quotes, or without.
ARROW = r'(?:-{2,4}>|==>|-\.->|-- "[^"]+" -->|== "[^"]+" ==>|-\. "[^"]+" \.->)'
EDGE = re.compile(rf"^ +\w+(?: {ARROW} \w+)+$")
DEFINITION = re.compile(r'^ +(\w+\W+"[^"]+"\W+:::\w+|classDef \w+ \S+( \d+)?)$')
GREY = "    linkStyle default stroke:#888"


@pytest.fixture(params=DIAGRAMS, ids=NUMBERED)
def diagram(request):
    return request.param


def definitions(chart: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^ +classDef (\w+) (\S.*)$", chart))


def language() -> dict[str, str]:
    """The definitions that CONTRIBUTING.md gives to writers, in its section on diagrams."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [legend] = diagrams_in("CONTRIBUTING", page.partition("## Add a diagram")[2])
    return definitions(legend.chart)


def mixed_with_white(color: str, share: float) -> str:
    """The colour in three digits, a share of it and the rest white."""
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round((share * c + (1 - share) * 255) / 17):x}" for c in channels)


def test_each_notebook_has_a_chart():
    assert {path.stem for path in NOTEBOOKS} | {"README"} == {d.place for d in DIAGRAMS}


def test_colours_are_those_of_the_figures_lightened():
    given = language()
    assert set(given) == {*COLOURED, "frozen"}
    for kind, number in COLOURED.items():
        fill, edge = (mixed_with_white(COLORS[number], share) for share in (0.4, 1))
        assert given[kind] == f"fill:{fill},stroke:{edge},color:#000"
    assert given["frozen"].startswith(given["network"] + ",")
    assert "stroke-dasharray" in given["frozen"]


def test_definitions_are_the_same_everywhere(diagram):
    used = {kind for kind, _ in nodes(diagram.chart).values()}
    assert definitions(diagram.chart) == {k: v for k, v in language().items() if k in used}


def test_holds_nothing_but_the_plain_subset(diagram):
    first, *lines = diagram.chart.splitlines()
    assert first in ("flowchart LR", "flowchart TD")
    assert 2 <= len(nodes(diagram.chart)) <= 15  # the map has a box for each notebook
    assert not re.search(r"<(?!br/>)", diagram.chart)
    edges = [line for line in lines if EDGE.match(line)]
    others = set(lines) - set(edges)
    assert [line for line in others if not DEFINITION.match(line)] == [GREY] * bool(edges)


def test_every_node_of_an_arrow_has_its_shape_and_class(diagram):
    named = set()
    for line in diagram.chart.splitlines():
        if EDGE.match(line):
            named |= set(re.findall(r"\w+", re.sub(r'"[^"]+"', "", line)))
    assert named <= set(nodes(diagram.chart))
    assert len(nodes(diagram.chart)) == diagram.chart.count(":::")


def test_a_sentence_says_how_to_read_it_and_a_paragraph_tells_the_same(diagram):
    before = diagram.before.rstrip().rpartition("\n\n")[2]
    after = diagram.after.lstrip().partition("\n\n")[0]
    assert before.endswith(":") and len(before.split()) >= 6, before
    assert re.match(r"[\w*]", after) and after.endswith((".", ":", ".)")), after
    assert len(after.split()) >= 15, after


def test_the_map_is_the_same_in_the_first_notebook_and_in_the_readme():
    maps = [d for d in DIAGRAMS if "n12" in d.chart]
    assert [d.place for d in maps] == ["README", "00_start_here"]
    assert maps[0].chart == maps[1].chart
