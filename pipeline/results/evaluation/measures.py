"""Figures of a model against human labels, each from sums over clusters, so that all share one bootstrap.

Counts of confusions have true labels in rows and the model's in columns. A label that never occurs has no recall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone.calibration import CALIBRATION_BINS, Indices, confusion
from pipeline.results.evaluation.bootstrap import Interval, Measure, Numbers, by_cluster, estimate, ratio

ONE_LABEL = "one_label"  # why there is no average over labels


@dataclass(frozen=True, slots=True)
class Judged:
    """The labels of humans and of a model for the same spans of speech."""

    labels: tuple[str, ...]  # that the model knows
    truth: Indices  # (spans,) indices of labels
    shares: Numbers  # (spans, labels), 0–1
    clusters: NDArray[np.str_]  # (spans,) authors, speakers or clips

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Spans by true label (rows) and by the model's (columns), `(labels, labels)`."""
        return confusion(self.truth, self.shares.argmax(axis=1), len(self.labels))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one model, over all labels or of one."""

    measure: str
    label: str | None
    estimate: Interval
    n: int  # spans behind it


def tone_figures(judged: Judged) -> list[Figure]:
    """UAR, macro-F1 and calibration error over all labels, then recall and precision of each that occurs.

    Where all spans have one true label, UAR and macro-F1 are unknown: the recall of that label says it all.
    """
    size = len(judged.labels)
    confusions = by_cluster(_confusion_parts(judged), judged.clusters)
    spans = judged.truth.size
    averages = {
        name: estimate(confusions, _on_confusions(measure, size))
        for name, measure in (("uar", average_recalls), ("macro_f1", macro_f1s))
    }
    if np.unique(judged.truth).size == 1:  # a model that always gives that label would have 1.0
        averages = dict.fromkeys(averages, Interval(None, reason=ONE_LABEL))
    found = [Figure(name, None, one, spans) for name, one in averages.items()]
    found.append(
        Figure("ece", None, estimate(by_cluster(_bin_parts(judged), judged.clusters), calibration_errors), spans)
    )
    counts = judged.confusion
    for index, label in enumerate(judged.labels):
        for name, values, n in (
            ("recall", recalls, counts[index].sum()),
            ("precision", precisions, counts[:, index].sum()),
        ):
            if n:
                one = estimate(confusions, _one_label(values, size, index))
                found.append(Figure(name, label, one, int(n)))
    return found


def share(parts: Numbers, clusters: NDArray[np.str_]) -> Interval:
    """A ratio of two sums: `parts` has shape `(spans, 2)`, what is counted and what it is counted in."""
    return estimate(by_cluster(parts, clusters), ratios)


def concordance(true: Numbers, said: Numbers, clusters: NDArray[np.str_]) -> Interval:
    """CCC (Lin 1989), -1 to 1: how near numbers `(spans,)` lie to the line on which the model is right."""
    parts = np.stack([np.ones_like(true), true, said, true**2, said**2, true * said], axis=1)
    return estimate(by_cluster(parts, clusters), concordances)


# ---------------------------------------------------------------- measures over totals (resamples, parts)


def recalls(counts: Numbers) -> Numbers:
    """Share of each true label that was recognised, of confusions `(…, labels, labels)`; NaN where none occurs."""
    return ratio(_diagonal(counts), counts.sum(axis=-1))


def precisions(counts: Numbers) -> Numbers:
    """Share of each label that the model gives that is true; NaN where it gives none."""
    return ratio(_diagonal(counts), counts.sum(axis=-2))


def average_recalls(counts: Numbers) -> Numbers:
    """UAR: the mean of the recalls of labels that occur, so that a frequent label counts no more than a rare one."""
    return _mean_of_known(recalls(counts))


def macro_f1s(counts: Numbers) -> Numbers:
    """Macro-F1: the mean of each label's F1, over labels that occur or that the model gives."""
    return _mean_of_known(ratio(2 * _diagonal(counts), counts.sum(axis=-1) + counts.sum(axis=-2)))


def calibration_errors(totals: Numbers) -> Numbers:
    """ECE (Guo et al. 2017), of spans, confidence and right answers in each bin, `(…, 3 * bins)`."""
    spans, confidence, right = np.split(totals, 3, axis=-1)
    return ratio(np.abs(confidence - right).sum(axis=-1), spans.sum(axis=-1))


def concordances(totals: Numbers) -> Numbers:
    """CCC of the sums 1, x, y, x², y² and xy, `(…, 6)`; NaN where neither varies."""
    n, x, y, xx, yy, xy = np.moveaxis(totals, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = x / n, y / n
        spread = xx / n - mean_x**2 + yy / n - mean_y**2
        agreement = 2 * (xy / n - mean_x * mean_y) / (spread + (mean_x - mean_y) ** 2)
    values: Numbers = np.where(spread > SPREAD_FLOOR, agreement, np.nan)
    return values


SPREAD_FLOOR = 1e-12  # less variance is rounding


def ratios(totals: Numbers) -> Numbers:
    """The first sum over the second, of `(…, 2)`."""
    return ratio(totals[..., 0], totals[..., 1])


def reliability(judged: Judged) -> tuple[Numbers, Numbers, Numbers]:
    """Spans, mean confidence and share of right answers in each bin of confidence, `(bins,)`; NaN in empty bins."""
    spans, confidence, right = np.split(_bin_parts(judged).sum(axis=0), 3)
    return spans, ratio(confidence, spans), ratio(right, spans)


# ---------------------------------------------------------------- parts of one span


def _confusion_parts(judged: Judged) -> Numbers:
    size = len(judged.labels)
    parts = np.zeros((judged.truth.size, size * size))
    parts[np.arange(judged.truth.size), judged.truth * size + judged.shares.argmax(axis=1)] = 1
    return parts


def _bin_parts(judged: Judged) -> Numbers:
    """1, confidence and 1 if right, each in the column of the span's bin, `(spans, 3 * bins)`."""
    confidence = judged.shares.max(axis=1)
    right = judged.shares.argmax(axis=1) == judged.truth
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    parts = np.zeros((confidence.size, 3, CALIBRATION_BINS))
    parts[np.arange(confidence.size), :, bins] = np.stack([np.ones_like(confidence), confidence, right], axis=1)
    return parts.reshape(confidence.size, 3 * CALIBRATION_BINS)


def _on_confusions(measure: Measure, size: int) -> Measure:
    return lambda totals: measure(totals.reshape(-1, size, size))


def _one_label(measure: Measure, size: int, index: int) -> Measure:
    return lambda totals: measure(totals.reshape(-1, size, size))[:, index]


def _diagonal(counts: Numbers) -> Numbers:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _mean_of_known(values: Numbers) -> Numbers:
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(float))
