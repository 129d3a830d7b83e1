"""The cells that a widget needs are found by names."""

import pytest

from tests.browser.needed import needed_cells

SOURCES = [
    "import os\nseed = int(os.environ.get('COURSE_SEED', 0))",
    "def learn(steps):\n    curve = steps * seed\n    return curve",
    "curve = [learn(10_000_000)]",
    "rate = 1",
    "rate = 2",
    "def draw(curve):\n    return learn(curve) * rate",
    "%time\nwidget = show(draw)",
    "rate = 3",
]
CELLS = [{"cell_type": "markdown", "source": "# widget = show(draw)"}]
CELLS += [{"cell_type": "code", "source": source} for source in SOURCES]


def test_a_widget_needs_the_functions_it_calls_and_what_these_need():
    assert needed_cells(CELLS, ["widget ="]) == [
        1,
        2,
        5,
        6,
        7,
    ]  # not the long run, nor a later rate


def test_several_pieces_share_what_they_need():
    assert needed_cells(CELLS, ["def learn", "curve = ["]) == [1, 2, 3]


def test_a_piece_that_is_nowhere_is_named():
    with pytest.raises(LookupError, match="no cell contains 'gone'"):
        needed_cells(CELLS, ["gone"])
