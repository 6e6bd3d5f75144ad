"""Drawings of an evaluation: confusion, reliability, and a figure by group; the colours suit colour-blind readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.results.evaluation.bootstrap import Interval
from pipeline.results.evaluation.measures import Judged, reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE = "#0072B2", "#D55E00"  # of Okabe and Ito (2008)
COLOURS = "cividis"  # made for readers with and without colour blindness (Nuñez et al. 2018)
DPI = 150
INCH_PER_LABEL = 0.7
DARK = 0.5  # share from which cividis is light enough for dark digits


def draw_confusion(judged: Judged, title: str, path: Path) -> Path:
    """The confusion by true label, each row in shares of it, with the counts."""
    counts = judged.confusion
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / totals
    size = 2.5 + INCH_PER_LABEL * len(judged.labels)
    figure, axes = _empty_figure(size, size)
    image = axes.imshow(shares, vmin=0, vmax=1, cmap=COLOURS)
    for row, column in np.ndindex(*counts.shape):
        colour = "black" if shares[row, column] > DARK else "white"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(judged.labels)), judged.labels, rotation=45, ha="right")
    axes.set_yticks(range(len(judged.labels)), judged.labels)
    axes.set(xlabel="model", ylabel="humans", title=title)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the human label")
    return _save_figure(figure, path)


def draw_reliability(judged: Judged, error: Interval, title: str, path: Path) -> Path:
    """How often the model is right at each confidence; on the dotted line it is as sure as it is right."""
    spans, confidence, right = reliability(judged)
    used = spans > 0
    figure, axes = _empty_figure(5.0, 5.0)
    axes.plot([0, 1], [0, 1], linestyle=":", color="black", label="calibrated")
    sizes = 20 + 180 * spans[used] / spans.max()
    axes.scatter(confidence[used], right[used], s=sizes, color=BLUE, label="bins, larger with more spans", zorder=3)
    axes.plot(confidence[used], right[used], color=BLUE, linewidth=1)
    ece = "unknown" if error.value is None else f"{error.value:.3f}"
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the label", ylabel="share that is right")
    axes.set_title(f"{title}: calibration error {ece}")
    axes.legend(loc="upper left")
    return _save_figure(figure, path)


def draw_groups(values: Sequence[tuple[str, Interval, int]], measure: str, title: str, path: Path) -> Path:
    """One figure in each group, with its interval: name of the group, figure, spans."""
    figure, axes = _empty_figure(7.0, 1.2 + 0.4 * len(values))
    for row, (_, one, _) in enumerate(values):
        if one.value is None:
            continue
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [row, row], color=BLUE, linewidth=2)
        axes.plot(one.value, row, marker="o", color=ORANGE, linestyle="none")
    axes.set_yticks(range(len(values)), [f"{name} (n = {n})" for name, _, n in values])
    axes.invert_yaxis()
    axes.set(xlabel=f"{measure} with its 95 % interval", title=title)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)
    return _save_figure(figure, path)


def draw_differences(values: Sequence[tuple[str, Interval, str]], label: str, title: str, path: Path) -> Path:
    """Differences with their intervals beside a line at 0: name of the measure, difference, what stands behind it."""
    figure, axes = _empty_figure(7.0, 1.4 + 0.45 * len(values))
    axes.axvline(0, color="black", linewidth=1, linestyle=":")
    for row, (_, one, _) in enumerate(values):
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [row, row], color=BLUE, linewidth=2)
        if one.value is not None:
            axes.plot(one.value, row, marker="o", color=ORANGE, linestyle="none")
    axes.set_yticks(range(len(values)), [f"{name} ({behind})" for name, _, behind in values])
    axes.invert_yaxis()
    axes.set(xlabel=label, title=title)
    axes.grid(axis="x", alpha=0.3)
    return _save_figure(figure, path)


def _empty_figure(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _save_figure(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
    return path
