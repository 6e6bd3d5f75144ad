"""How frequent each tone is, corrected by people's labels: a share of what a model says is a statement about the model.

Two corrections stand side by side. Prediction-powered inference (Angelopoulos et al. 2023, with the weight that makes
it never worse than labels alone) adds to the mean of the model's probabilities their mean error on what people
labelled; it is right for labels that were drawn at random, or weighted back to what they were drawn from. Adjusted
counts (Forman 2008) turn the measured confusion around; they are right for labels that were chosen by tone, as long
as the model confuses tones there as it does elsewhere. Where the two differ much, the labels were not drawn at
random.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.results.evaluation.bootstrap import (
    CONFIDENCE,
    Interval,
    Measure,
    Numbers,
    by_cluster,
    estimate,
    without_few,
)
from pipeline.results.evaluation.measures import Figure, ratios
from pipeline.results.evaluation.units import Units

LEAST_LABELS = 10  # fewer say next to nothing of a share
FEW_LABELS = "few_labels"
STATED, CORRECTED, ADJUSTED = "share_stated", "share_corrected", "share_adjusted"


def share_figures(units: Units, chosen: NDArray[np.bool_]) -> list[Figure]:
    """Shares of each tone among the chosen units: as the model states them, corrected, and by adjusted counts.

    `n` is the number of labelled units; of the stated share, that of all.
    """
    labels = int((units.labelled & chosen).sum())
    strongest = _one_hot(units.said[chosen])
    clusters = units.clusters[chosen]
    figures = []
    for index, tone in enumerate(units.tones):
        counted = by_cluster(np.stack([strongest[:, index], np.ones(len(strongest))], axis=1), clusters)
        figures.append(Figure(STATED, tone, estimate(counted, ratios), int(chosen.sum())))
    if labels < LEAST_LABELS:
        few = Interval(None, reason=FEW_LABELS)
        return figures + [Figure(name, tone, few, labels) for tone in units.tones for name in (CORRECTED, ADJUSTED)]
    for index, tone in enumerate(units.tones):
        figures.append(Figure(CORRECTED, tone, _corrected(units, chosen, index), labels))
    return figures + _adjusted(units, chosen, labels)


def _corrected(units: Units, chosen: NDArray[np.bool_], index: int) -> Interval:
    """The share of one tone by prediction-powered inference, with its interval over authors."""
    clusters, heard, truth = units.clusters[chosen], units.labelled[chosen], units.truth[chosen, index]
    found = estimate(by_cluster(powered_parts(units, index)[chosen], clusters), powered_means)
    found = without_few(found, np.unique(clusters[heard]).size)
    if np.ptp(truth[heard]) or found.low is None or found.high is None:
        return found
    # All labels agree: resampled, they would still, and the interval would have no width (exact binomial, by authors).
    most = 1 - ((1 - CONFIDENCE) / 2) ** (1 / np.unique(clusters[heard]).size)
    return (
        replace(found, high=max(found.high, most))
        if truth[heard][0] == 0
        else replace(found, low=min(found.low, 1 - most))
    )


def powered_parts(units: Units, index: int) -> Numbers:
    """What `powered_means` takes the sums of, for one tone, `(units, 8)`."""
    said, truth, weights = units.said[:, index], units.truth[:, index], units.weights
    return np.stack(
        [np.ones_like(said), said, weights > 0, weights, weights * truth, weights * said, weights * truth * said,
         weights * said**2],
        axis=1,
    )  # fmt: skip


def powered_means(totals: Numbers) -> Numbers:
    """Shares from sums over units, `(…, 8)`: units and what is said of them; labelled units, their weights, and of the
    labelled the weighted sums of truth, said, their product and said squared.
    """
    units, said, labelled, weight, truth, said_there, both, squares = np.moveaxis(totals, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_truth, mean_said = truth / weight, said_there / weight
        spread = squares / weight - mean_said**2
        shared = both / weight - mean_truth * mean_said
        trusted = np.where(spread > SPREAD_FLOOR, shared / (spread * (1 + labelled / units)), 0.0)
        values: Numbers = mean_truth + np.clip(trusted, 0, 1) * (said / units - mean_said)
    return np.clip(values, 0, 1)


SPREAD_FLOOR = 1e-12  # less variance is rounding


def _adjusted(units: Units, chosen: NDArray[np.bool_], labels: int) -> list[Figure]:
    """Shares by adjusted counts, of tones that people and the model both know."""
    size = len(units.tones)
    said, truth, weights = _one_hot(units.said[chosen]), units.truth[chosen], units.weights[chosen]
    confused = (weights[:, np.newaxis] * truth)[:, :, np.newaxis] * said[:, np.newaxis, :]
    parts = np.concatenate([said, confused.reshape(len(said), size * size)], axis=1)
    sums = by_cluster(parts, units.clusters[chosen])
    authors = np.unique(units.clusters[chosen & units.labelled]).size
    return [
        Figure(ADJUSTED, tone, without_few(estimate(sums, _adjusted_share(size, index)), authors), labels)
        for index, tone in enumerate(units.tones)
    ]


def _adjusted_share(size: int, index: int) -> Measure:
    return lambda totals: adjusted_shares(totals, size)[:, index]


def adjusted_shares(totals: Numbers, size: int) -> Numbers:
    """Shares `(…, tones)` from how often each tone is said and how true tones are confused, `(…, tones + tones²)`.

    NaN where a tone has no label, or where the confusion cannot be turned around.
    """
    said = totals[:, :size] / totals[:, :size].sum(axis=1, keepdims=True)
    confused = totals[:, size:].reshape(-1, size, size)
    heard = confused.sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = confused / heard
    known = (heard > 0).all(axis=(1, 2))
    shares = np.full((len(totals), size), np.nan)
    if known.any():
        turned = np.linalg.pinv(np.swapaxes(rates[known], 1, 2), rcond=1e-3)
        found = np.clip(np.einsum("nij,nj->ni", turned, said[known]), 0, None)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares[known] = found / found.sum(axis=1, keepdims=True)
    return shares


def _one_hot(said: Numbers) -> Numbers:
    strongest = np.zeros_like(said)
    strongest[np.arange(len(said)), said.argmax(axis=1)] = 1
    return strongest
