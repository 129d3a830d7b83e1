"""Figures in one style, each with a sentence made from its data; plotted in any thread."""

import io
import textwrap
import threading
from itertools import cycle
from typing import NamedTuple

import matplotlib
import numpy as np
from IPython.display import Image, Markdown, display
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure  # not by pyplot, which is for the main thread only
from matplotlib.ticker import EngFormatter
from PIL import Image as Picture

from course_utils import evaluation, language
from course_utils.checks import check_number, checked, need

GREY = "#767676"  # the ink: can be read on a white page and on a dark one, which shows through
# Okabe and Ito's, for any kind of colour vision; grey is there for black, which dark pages hide.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", GREY]
LOOKS = list(zip(COLORS, "osD^vP*", strict=True))  # a marker beside each colour
MEANING = "interquartile mean with 95 % interval of"
STEPS = "environment steps of each run"
ARROW = {"width": 2.5, "headwidth": 9, "headlength": 7, "fc": "white", "ec": "black", "lw": 0.8}
INKED = "text.color axes.labelcolor axes.edgecolor grid.color xtick.color ytick.color"
STYLE = language.fonts() | dict.fromkeys(INKED.split(), GREY) | {"axes.grid": True}
STYLE |= {"axes.titlesize": 10, "figure.labelsize": 10, "legend.frameon": 0, "grid.alpha": 0.3}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": 1}
matplotlib.rcParams.update(STYLE | {"figure.facecolor": "none", "axes.facecolor": "none"})
_drawing = threading.Lock()


class Curve(NamedTuple):
    """One quantity of S runs over time or a parameter: steps [T], values [S, T]."""

    steps: np.ndarray
    values: np.ndarray


def show(figure: Figure) -> None:
    """Display a figure with its sentence, which screen readers get as well."""
    need(hasattr(figure, "sentence"), "show needs a figure that has a text as its `sentence`.")
    picture = {"image/png": to_png(figure), "text/plain": figure.sentence}
    width, height = (90 * figure.get_size_inches()).round().astype(int).tolist()
    told = {"alt": figure.sentence, "width": width, "height": height}
    display(picture, raw=True, metadata={"image/png": told})
    display(Markdown(figure.sentence))


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file, also from a background thread: twice the dots it is shown with."""
    dots, file = io.BytesIO(), io.BytesIO()
    with _drawing:  # fonts and text layouts are shared by all figures
        language.spell(figure).savefig(dots, format="png", dpi=180)
    if dots.tell() < 60_000:  # the colours of a map are exact; many thin lines do with 256 colours
        return dots.getvalue()
    Picture.open(dots).quantize(method=2, dither=0).save(file, "png", optimize=True, dpi=(180, 180))
    return file.getvalue()


def band(axes, x, values, label="", look=LOOKS[0], strata: int = 1) -> evaluation.Estimate:
    """Plot the interquartile mean of S runs over a parameter, with its 95 % interval as a band.

    x: [K]; values: [S, K] → the Estimate, of [K]. look: colour, marker. strata: the rows are so
    many groups of one size. Raises ValueError for fewer than 2 runs a group, and for NaN.
    """
    even = check_number("strata", strata, int, 1) and len(values) % strata == 0
    need(even, f"strata = {strata}: {len(values)} runs are not so many groups of one size.")
    fits = np.shape(x) == np.shape(values)[1:] != (0,)
    need(fits, f"{label}: x [K] and values [S, K] must have the same number of points, 1 or more.")
    estimate = evaluation.stratified_interval(np.split(np.asarray(values), strata))
    style = {"color": look[0], "marker": look[1], "markersize": 5, "label": label}
    axes.plot(x, estimate.value, markevery=max(1, len(x) // 8), **style)
    axes.fill_between(x, estimate.low, estimate.high, color=look[0], alpha=0.2, linewidth=0)
    return estimate


@checked
def learning_curves(
    curves: dict, ylabel: str, reference: dict | None = None, xlabel=STEPS, strata=1, runs=True
) -> Figure:
    """Interquartile mean, 95 % interval (for each point by itself) and single runs of each curve.

    curves: label → `Curve`; or title → such a dict, a panel each. reference: label → level of a
    dashed line. strata: as of `band`, with its errors. TypeError for what is no dict.
    """
    need(curves, "curves = {}: must hold a Curve or more, each under its name.")
    panels = curves if isinstance([*curves.values()][0], dict) else {"": curves}
    rows, columns = (len(panels) // 3, 3) if len(panels) % 3 == 0 else (1, len(panels))
    figure, ends = Figure(figsize=(max(7.2, 2 * columns), 1.8 + 1.8 * rows)), []
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (title, panel) in zip(grid, panels.items(), strict=True):
        for (label, curve), look in zip(panel.items(), cycle(LOOKS), strict=False):
            need(isinstance(curve, Curve), f"{label} must be a Curve(steps, values).")
            *_, end = zip(*band(axes, *curve, label, look, strata), strict=True)
            ends.append(f"{title} {label}: {evaluation.Estimate(*end)}".replace(" :", ":").strip())
            for run in curve.values if runs else ():
                axes.plot(curve.steps, run, color=look[0], alpha=0.15, linewidth=0.7, zorder=1)
        for label, level in (reference or {}).items():
            need(np.asarray(level).dtype.kind in "iuf", f"level {label} = {level!r}: no number.")
            axes.axhline(level, color=GREY, linestyle="--", linewidth=1)
            if axes is grid[-1]:
                axes.text(1.02, level, label, transform=axes.get_yaxis_transform(), va="center")
        axes.set_title(textwrap.fill(title, 20))
    if np.asarray(curve.steps).dtype.kind in "iuf" and np.max(curve.steps) >= 1000:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    (figure.supxlabel if len(panels) > 1 else axes.set_xlabel)(xlabel)
    (figure.supylabel if len(panels) > 1 else axes.set_ylabel)(ylabel)
    if len(panel) > 1:  # a single curve is named by the axis or by its title
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    figure.sentence = f"At the last point, {ylabel}: {MEANING} {'; '.join(ends)}."
    return figure


@checked
def compare_runs(results: dict, xlabel: str, reference: dict | None = None) -> Figure:
    """One row a label: each run a marker, the interquartile mean a bar with its 95 % interval.

    results: label → [S]. reference: label → a dashed line. ValueError for under 2 runs, for NaN.
    """
    need(results and xlabel, "results need a row or more, and xlabel what was measured.")
    axes, means = Figure(figsize=(7.2, 0.9 + 0.5 * len(results))).subplots(), []
    for row, ((label, runs), look) in enumerate(zip(results.items(), cycle(LOOKS), strict=False)):
        need(np.ndim(runs) < 2, f"{label} must be one number a run, [S], not {np.shape(runs)}.")
        mean, low, high = estimate = evaluation.interval(runs)
        means.append(f"{label}: {estimate}")
        spread = row + np.linspace(-0.2, 0.2, len(runs))  # else equal runs hide each other
        axes.scatter(runs, spread, color=look[0], marker=look[1], s=16, alpha=0.5, linewidth=0)
        axes.plot([low, high], [row] * 2, color=look[0], lw=6, alpha=0.35, solid_capstyle="butt")
        axes.plot([mean, mean], [row - 0.3, row + 0.3], color=look[0], lw=2.5)
    for label, level in (reference or {}).items():  # its name is where nothing crosses it
        axes.axvline(level, color=GREY, linestyle="--", linewidth=1)
        axes.text(level, 1.03, label, transform=axes.get_xaxis_transform(), ha="center")
    axes.set(xlabel=xlabel, ylim=(len(results) - 0.5, -0.5))
    axes.set_yticks(range(len(results)), results)
    axes.figure.sentence = f"{xlabel[0].upper()}{xlabel[1:]}: {MEANING} {'; '.join(means)}."
    return axes.figure


def q_map(q, policy, symbols: list[str], title: str = "", limits=(None, None)) -> Figure:
    """A grid world's table: in each cell one triangle an action, coloured by its value, and arrows.

    q, policy: [rows · columns, 4], actions left, down, right, up. symbols: the cells' letters, one
    string a row; H, G and C end the episode. limits: first and last colour. Raises ValueError.
    """
    widths = {len(row) * isinstance(row, str) for row in symbols}
    need(len(widths) == 1 and 0 not in widths, "symbols must be letters, in rows of one length.")
    rows, (columns,), q, policy = len(symbols), widths, np.asarray(q), np.asarray(policy)
    needed = f"q and policy must be {(rows * columns, 4)}, not {q.shape} and {policy.shape}."
    need(q.shape == policy.shape == (rows * columns, 4), needed)
    axes = Figure(figsize=(0.9 * columns + 1.2, 0.9 * rows + 0.4)).subplots()
    corners = 0.5 * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)])  # x and y, y pointing down
    sides = np.stack([corners, np.roll(corners, -1, 0)], 1)  # [4 actions, 2 ends, x and y]
    triangles, values, words = [], [], list("".join(symbols))
    for cell, symbol in enumerate("".join(symbols)):
        center = np.array([cell % columns, cell // columns])
        if symbol in "HGC":
            axes.annotate(symbol, center, ha="center", va="center", fontsize=14, color=GREY)
            continue
        triangles += [[center, *(center + side)] for side in sides]
        values += list(q[cell])
        taken = np.flatnonzero(policy[cell] > 0.01)
        words[cell] = "".join("←↓→↑"[action] for action in taken)
        for side in sides[taken]:  # an arrow goes towards the middle of its side
            axes.annotate("", center + 0.34 * side.sum(0), center, arrowprops=ARROW)
    need(np.isfinite(values).all() and values, "q must hold numbers, no NaN, for a cell or more.")
    cells = PolyCollection(triangles, array=np.array(values), edgecolors="white", linewidths=0.5)
    axes.add_collection(cells).set_clim(*limits)
    axes.figure.colorbar(cells, ax=axes, shrink=0.85, label="q(s, a)")
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", title=title)
    axes.axis("off")
    head = f"A map of {rows} by {columns} cells with action values between {min(values):.3f}"
    arrows = " / ".join(map(" ".join, np.reshape(words, (rows, columns))))
    axes.figure.sentence = f"{head} and {max(values):.3f}. The policy, row by row: {arrows}."
    return axes.figure


@checked
def heat_map(values, rows: dict, columns: dict, quantity: str, limits=(None, None)) -> Figure:
    """A table as coloured cells with their numbers in them.

    values: [R, C]. rows, columns: title → labels. limits: of the colours. ValueError for no table.
    """
    (row_title, row_labels), (column_title, column_labels) = *rows.items(), *columns.items()
    shape = len(row_labels), len(column_labels)
    named = f"{shape[0]} rows and {shape[1]} columns are named, the values have shape"
    need(np.shape(values) == shape, f"{named} {np.shape(values)}.")
    need(np.asarray(values).dtype.kind in "biuf", "the values of a heat map must be numbers.")
    need(np.shape(limits) == (2,), f"limits = {limits}: must be the lowest and the highest value.")
    axes = Figure(figsize=(1.6 + 0.9 * shape[1], 1.2 + 0.42 * shape[0])).subplots()
    cells = axes.pcolormesh(values, vmin=limits[0], vmax=limits[1], edgecolors="white", linewidth=1)
    for (y, x), value in np.ndenumerate(values):
        ink = "black" if cells.norm(value) > 0.6 else "white"  # the highest values are yellow
        axes.text(x + 0.5, y + 0.5, f"{value:.0f}", ha="center", va="center", size=9, color=ink)
    axes.set(xlabel=column_title, ylabel=row_title, ylim=(len(row_labels), 0))
    axes.set_xticks(np.arange(len(column_labels)) + 0.5, column_labels)
    axes.set_yticks(np.arange(len(row_labels)) + 0.5, row_labels)
    axes.grid(False)
    texts = [", ".join(f"{value:.0f}" for value in row) for row in values]
    head = f"{quantity}, by {row_title}, for {column_title} {', '.join(map(str, column_labels))}"
    axes.figure.sentence = f"{head}: {'; '.join(map('{}: {}'.format, row_labels, texts))}."
    return axes.figure


@checked
def animation(frames: list[np.ndarray], sentence: str, frames_per_second: float = 4) -> None:
    """Display pictures of one size, [height, width, 3 or 4], as an animated PNG, and a sentence."""
    frames, png = [np.asarray(frame) for frame in frames], io.BytesIO()
    need({f.dtype.name for f in frames} == {"uint8"}, "frames must be uint8, as by render_mode.")
    pause = int(1000 / check_number("frames_per_second", frames_per_second, float, 1e-9))
    each = [Picture.fromarray(frame) for frame in frames]
    if each[0].mode == "RGB":  # one palette, of some: that of all takes 300 MB
        some = Picture.fromarray(np.concatenate(frames[:: 1 + len(frames) // 12]))
        palette = some.quantize(method=2, dither=0)
        each = [picture.quantize(palette=palette, dither=0) for picture in each]
    each[0].save(png, "png", save_all=True, append_images=each[1:], duration=pause, loop=0)
    width = each[0].width // (1 + (each[0].width * each[0].height > 160_000))
    display(Image(png.getvalue(), width=width, alt=sentence), Markdown(sentence))
