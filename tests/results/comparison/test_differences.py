"""Differences between groups: against other implementations, and with authors as what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipeline.results.comparison.differences import difference, from_mean, holm, permutation_p


def groups_of(size: int, shift: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values of two groups, each clip by an author of its own; those of A lie higher by `shift`."""
    draw = np.random.default_rng(seed)
    in_a = np.arange(2 * size) < size
    values = draw.normal(0.5, 0.1, 2 * size) + shift * in_a
    return values, np.array([f"a{number}" for number in range(2 * size)]), in_a, ~in_a


def test_the_interval_is_that_of_scipy_where_each_clip_has_its_own_author() -> None:
    values, authors, in_a, in_b = groups_of(150, 0.05)
    found = difference(values, authors, in_a, in_b)
    assert found.value == pytest.approx(values[in_a].mean() - values[in_b].mean())
    theirs = stats.bootstrap(
        (values[in_a], values[in_b]),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)


@pytest.mark.parametrize("shift", [0.0, 0.03])
def test_p_is_that_of_scipy_where_each_clip_has_its_own_author(shift: float) -> None:
    values, authors, in_a, in_b = groups_of(40, shift, seed=5)
    theirs = stats.permutation_test(
        (values[in_a], values[in_b]),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        vectorized=True,
        n_resamples=9_999,
        rng=np.random.default_rng(3),
    ).pvalue
    assert permutation_p(values, authors, in_a, in_b) == pytest.approx(theirs, abs=0.02)


def test_many_clips_of_few_authors_are_few() -> None:
    """Ten authors a group who differ: clips taken as independent would give too narrow an interval."""
    draw = np.random.default_rng(4)
    of_author = draw.normal(0.5, 0.2, 20)
    author = np.repeat(np.arange(20), 30)
    values = of_author[author] + draw.normal(0, 0.02, author.size)
    in_a = author < 10
    together = difference(values, author.astype(str), in_a, ~in_a)
    apart = difference(values, np.arange(author.size).astype(str), in_a, ~in_a)
    assert together.high - together.low > 3 * (apart.high - apart.low)  # type: ignore[operator]
    p = permutation_p(values, author.astype(str), in_a, ~in_a)
    as_means = permutation_p(of_author, np.arange(20).astype(str), np.arange(20) < 10, np.arange(20) >= 10)
    assert p == pytest.approx(as_means, abs=0.03)


def test_authors_of_both_groups_are_pairs() -> None:
    """Everybody is a little higher in A than in B, and far from everybody else."""
    draw = np.random.default_rng(6)
    level = draw.normal(0.5, 0.3, 12)
    values = np.concatenate([level + 0.05, level])
    authors = np.tile(np.arange(12).astype(str), 2)
    in_a = np.arange(24) < 12
    found = difference(values, authors, in_a, ~in_a)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))
    p = permutation_p(values, authors, in_a, ~in_a)
    assert p is not None
    assert p < 0.01


def test_one_author_a_group_proves_nothing() -> None:
    values, in_a = np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, True, False, False])
    assert permutation_p(values, np.array(["a", "a", "b", "b"]), in_a, ~in_a) == 1.0


def test_a_group_that_is_empty_has_no_p_and_no_difference() -> None:
    values, none = np.array([0.9, 0.1]), np.zeros(2, dtype=bool)
    assert permutation_p(values, np.array(["a", "b"]), ~none, none) is None
    assert difference(values, np.array(["a", "b"]), ~none, none).value is None


def test_groups_against_the_whole_study() -> None:
    values = np.array([[0.2, 0.8], [0.4, 0.6], [0.9, 0.1], [0.5, 0.5]])
    first, second = from_mean(values, np.array(list("abcd")), [np.array([0, 1]), np.array([2])])
    assert [one.value for one in first] == pytest.approx([0.3 - 0.5, 0.9 - 0.5])
    assert [one.value for one in second] == pytest.approx([0.7 - 0.5, 0.1 - 0.5])
    assert all(one.low <= one.value <= one.high for one in (*first, *second))  # type: ignore[operator]


def test_holm_is_that_of_the_paper() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == [pytest.approx(0.03), pytest.approx(0.06), None, pytest.approx(0.06)]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
