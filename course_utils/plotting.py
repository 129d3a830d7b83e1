"""Figures in one style, each with a sentence made from its data; plotted in any thread."""

import io
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

from course_utils import evaluation
from course_utils.checks import check_number, checked, need

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LOOKS = list(zip(COLORS, "osD^vP*", strict=True))  # a marker beside each colour
MEANING = "interquartile mean with 95 % interval of"
GREY = "#555555"  # what is there to compare with: reference lines, letters of a map
ARROW = {"width": 2.5, "headwidth": 9, "headlength": 7, "fc": "white", "ec": "black", "lw": 0.8}
NOTE = {"va": "bottom", "fontsize": 8}  # the name of a reference line
STYLE = {"font.size": 10, "axes.grid": True, "grid.color": "#dddddd", "legend.frameon": False}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "image.cmap": "viridis"}
matplotlib.rcParams.update(STYLE | {"figure.constrained_layout.use": True})
_drawing = threading.Lock()


class Curve(NamedTuple):
    """One quantity of S runs over time: steps [T], values [S, T]."""

    steps: np.ndarray
    values: np.ndarray


def show(figure: Figure) -> None:
    """Display a figure with its sentence, which screen readers get as well."""
    need(hasattr(figure, "sentence"), "show needs a figure that has a text as its `sentence`.")
    picture = {"image/png": to_png(figure), "text/plain": figure.sentence}
    display(picture, raw=True, metadata={"image/png": {"alt": figure.sentence}})
    display(Markdown(figure.sentence))


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file, also from a background thread."""
    buffer = io.BytesIO()
    with _drawing:  # fonts and text layouts are shared by all figures
        figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def band(axes, x, values, label: str = "", look=LOOKS[0], strata: int = 1) -> np.ndarray:
    """Plot the interquartile mean of S runs over a parameter, with its 95 % interval as a band.

    x: [K]; values: [S, K] → the middle line, [K]. look: colour and marker. strata: the rows are
    that many groups of one size, such as the students of three teachers, one after the other.
    Raises ValueError, by `evaluation.interval`, for fewer than 2 runs a group or with NaN.
    """
    even = check_number("strata", strata, int, 1) and len(values) % strata == 0
    need(even, f"strata = {strata}: {len(values)} runs are not so many groups of one size.")
    middle, low, high = evaluation.stratified_interval(np.split(np.asarray(values), strata))
    need(np.shape(x) == middle.shape, f"x must be one number for each of {middle.size} points.")
    axes.plot(x, middle, color=look[0], marker=look[1], label=label)
    axes.fill_between(x, low, high, color=look[0], alpha=0.2, linewidth=0)
    return middle


@checked
def learning_curves(
    curves: dict[str, Curve], ylabel: str, reference: dict[str, float] | None = None
) -> Figure:
    """Interquartile mean, 95 % interval (for each point by itself) and single runs of each curve.

    reference: label → level of a dashed line.
    Raises ValueError, also by `evaluation.interval`, for no curve, for one of fewer than 2 runs,
    with NaN or with another number of steps; TypeError for what is no dict.
    """
    need(curves, "curves = {}: must hold a Curve or more, each under its name.")
    figure = Figure(figsize=(7.2, 3.6))
    axes, ends = figure.subplots(), []
    for (label, curve), (color, marker) in zip(curves.items(), cycle(LOOKS), strict=False):
        need(isinstance(curve, Curve), f"{label} must be a Curve(steps, values).")
        points = np.shape(curve.values)[1:]
        fits = np.shape(curve.steps) == points != (0,)
        need(fits, f"{label}: steps [T] and values [S, T] must have the same number of points.")
        mean, low, high = evaluation.interval(curve.values)  # each [T]
        ends.append(f"{label}: {evaluation.Estimate(mean[-1], low[-1], high[-1])}")
        axes.plot(curve.steps, curve.values.T, color=color, alpha=0.12, linewidth=0.7)
        axes.fill_between(curve.steps, low, high, color=color, alpha=0.25, linewidth=0)
        style = {"marker": marker, "markersize": 5, "markevery": max(1, len(curve.steps) // 8)}
        axes.plot(curve.steps, mean, color=color, label=label, **style)
    for label, y in (reference or {}).items():
        need(np.asarray(y).dtype.kind in "iuf", f"reference {label} = {y!r}: must be a number.")
        axes.axhline(y, color=GREY, linestyle="--", linewidth=1)
        axes.annotate(label, (1, y), xycoords=("axes fraction", "data"), ha="right", **NOTE)
    axes.set(xlabel="environment steps of each run", ylabel=ylabel)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if len(curves) > 1:  # a single curve is named by the axis
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.sentence = f"At the last point, {ylabel}: {MEANING} {'; '.join(ends)}."
    return figure


@checked
def compare_runs(
    results: dict[str, np.ndarray], xlabel: str, reference: dict[str, float] | None = None
) -> Figure:
    """One row a label: each run a marker, the interquartile mean a bar with its 95 % interval.

    results: label → [S]. reference: label → level of a dashed line.
    Raises ValueError, by `evaluation.interval`, for fewer than 2 runs or NaN.
    """
    need(results and xlabel, "results need a row or more, and xlabel what was measured.")
    figure = Figure(figsize=(7.2, 0.9 + 0.5 * len(results)))
    axes, means = figure.subplots(), []
    for row, (label, (color, marker)) in enumerate(zip(results, cycle(LOOKS), strict=False)):
        runs = results[label]
        need(np.ndim(runs) < 2, f"{label} must be one number a run, [S], not {np.shape(runs)}.")
        mean, low, high = estimate = evaluation.interval(runs)
        means.append(f"{label}: {estimate}")
        spread = row + np.linspace(-0.2, 0.2, len(runs))  # else equal runs hide each other
        axes.scatter(runs, spread, color=color, marker=marker, s=16, alpha=0.5, linewidth=0)
        axes.plot([low, high], [row, row], color=color, lw=6, alpha=0.35, solid_capstyle="butt")
        axes.plot([mean, mean], [row - 0.3, row + 0.3], color=color, lw=2.5)
    for label, x in (reference or {}).items():
        axes.axvline(x, color=GREY, linestyle="--", linewidth=1)
        axes.annotate(label, (x, 1), xycoords=("data", "axes fraction"), ha="center", **NOTE)
    axes.set(xlabel=xlabel, ylim=(len(results) - 0.5, -0.5))
    axes.set_yticks(range(len(results)), results)
    figure.sentence = f"{xlabel[0].upper()}{xlabel[1:]}: {MEANING} {'; '.join(means)}."
    return figure


def q_map(q: np.ndarray, policy: np.ndarray, symbols: list[str], title: str = "") -> Figure:
    """A grid world's table: in each cell one triangle an action, coloured by its value, and arrows.

    q, policy: [rows · columns, 4], actions left, down, right, up. symbols: the cells' letters, one
    string a row; H, G and C end the episode. Raises ValueError for tables of another shape.
    """
    widths = {len(row) * isinstance(row, str) for row in symbols}
    need(len(widths) == 1 and 0 not in widths, "symbols must be letters, in rows of one length.")
    rows, (columns,), q, policy = len(symbols), widths, np.asarray(q), np.asarray(policy)
    if not q.shape == policy.shape == (rows * columns, 4):
        needed = f"a map of {rows} by {columns} cells needs q and policy of shape "
        raise ValueError(f"{needed}({rows * columns}, 4), not {q.shape} and {policy.shape}.")
    figure = Figure(figsize=(0.9 * columns + 1.2, 0.9 * rows + 0.4))
    axes = figure.subplots()
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
    axes.add_collection(cells)
    figure.colorbar(cells, ax=axes, shrink=0.85, label="q(s, a)")
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", title=title)
    axes.axis("off")
    head = f"A map of {rows} by {columns} cells with action values between {min(values):.3f}"
    arrows = " / ".join(map(" ".join, np.reshape(words, (rows, columns))))
    figure.sentence = f"{head} and {max(values):.3f}. The policy, row by row: {arrows}."
    return figure


@checked
def heat_map(values, rows: dict, columns: dict, quantity: str, limits=(None, None)) -> Figure:
    """A table as coloured cells with their numbers in them.

    values: [R, C]. rows, columns: a title each, with a list of its R or C labels. limits: values of
    the first and the last colour. Raises ValueError for another shape.
    """
    (row_title, row_labels), (column_title, column_labels) = *rows.items(), *columns.items()
    if np.shape(values) != (len(row_labels), len(column_labels)):
        named = f"{len(row_labels)} rows and {len(column_labels)} columns are named"
        raise ValueError(f"{named}, the values have shape {np.shape(values)}.")
    need(np.asarray(values).dtype.kind in "biuf", "the values of a heat map must be numbers.")
    need(np.shape(limits) == (2,), f"limits = {limits}: must be the lowest and the highest value.")
    figure = Figure(figsize=(1.6 + 0.9 * len(column_labels), 1.2 + 0.42 * len(row_labels)))
    axes = figure.subplots()
    cells = axes.pcolormesh(values, vmin=limits[0], vmax=limits[1], edgecolors="white", linewidth=1)
    for (y, x), value in np.ndenumerate(values):
        ink = "black" if cells.norm(value) > 0.6 else "white"  # the highest values are yellow
        axes.text(x + 0.5, y + 0.5, f"{value:.0f}", ha="center", va="center", size=9, color=ink)
    axes.set(xlabel=column_title, ylabel=row_title, ylim=(len(row_labels), 0))
    axes.set_xticks(np.arange(len(column_labels)) + 0.5, column_labels)
    axes.set_yticks(np.arange(len(row_labels)) + 0.5, row_labels)
    axes.grid(False)
    numbers = [", ".join(f"{value:.0f}" for value in row) for row in values]
    lines = [f"{label}: {line}" for label, line in zip(row_labels, numbers, strict=True)]
    head = f"{quantity}, by {row_title}, for {column_title} {', '.join(map(str, column_labels))}"
    figure.sentence = f"{head}: {'; '.join(lines)}."
    return figure


@checked
def animation(frames: list[np.ndarray], sentence: str, frames_per_second: float = 4) -> None:
    """Display pictures [height, width, 3] as an animated WebP image, with a sentence."""
    frames = list(frames)
    kinds = {np.asarray(frame).dtype for frame in frames}
    need(kinds == {np.dtype(np.uint8)}, "frames must be uint8, as of an env with render_mode.")
    need(frames_per_second > 0, f"frames_per_second = {frames_per_second}: must be above 0.")
    pictures = [Picture.fromarray(frame) for frame in frames]
    pictures = [picture.resize((picture.width // 2, picture.height // 2)) for picture in pictures]
    buffer = io.BytesIO()
    options = {"append_images": pictures[1:], "duration": int(1000 / frames_per_second), "loop": 0}
    pictures[0].save(buffer, "webp", save_all=True, **options)
    display(Image(buffer.getvalue(), format="webp", alt=sentence), Markdown(sentence))
