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
LEAST_AUTHORS = 5  # of a group: fewer, resampled, vary too little, and one does not vary at all
FEW_AUTHORS = "few_authors"
LEAST_CLUSTERS = 2  # resampling a single cluster shows nothing about others


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its confidence interval; None is unknown, and `reason` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def without_few(found: Interval, authors: int) -> Interval:
    """The interval of a group, or of the smaller of two; without its ends where it has too few authors."""
    return found if found.low is None or authors >= LEAST_AUTHORS else Interval(found.value, reason=FEW_AUTHORS)


def by_cluster(parts: Numbers, clusters: NDArray[np.str_]) -> Numbers:
    """Sums of the parts `(utterances, parts)` over each cluster, `(clusters, parts)`, clusters in sorted order."""
    names, index = np.unique(clusters, return_inverse=True)
    sums = np.zeros((names.size, parts.shape[1]))
    np.add.at(sums, index, parts)
    return sums


def ratio(part: Numbers, whole: Numbers) -> Numbers:
    """One part over the whole; NaN where the whole is 0, which callers turn into unknown."""
    found = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def estimate(sums: Numbers, measure: Measure) -> Interval:
    """A figure of the totals of `sums`, shape `(clusters, parts)`, with its percentile interval (Efron 1979).

    Resamples that do not give the figure are left out of the interval. The same sums give the same interval.
    """
    return estimates(sums, lambda totals: measure(totals)[:, np.newaxis])[0]


def estimates(sums: Numbers, measures: Measure) -> list[Interval]:
    """Several figures of the same totals, which `measures` gives as `(resamples, figures)`, each with its interval."""
    values = measures(sums.sum(axis=0, keepdims=True))[0]
    if len(sums) < LEAST_CLUSTERS:
        return [_interval(value, None) for value in values]
    generator = np.random.default_rng(SEED)
    even = np.full(len(sums), 1 / len(sums))
    draws = [
        measures(generator.multinomial(len(sums), even, RESAMPLES_AT_ONCE) @ sums)
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE)
    ]
    return [_interval(value, drawn) for value, drawn in zip(values, np.concatenate(draws).T, strict=True)]


def _interval(value: float, drawn: Numbers | None) -> Interval:
    if not np.isfinite(value):
        return Interval(None, reason="nothing_to_measure")
    if drawn is None:
        return Interval(float(value), reason="one_cluster")
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(value), float(low), float(high))
