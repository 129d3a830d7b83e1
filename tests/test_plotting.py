import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

from course_utils import evaluation, plotting

SYMBOLS = ["SFFF", "FHFH", "FFFH", "HFFG"]
FOLDER = Path(plotting.__file__).parent


@pytest.fixture(scope="module", autouse=True)
def shell():
    return InteractiveShell.instance()


def curve(level=0.0, runs=10):
    values = level + np.random.default_rng(0).normal(size=(runs, 6)).cumsum(1)
    return plotting.Curve(np.arange(1, 7) * 1000, values)


def test_the_sentence_is_made_from_the_data():
    curves = {"low": curve(0), "high": curve(50)}
    figure = plotting.learning_curves(curves, "return", {"best": 60})
    for label in curves:
        assert f"{label}: {evaluation.interval(curves[label].values[:, -1])}" in figure.sentence
    ends = {label: one.values[:, -1] for label, one in curves.items()}
    assert plotting.compare_runs(ends, "return on X").sentence.startswith(
        "Return on X: interquartile mean"
    )


def test_no_curve_is_lost_when_there_are_more_than_colors():
    curves = {f"run {number}": curve(number) for number in range(len(plotting.LOOKS) + 2)}
    axes = plotting.learning_curves(curves, "return").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(curves)
    rows = plotting.compare_runs(
        {label: one.values[:, -1] for label, one in curves.items()}, "return"
    ).axes[0]
    assert [text.get_text() for text in rows.get_yticklabels()] == list(curves)


def test_curves_differ_in_marker_and_color():
    axes = plotting.learning_curves({"a": curve(), "b": curve(1)}, "return").axes[0]
    means = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    assert len({(line.get_color(), line.get_marker()) for line in means}) == 2
    assert len({line.get_marker() for line in means}) == 2


def test_map_tells_the_policy_in_its_sentence():
    q = np.tile([0.1, 0.2, 0.3, 0.3], (16, 1))
    policy = np.tile([0, 0, 0.5, 0.5], (16, 1))
    figure = plotting.q_map(q, policy, SYMBOLS)
    assert "between 0.100 and 0.300" in figure.sentence
    assert "→↑ →↑ →↑ →↑ / →↑ H →↑ H / →↑ →↑ →↑ H / H →↑ →↑ G" in figure.sentence


def test_map_refuses_a_table_of_another_shape():
    message = r"a map of 4 by 4 cells needs q and policy of shape \(16, 4\), not \(48, 4\)"
    with pytest.raises(ValueError, match=message):
        plotting.q_map(np.zeros((48, 4)), np.zeros((48, 4)), SYMBOLS)


def test_show_displays_a_picture_and_its_sentence():
    figure = plotting.compare_runs({"a": np.arange(5.0)}, "return")
    with capture_output() as captured:
        plotting.show(figure)
    picture, sentence = captured.outputs
    assert Image.open(io.BytesIO(picture.data["image/png"])).format == "PNG"
    assert picture.metadata["image/png"]["alt"] == figure.sentence == sentence.data["text/markdown"]


def test_animation_moves_and_has_a_sentence():
    frames = [np.full((64, 64, 3), shade, np.uint8) for shade in (0, 120, 250)]
    with capture_output() as captured:
        plotting.animation(frames, "It grows lighter.")
    picture, sentence = captured.outputs
    moving = Image.open(io.BytesIO(base64.b64decode(picture.data["image/webp"])))
    assert moving.format == "WEBP" and moving.n_frames == 3 and moving.size == (32, 32)
    assert (
        picture.metadata["image/webp"]["alt"]
        == sentence.data["text/markdown"]
        == "It grows lighter."
    )


def test_a_heat_map_shows_and_tells_every_number():
    values = np.array([[1.0, 20.0], [300.0, -4.0], [5.0, 60.0]])
    figure = plotting.heat_map(values, {"task": ["a", "b", "c"]}, {"time": [1, 2]}, "Return")
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "20", "300", "-4", "5", "60"]
    assert figure.sentence == "Return, by task, for time 1, 2: a: 1, 20; b: 300, -4; c: 5, 60."
    with pytest.raises(ValueError, match="2 rows and 2 columns"):
        plotting.heat_map(values, {"task": ["a", "b"]}, {"time": [1, 2]}, "Return")


def test_heat_maps_with_the_same_limits_can_be_compared():
    names = {"task": ["a"]}, {"time": [1, 2]}
    tables = [np.array([[0.0, 5.0]]), np.array([[5.0, 10.0]])]
    figures = [plotting.heat_map(table, *names, "Return", limits=(0, 10)) for table in tables]
    cells = [figure.axes[0].collections[0] for figure in figures]
    first, second = (each.to_rgba(each.get_array()).reshape(2, 4) for each in cells)
    assert np.array_equal(first[1], second[0]) and not np.array_equal(first[0], second[0])


def test_a_band_is_the_interquartile_mean_with_its_interval():
    values = np.random.default_rng(1).normal(size=(12, 4))
    axes = Figure().subplots()
    middle = plotting.band(axes, [1, 2, 5, 9], values, "EWC", plotting.LOOKS[2])
    [line], [area] = axes.lines, axes.collections
    expected = evaluation.interval(values)
    assert np.array_equal(middle, expected.value) and np.array_equal(line.get_ydata(), middle)
    assert line.get_xdata().tolist() == [1, 2, 5, 9]
    assert (line.get_label(), line.get_color(), line.get_marker()) == ("EWC", *plotting.LOOKS[2])
    assert np.array_equal(area.get_facecolor()[0], to_rgba(plotting.COLORS[2], 0.2))
    corners = area.get_paths()[0].vertices
    for x, low, high in zip([1, 2, 5, 9], expected.low, expected.high, strict=True):
        at = corners[corners[:, 0] == x, 1]
        assert (at.min(), at.max()) == (low, high)


def test_a_band_of_groups_draws_runs_again_within_their_group():
    noise = np.random.default_rng(2).normal(size=(12, 3))
    values = np.repeat([0.0, 10.0, 20.0], 4)[:, None] + noise  # three teachers, four students each
    axes = Figure().subplots()
    plotting.band(axes, range(3), values, strata=3)
    corners = axes.collections[0].get_paths()[0].vertices
    _, low, high = evaluation.stratified_interval(values.reshape(3, 4, 3))
    assert corners[:, 1].min() == low.min() and corners[:, 1].max() == high.max()
    _, low_of_one, high_of_one = evaluation.interval(values)
    assert (high_of_one - low_of_one > 2 * (high - low)).all()


def test_a_band_refuses_too_few_runs_and_unequal_groups():
    axes, values = Figure().subplots(), np.zeros((12, 3))
    with pytest.raises(ValueError, match="an interval needs 2 runs or more"):
        plotting.band(axes, range(3), values, strata=12)
    with pytest.raises(ValueError, match="not so many groups of one size"):
        plotting.band(axes, range(3), values, strata=5)


def test_colours_of_the_module_stand_in_one_file():
    files = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.js")]
    colored = [
        path.name for path in files if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8"))
    ]
    assert colored == ["plotting.py"]
