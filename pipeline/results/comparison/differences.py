"""How much the means of groups differ, with intervals over authors: each author's clips are one draw, not many.

Authors who are in both groups are resampled with both, so what they have in common falls out of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.results.evaluation.bootstrap import Interval, Numbers, by_cluster, estimate, estimates, ratio

Mask = NDArray[np.bool_]

PERMUTATIONS = 9_999
AT_ONCE = 1_000  # permutations; bounds memory
SEED = 1


def difference(values: Numbers, clusters: NDArray[np.str_], in_a: Mask, in_b: Mask) -> Interval:
    """Mean of A less mean of B, of values `(clips,)`, with its 95 % bootstrap interval over authors."""
    parts = np.stack([in_a, in_a * values, in_b, in_b * values], axis=1).astype(np.float64)
    return estimate(by_cluster(parts, clusters), _difference)


def _difference(totals: Numbers) -> Numbers:
    clips_a, sum_a, clips_b, sum_b = np.moveaxis(totals, -1, 0)
    return ratio(sum_a, clips_a) - ratio(sum_b, clips_b)


def from_mean(values: Numbers, clusters: NDArray[np.str_], groups: Sequence[NDArray[np.int64]]) -> list[list[Interval]]:
    """Mean of each group less that of all clips: of values `(clips, measures)`, by measure and group.

    A group is the places of its clips.
    """
    authors, author = np.unique(clusters, return_inverse=True)
    everything = np.arange(len(values))

    def per_author(places: NDArray[np.int64]) -> list[Numbers]:
        of = author[places]
        columns = [np.bincount(of, minlength=authors.size).astype(np.float64)]
        return columns + [np.bincount(of, column[places], authors.size).astype(np.float64) for column in values.T]

    sums = np.stack([column for places in (everything, *groups) for column in per_author(places)], axis=1)
    shape = (1 + len(groups), 1 + values.shape[1])

    def differences(totals: Numbers) -> Numbers:
        counted = totals.reshape(len(totals), *shape)
        means = ratio(counted[:, :, 1:], np.broadcast_to(counted[:, :, :1], counted[:, :, 1:].shape))
        found: Numbers = (means[:, 1:] - means[:, :1]).reshape(len(totals), -1)
        return found

    found = estimates(sums, differences)
    measures = values.shape[1]
    return [found[place::measures] for place in range(measures)]


def permutation_p(values: Numbers, clusters: NDArray[np.str_], in_a: Mask, in_b: Mask) -> float | None:
    """How often a difference as large comes about where the groups do not matter; None where nothing can be exchanged.

    Authors of one group are dealt anew into groups of as many authors; those of both have their two groups exchanged,
    as in a test of pairs. Two-sided, with the observed order counted (Phipson and Smyth 2010), so never 0.
    """
    parts = np.stack([in_a, in_a * values, in_b, in_b * values], axis=1).astype(np.float64)
    sums = by_cluster(parts, clusters)
    sums = sums[(sums[:, 0] + sums[:, 2]) > 0]
    both = (sums[:, 0] > 0) & (sums[:, 2] > 0)
    pairs, apart = sums[both], sums[~both]
    of_a = apart[:, 0] > 0
    if not len(pairs) and (of_a.all() or not of_a.any()):
        return None
    merged = apart[:, :2] + apart[:, 2:]  # clips and sum of each author, whichever group they are in
    observed = abs(_difference(sums.sum(axis=0)[np.newaxis])[0])
    generator = np.random.default_rng(SEED)
    as_large = 0
    for start in range(0, PERMUTATIONS, AT_ONCE):
        count = min(AT_ONCE, PERMUTATIONS - start)
        dealt = generator.permuted(np.broadcast_to(of_a, (count, of_a.size)), axis=1).astype(np.float64)
        swapped = generator.integers(0, 2, (count, len(pairs))).astype(np.float64)
        a = dealt @ merged + swapped @ pairs[:, 2:] + (1 - swapped) @ pairs[:, :2]
        b = (1 - dealt) @ merged + swapped @ pairs[:, :2] + (1 - swapped) @ pairs[:, 2:]
        found = np.abs(_difference(np.concatenate([a, b], axis=1)))
        as_large += int((found >= observed - ROUNDING).sum())
    return (1 + as_large) / (1 + PERMUTATIONS)


ROUNDING = 1e-12  # sums of the same numbers in another order


def holm(ps: list[float | None]) -> list[float | None]:
    """The p of each of several tests so that one false alarm among all is as rare as stated (Holm 1979)."""
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        found[place] = least
    return found
