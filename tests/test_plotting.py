import base64
import io
import itertools
import re
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from nbconvert import HTMLExporter
from PIL import Image, ImageSequence

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
    [legend] = plotting.learning_curves(curves, "return").legends
    assert [text.get_text() for text in legend.get_texts()] == list(curves)
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
    message = r"q and policy must be \(16, 4\), not \(48, 4\)"
    with pytest.raises(ValueError, match=message):
        plotting.q_map(np.zeros((48, 4)), np.zeros((48, 4)), SYMBOLS)


def test_show_displays_a_picture_and_its_sentence():
    figure = plotting.compare_runs({"a": np.arange(5.0)}, "return")
    with capture_output() as captured:
        plotting.show(figure)
    picture, sentence = captured.outputs
    assert Image.open(io.BytesIO(picture.data["image/png"])).format == "PNG"
    told = picture.metadata["image/png"]
    assert told["alt"] == figure.sentence == sentence.data["text/markdown"]
    dots = Image.open(io.BytesIO(picture.data["image/png"])).size
    assert dots == (2 * told["width"], 2 * told["height"]) == (1296, 252)  # sharp on a projector


def test_an_exported_page_keeps_text_and_size_of_a_picture():
    figure = plotting.compare_runs({"a": np.arange(5.0)}, "return")
    with capture_output() as captured:
        plotting.show(figure)
    picture, _ = captured.outputs
    picture.data["image/png"] = base64.b64encode(picture.data["image/png"]).decode()
    outputs = [
        nbformat.v4.new_output("display_data", one.data, metadata=one.metadata or {})
        for one in captured.outputs
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])
    # The default template, lab, leaves the text out; there the sentence below says the same.
    for template, kept in (("classic", f'alt="{figure.sentence}"'), ("lab", figure.sentence)):
        page, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
        assert kept in page and 'width="648"' in page


def pixels(figure, page=None):
    """A figure as a reader sees it: RGBA, or RGB on a page of this colour."""
    picture = Image.open(io.BytesIO(plotting.to_png(figure))).convert("RGBA")
    if page:
        under = Image.new("RGBA", picture.size, page)
        picture = Image.alpha_composite(under, picture).convert("RGB")
    return np.asarray(picture).astype(int)


def contrast(color, page):
    """That of WCAG 2: from 1, the same, to 21, black on white."""

    def luminance(rgb):
        part = np.array(to_rgba(rgb)[:3])
        part = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        return part @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(color), luminance(page)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#111111", "#0d1117"])
def test_ink_and_colours_are_seen_on_white_and_on_dark_pages(page):
    # Text: no grey reaches the 4.5 of WCAG on white and on such a black; 4.35 is the best.
    assert contrast(plotting.GREY, page) > 4.1
    # Graphics: WCAG asks for 3. Three of Okabe and Ito's colours are too light for it on white:
    # there a marker of its own shape tells them apart.
    light = {"#CC79A7": 2.9, "#E69F00": 2.2, "#56B4E9": 2.2} if page == "#ffffff" else {}
    for color in plotting.COLORS:
        assert contrast(color, page) > light.get(color, 3), color


def test_a_figure_has_no_background_and_only_ink_that_both_pages_show():
    figures = [plotting.learning_curves({"a": curve(), "b": curve(1)}, "return", {"best": 5})]
    figures.append(plotting.compare_runs({"a": np.arange(5.0)}, "return", {"best": 5}))
    for figure in figures:
        assert pixels(figure)[0, 0, 3] == 0
        for page in ("#ffffff", "#111111"):
            seen = np.abs(pixels(figure, page) - pixels(figure, page)[0, 0]).max(-1)
            assert (seen > 90).mean() > 0.005  # lines and letters, not a card
        inked = [text.get_color() for text in figure.findobj(Text) if text.get_text()]
        assert set(inked) == {plotting.GREY}


def test_256_colours_keep_what_the_figure_shows():
    curves = {f"run {number}": curve(10 * number, 30) for number in range(7)}
    figure, whole = plotting.learning_curves(curves, "return", {"best": 5}), io.BytesIO()
    figure.savefig(whole, format="png", dpi=180)
    under = Image.new("RGBA", Image.open(whole).size, "white")
    exact = np.asarray(Image.alpha_composite(under, Image.open(whole)).convert("RGB")).astype(int)
    off = np.abs(exact - pixels(figure, "#ffffff")).max(-1)
    assert np.percentile(off, 99) < 25 and off.mean() < 4  # of 255
    assert len(plotting.to_png(figure)) < 0.6 * len(whole.getvalue())


def test_the_colours_of_a_map_are_exact():
    q = np.linspace(-14.0, -13.0, 64).reshape(16, 4)
    figure = plotting.q_map(q, np.eye(4)[np.zeros(16, int)], SYMBOLS)
    cells = figure.axes[0].collections[0]
    shown = {tuple(color) for color in pixels(figure, "#ffffff").reshape(-1, 3)}
    asked = {tuple((255 * color[:3]).round()) for color in cells.to_rgba(cells.get_array())}
    assert len(asked) > 40 and asked <= shown


def crossed(figure):
    """Names of levels that reach into an axes, over another text or out of the picture."""
    FigureCanvasAgg(figure).draw()
    names = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    others = [text for text in figure.findobj(Text) if text.get_text() and text not in names]
    boxes = {text: text.get_window_extent() for text in names}
    in_the_way = [axes.get_window_extent() for axes in figure.axes]  # no line reaches further
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(titles, 2))
    in_the_way += [text.get_window_extent() for text in others]
    found = [t.get_text() for t, box in boxes.items() if any(map(box.overlaps, in_the_way))]
    pairs = itertools.combinations(boxes.items(), 2)
    found += [one.get_text() for (one, box), (_, beside) in pairs if box.overlaps(beside)]
    return found + [t.get_text() for t, box in boxes.items() if box.x1 > figure.bbox.x1]


def test_names_of_levels_are_crossed_by_nothing():
    levels = {"never up": -60.0, "the expert": 60}
    five = {f"run {number}": curve(number) for number in range(6)}
    small = {f"level, size and rate of {label}": {"": five[label]} for label in list(five)[:4]}
    pairs = {title: dict(list(five.items())[:2]) for title in ("one", "two")}
    for curves in (five, small, pairs, {"one": curve()}):
        figure = plotting.learning_curves(curves, "return", levels)
        assert crossed(figure) == []
        assert [t.get_text() for t in figure.axes[-1].texts] == list(levels)
    rows = {label: each.values[:, -1] for label, each in five.items()}
    figure = plotting.compare_runs(rows, "return", levels)
    assert crossed(figure) == [] and [t.get_text() for t in figure.axes[0].texts] == list(levels)


def test_small_multiples_have_a_panel_a_curve_and_the_same_axes():
    curves = {f"run {number}": {"": curve(10 * number)} for number in range(6)}
    figure = plotting.learning_curves(curves, "return")
    assert [axes.get_title() for axes in figure.axes] == list(curves)
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    assert figure.legends == [] and figure.get_supxlabel() == plotting.STEPS
    for label, panel in curves.items():
        assert f"{label}: {evaluation.interval(panel[''].values[:, -1])}" in figure.sentence


def test_panels_give_a_label_the_same_colour_and_share_one_legend():
    arms = {"KL": curve(), "MSE": curve(5)}
    words = {label: plotting.Curve(list("abcdef"), each.values) for label, each in arms.items()}
    figure = plotting.learning_curves({"8-8": words, "4-4": words}, "share", xlabel="τ", runs=False)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(arms)
    for axes in figure.axes:
        assert [line.get_color() for line in axes.lines] == plotting.COLORS[:2]  # no single runs
        assert [text.get_text() for text in axes.get_xticklabels()] == list("abcdef")
    assert f"4-4 MSE: {evaluation.interval(arms['MSE'].values[:, -1])}" in figure.sentence


def test_maps_with_the_same_limits_can_be_compared():
    policy, colors = np.eye(4)[np.zeros(16, int)], []
    for highest in (0.5, 1.0):
        q = np.full((16, 4), highest)
        cells = plotting.q_map(q, policy, SYMBOLS, limits=(0, 1)).axes[0].collections[0]
        colors.append(cells.to_rgba(cells.get_array())[0].tolist())
    assert colors[0] != colors[1] == list(matplotlib.colormaps["viridis"](1.0))


def test_animation_moves_and_has_a_sentence():
    frames = [np.full((64, 400, 3), shade, np.uint8) for shade in (0, 120, 250)]
    with capture_output() as captured:
        plotting.animation(frames, "It grows lighter.")
        plotting.animation([np.zeros((400, 600, 3), np.uint8)], "It is high.")
    picture, sentence, high, _ = captured.outputs
    assert high.metadata["image/png"]["width"] == 300
    moving = Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"])))
    assert moving.format == "PNG" and moving.n_frames == 3 and moving.size == (400, 64)
    assert moving.info["duration"] == 250
    assert picture.metadata["image/png"] == {"width": 400, "alt": "It grows lighter."}
    assert sentence.data["text/markdown"] == "It grows lighter."
    for shade, frame in zip((0, 120, 250), ImageSequence.Iterator(moving), strict=True):
        assert abs(int(np.asarray(frame.convert("L")).max()) - shade) < 8


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
    middle, *_ = plotting.band(axes, [1, 2, 5, 9], values, "EWC", plotting.LOOKS[2])
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
