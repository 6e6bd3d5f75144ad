"""Confidence intervals by bootstrap over clusters (authors, speakers or clips), which are resampled whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: A figure from totals `(resamples, parts)`, as `(resamples,)`; NaN where the totals do not give it.
Measure = Callable[[Numbers], Numbers]

RESAMPLES = 2_000
RESAMPLES_AT_ONCE = 100  # bounds memory: this many times the number of clusters
CONFIDENCE = 0.95
SEED = 1
LEAST_CLUSTERS = 2  # resampling a single cluster shows nothing about others


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its confidence interval; None is unknown, and `reason` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def by_cluster(parts: Numbers, clusters: NDArray[np.str_]) -> Numbers:
    """Sums of the parts `(utterances, parts)` over each cluster, `(clusters, parts)`, clusters in sorted order."""
    names, index = np.unique(clusters, return_inverse=True)
    sums = np.zeros((names.size, parts.shape[1]))
    np.add.at(sums, index, parts)
    return sums


def estimate(sums: Numbers, measure: Measure) -> Interval:
    """A figure of the totals of `sums`, shape `(clusters, parts)`, with its percentile interval (Efron 1979).

    Resamples that do not give the figure are left out of the interval. The same sums give the same interval.
    """
    value = float(measure(sums.sum(axis=0, keepdims=True))[0])
    if not np.isfinite(value):
        return Interval(None, reason="nothing_to_measure")
    if len(sums) < LEAST_CLUSTERS:
        return Interval(value, reason="one_cluster")
    generator = np.random.default_rng(SEED)
    even = np.full(len(sums), 1 / len(sums))
    draws = [
        measure(generator.multinomial(len(sums), even, RESAMPLES_AT_ONCE) @ sums)
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE)
    ]
    known = np.concatenate(draws)
    known = known[np.isfinite(known)]
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low), float(high))
