"""Agreement of coders: Krippendorff's alpha and Cohen's kappa, from sums over sounds, so that authors are resampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.results.evaluation.bootstrap import Interval, Numbers, by_cluster, estimate

NOMINAL, ORDINAL, INTERVAL = "nominal", "ordinal", "interval"
#: At which levels agreement is given for answers of a level of measurement.
GIVEN = {NOMINAL: (NOMINAL,), ORDINAL: (NOMINAL, ORDINAL), INTERVAL: (ORDINAL, INTERVAL)}


def alpha(answers: Numbers, level: str, clusters: NDArray[np.str_]) -> Interval:
    """Krippendorff's alpha of answers `(sounds, coders)`, NaN where there is none (Krippendorff 2004).

    1 is perfect agreement, 0 what chance gives. Sounds with one answer do not count; where all answers are one, or
    nobody heard what another heard, it is unknown.
    """
    values = np.unique(answers[np.isfinite(answers)])
    if not values.size:
        return Interval(None, reason="nothing_to_measure")
    coincidences = _coincidences(answers, values)
    sums = by_cluster(coincidences.reshape(len(answers), -1), clusters)
    used = sums.sum(axis=1) > 0
    return estimate(sums[used] if used.any() else sums, lambda totals: _alphas(totals, values, level))


def kappa(first: Numbers, second: Numbers, clusters: NDArray[np.str_]) -> Interval:
    """Cohen's kappa of two coders' answers `(sounds,)`, over the sounds that both answered."""
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return Interval(None, reason="nothing_to_measure")
    values = np.unique(np.concatenate([first[both], second[both]]))
    size = values.size
    parts = np.zeros((int(both.sum()), size * size))
    cells = np.searchsorted(values, first[both]) * size + np.searchsorted(values, second[both])
    parts[np.arange(len(parts)), cells] = 1
    return estimate(by_cluster(parts, clusters[both]), lambda totals: _kappas(totals, size))


def _coincidences(answers: Numbers, values: Numbers) -> Numbers:
    """Pairs of answers to each sound, each counted 1 / (answers - 1), `(sounds, values, values)`."""
    counts = (answers[:, :, None] == values).sum(axis=1).astype(float)
    given = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(values.size)
    found: Numbers = np.where(given[:, None, None] > 1, pairs / np.maximum(given - 1, 1)[:, None, None], 0.0)
    return found


def _alphas(totals: Numbers, values: Numbers, level: str) -> Numbers:
    """Alpha from sums of coincidences, `(resamples,)`; NaN where no two different values are expected."""
    observed = totals.reshape(-1, values.size, values.size)
    frequencies = observed.sum(axis=2)
    apart = _distances(frequencies, values, level)
    expected = frequencies[:, :, None] * frequencies[:, None, :]
    disagreement = (observed * apart).sum(axis=(1, 2)) * (frequencies.sum(axis=1) - 1)
    chance = (expected * apart).sum(axis=(1, 2))
    found = np.full(len(observed), np.nan)
    np.divide(disagreement, chance, out=found, where=chance > 0)
    return 1 - found


def _distances(frequencies: Numbers, values: Numbers, level: str) -> Numbers:
    """How far apart two values are, squared, `(resamples or 1, values, values)`."""
    if level == NOMINAL:
        return 1.0 - np.eye(values.size)[None]
    if level == INTERVAL:
        squared: Numbers = (values[:, None] - values[None, :])[None] ** 2
        return squared
    middle = np.cumsum(frequencies, axis=1) - frequencies / 2  # ranks: between two values lie half of both and all else
    return (middle[:, :, None] - middle[:, None, :]) ** 2


def _kappas(totals: Numbers, size: int) -> Numbers:
    counts = totals.reshape(-1, size, size)
    whole = counts.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.trace(counts, axis1=1, axis2=2) / whole
        chance = (counts.sum(axis=1) * counts.sum(axis=2)).sum(axis=1) / whole**2
        found = (same - chance) / (1 - chance)
    return np.where(chance < 1, found, np.nan)
