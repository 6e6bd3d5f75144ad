"""Intervals hold the truth as often as they say, and never tear a cluster apart."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.results.evaluation.bootstrap import by_cluster, estimate
from pipeline.results.evaluation.measures import average_recalls, ratios


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    studies, clusters, truth = 150, 40, 0.7
    held = 0
    for _ in range(studies):
        own = np.clip(truth + generator.normal(0, 0.1, clusters), 0, 1)  # authors differ
        right = generator.binomial(10, own).astype(float)
        found = estimate(np.stack([right, np.full(clusters, 10.0)], axis=1), ratios)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held / studies == pytest.approx(0.95, abs=0.05)


def test_spans_of_one_author_say_no_more_than_the_author() -> None:
    right = np.repeat([1.0, 0.0] * 10, 50)  # each author is heard rightly always or never
    parts = np.stack([right, np.ones_like(right)], axis=1)
    authors = np.repeat([f"a{number}" for number in range(20)], 50)
    each_alone = np.array([str(number) for number in range(right.size)])
    honest, torn = estimate(by_cluster(parts, authors), ratios), estimate(by_cluster(parts, each_alone), ratios)
    assert honest.value == torn.value == 0.5
    assert honest.high - honest.low > 5 * (torn.high - torn.low)  # type: ignore[operator]


def test_one_cluster_has_a_value_and_no_interval() -> None:
    found = estimate(np.array([[3.0, 4.0]]), ratios)
    assert (found.value, found.low, found.high, found.reason) == (0.75, None, None, "one_cluster")


def test_nothing_is_unknown_never_a_number() -> None:
    found = estimate(np.zeros((0, 2)), ratios)
    assert (found.value, found.low, found.reason) == (None, None, "nothing_to_measure")


def test_the_same_sums_give_the_same_interval() -> None:
    sums = np.random.default_rng(1).random((30, 2)) + np.array([0, 1])
    assert estimate(sums, ratios) == estimate(sums, ratios)


def test_resamples_without_a_label_are_scored_on_those_that_occur() -> None:
    rare = np.array([[5.0, 0, 0, 0]] * 9 + [[0.0, 0, 0, 1]])  # one cluster has the second label
    found = estimate(rare, lambda totals: average_recalls(totals.reshape(-1, 2, 2)))
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
