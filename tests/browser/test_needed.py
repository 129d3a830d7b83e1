"""What a widget needs is found by names."""

import pytest

from app.needed import preparations

LOOP = "for name in 'ab':\n    told[name] = rate\n    rate = rate + len(told)"
SOURCES = [
    "import os\nseed = int(os.environ.get('COURSE_SEED', 0))\nprint(seed)",
    "def learn(steps):\n    curve = steps * seed\n    return curve",
    "curve = [learn(10_000_000)]\nname = curve",
    "rate = 1",
    "import sys\nrate, told = 2, {}\nrate += 1\nlong = learn(10_000_000)\n" + LOOP,
    "def draw(curve):\n    return learn(curve) * rate, told",
    "%time\nwidget = show(draw)",
    "rate = 3\nos.register(learn(10_000_000))",
    "told['c'] = 3",
    "print(widget, told)",
]
CELLS = [{"cell_type": "markdown", "source": "# widget = show(draw)"}]
CELLS += [{"cell_type": "code", "source": source} for source in SOURCES]
SEED = "import os\nseed = int(os.environ.get('COURSE_SEED', 0))\n"
LEARN = "def learn(steps):\n    curve = steps * seed\n    return curve"


def test_a_widget_needs_what_it_calls_and_what_that_needs():
    draw = "def draw(curve):\n    return (learn(curve) * rate, told)"
    rate = "import sys\nrate, told = (2, {})\nrate += 1"
    needed = f"{SEED}{LEARN}\n{rate}\n{LOOP}\n{draw}"
    assert preparations(CELLS, ["widget ="]) == {7: needed}  # no long run, no other rate


def test_a_later_cell_needs_what_has_changed_since():
    assert preparations(CELLS, ["print(widget", "widget ="])[10] == "told['c'] = 3"


def test_cells_that_need_each_other_run_in_order():
    assert preparations(CELLS, ["curve = [", "def learn"]) == {2: SEED.strip(), 3: ""}


def test_a_piece_that_is_nowhere_is_named():
    with pytest.raises(LookupError, match="no cell contains 'gone'"):
        preparations(CELLS, ["gone"])
