"""Figures in one style: safe colours, a marker beside each colour, every run behind the mean, and a sentence of text.

Each function returns a `Figure` whose `sentence` is made from the same data; `show` displays both.
Figures are made without pyplot, so that a background thread may draw too.
"""

import io
import threading
from itertools import cycle
from typing import NamedTuple

import matplotlib
import numpy as np
from IPython.display import Image, Markdown, display
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from PIL import Image as Picture

from course_utils import evaluation

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LOOKS = list(zip(COLORS, "osD^vP*", strict=True))  # a marker beside each colour
ARROW = {"width": 2.5, "headwidth": 9, "headlength": 7, "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}

matplotlib.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#dddddd",
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
)
_drawing = threading.Lock()


class Curve(NamedTuple):
    """One quantity of S runs over time: steps [T], values [S, T]."""

    steps: np.ndarray
    values: np.ndarray


def show(figure: Figure) -> None:
    """Display a figure with its sentence, which screen readers get as well."""
    alternative = {"image/png": {"alt": figure.sentence}}
    display({"image/png": to_png(figure), "text/plain": figure.sentence}, raw=True, metadata=alternative)
    display(Markdown(figure.sentence))


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file, also from a background thread."""
    buffer = io.BytesIO()
    with _drawing:
        figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def learning_curves(
    curves: dict[str, Curve], ylabel: str, reference: dict[str, float] | None = None, figure: Figure | None = None
) -> Figure:
    """Interquartile mean, 95 % interval and single runs of each labelled curve; `reference` adds dashed lines.

    The interval holds for each point by itself.
    Raises ValueError, by `evaluation.interval`, for a curve of fewer than 2 runs or with NaN.
    """
    figure = figure or Figure(figsize=(7.2, 3.6))
    axes = figure.subplots()
    ends = {}
    for (label, curve), (color, marker) in zip(curves.items(), cycle(LOOKS), strict=False):
        mean, low, high = evaluation.interval(curve.values)
        ends[label] = evaluation.Estimate(mean[-1], low[-1], high[-1])
        axes.plot(curve.steps, curve.values.T, color=color, alpha=0.12, linewidth=0.7)
        axes.fill_between(curve.steps, low, high, color=color, alpha=0.25, linewidth=0)
        every = max(1, len(curve.steps) // 8)
        axes.plot(curve.steps, mean, color=color, marker=marker, markevery=every, markersize=5, label=label)
    for label, level in (reference or {}).items():
        axes.axhline(level, color="#555555", linestyle="--", linewidth=1)
        axes.annotate(label, (1, level), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set(xlabel="environment steps of each run", ylabel=ylabel)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if len(curves) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.sentence = f"At the last point, {ylabel}: {_told(ends)}."
    return figure


def compare_runs(results: dict[str, np.ndarray], xlabel: str, reference: dict[str, float] | None = None) -> Figure:
    """One row a label: each run as a marker, the interquartile mean as a bar with its 95 % interval.

    results: label → [S]. Raises ValueError, by `evaluation.interval`, for fewer than 2 runs or NaN.
    """
    figure = Figure(figsize=(7.2, 0.9 + 0.5 * len(results)))
    axes = figure.subplots()
    estimates = {label: evaluation.interval(values) for label, values in results.items()}
    for row, (label, (color, marker)) in enumerate(zip(results, cycle(LOOKS), strict=False)):
        values, (mean, low, high) = results[label], estimates[label]
        spread = row + np.linspace(-0.2, 0.2, len(values))
        axes.scatter(values, spread, color=color, marker=marker, s=16, alpha=0.5, linewidth=0)
        axes.plot([low, high], [row, row], color=color, linewidth=6, alpha=0.35, solid_capstyle="butt")
        axes.plot([mean, mean], [row - 0.3, row + 0.3], color=color, linewidth=2.5)
    for label, level in (reference or {}).items():
        axes.axvline(level, color="#555555", linestyle="--", linewidth=1)
        axes.annotate(label, (level, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8)
    axes.set(xlabel=xlabel, yticks=range(len(results)), yticklabels=results, ylim=(len(results) - 0.5, -0.5))
    figure.sentence = f"{xlabel[0].upper()}{xlabel[1:]}: {_told(estimates)}."
    return figure


def _told(estimates):
    parts = [f"{label}: {estimate}" for label, estimate in estimates.items()]
    return "interquartile mean with 95 % interval of " + "; ".join(parts)


def q_map(q: np.ndarray, policy: np.ndarray, symbols: list[str], title: str = "") -> Figure:
    """Draw a grid world's table: in each cell one triangle an action, coloured by its value, and the policy's arrows.

    q, policy: [rows · columns, 4], actions left, down, right, up (reorder them first where they differ).
    symbols: the cells' letters, one string a row; cells marked H, G or C end the episode and stay blank.
    Raises ValueError for tables of another shape.
    """
    rows, columns = len(symbols), len(symbols[0])
    if not q.shape == policy.shape == (rows * columns, 4):
        needed = f"a map of {rows} by {columns} cells needs q and policy of shape ({rows * columns}, 4)"
        raise ValueError(f"{needed}, not {q.shape} and {policy.shape}.")
    figure = Figure(figsize=(0.9 * columns + 1.2, 0.9 * rows + 0.4))
    axes = figure.subplots()
    corner = 0.5 * np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])  # x and y, with y pointing down
    direction = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])
    triangles, values = [], []
    for cell, symbol in enumerate("".join(symbols)):
        center = np.array([cell % columns, cell // columns])
        if symbol in "HGC":
            axes.annotate(symbol, center, ha="center", va="center", fontsize=14, color="#555555")
            continue
        triangles += [center + np.array([[0, 0], corner[a], corner[(a + 1) % 4]]) for a in range(4)]
        values += list(q[cell])
        for action in np.flatnonzero(policy[cell] > 0.01):
            axes.annotate("", center + 0.34 * direction[action], center, arrowprops=ARROW)
    patches = PolyCollection(triangles, array=np.array(values), cmap="viridis", edgecolors="white", linewidths=0.5)
    axes.add_collection(patches)
    figure.colorbar(patches, ax=axes, shrink=0.85, label="q(s, a)")
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[], title=title)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    figure.sentence = (
        f"A map of {rows} by {columns} cells with action values between {min(values):.3f} and {max(values):.3f}. "
        f"The policy, row by row: {_arrows(policy, symbols)}."
    )
    return figure


def _arrows(policy, symbols):
    cells = [
        symbol
        if symbol in "HGC"
        else "".join(arrow for arrow, share in zip("←↓→↑", shares, strict=True) if share > 0.01)
        for symbol, shares in zip("".join(symbols), policy, strict=True)
    ]
    columns = len(symbols[0])
    return " / ".join(" ".join(cells[start : start + columns]) for start in range(0, len(cells), columns))


def heat_map(
    values: np.ndarray, rows: dict[str, list], columns: dict[str, list], quantity: str, limits: tuple = (None, None)
) -> Figure:
    """A table as coloured cells with their numbers in them.

    values: [R, C]. rows, columns: one title each, with its R or C labels. limits: the values of the first and the last
    colour, so that several tables can be compared. Raises ValueError for another shape.
    """
    (row_title, row_labels), (column_title, column_labels) = *rows.items(), *columns.items()
    if np.shape(values) != (len(row_labels), len(column_labels)):
        raise ValueError(f"{len(row_labels)} rows and {len(column_labels)} columns are named, the values have shape "
                         f"{np.shape(values)}.")  # fmt: skip
    figure = Figure(figsize=(1.6 + 0.9 * len(column_labels), 1.2 + 0.42 * len(row_labels)))
    axes = figure.subplots()
    cells = axes.pcolormesh(values, cmap="viridis", vmin=limits[0], vmax=limits[1], edgecolors="white", linewidth=1)
    for (row, column), value in np.ndenumerate(values):
        color = "black" if cells.norm(value) > 0.6 else "white"
        axes.annotate(f"{value:.0f}", (column + 0.5, row + 0.5), ha="center", va="center", fontsize=9, color=color)
    axes.set(xlabel=column_title, ylabel=row_title, ylim=(len(row_labels), 0))
    axes.set_xticks(np.arange(len(column_labels)) + 0.5, column_labels)
    axes.set_yticks(np.arange(len(row_labels)) + 0.5, row_labels)
    axes.grid(False)
    told = "; ".join(
        f"{label}: " + ", ".join(f"{value:.0f}" for value in row) for label, row in zip(row_labels, values, strict=True)
    )
    figure.sentence = f"{quantity}, by {row_title}, for {column_title} {', '.join(map(str, column_labels))}: {told}."
    return figure


def animation(frames: list[np.ndarray], sentence: str, frames_per_second: float = 4) -> None:
    """Display pictures [height, width, 3] as an animated WebP image, with a sentence that says what happens in it."""
    pictures = [Picture.fromarray(frame).resize((frame.shape[1] // 2, frame.shape[0] // 2)) for frame in frames]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "webp", save_all=True, append_images=pictures[1:], duration=int(1000 / frames_per_second), loop=0
    )
    display(Image(buffer.getvalue(), format="webp", alt=sentence))
    display(Markdown(sentence))
