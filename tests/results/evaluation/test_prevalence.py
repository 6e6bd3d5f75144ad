"""Shares of tones corrected by labels: right where the model is wrong, and as sure as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.results.evaluation.bootstrap import Interval
from pipeline.results.evaluation.prevalence import LEAST_LABELS, adjusted_shares, powered_means, share_figures
from pipeline.results.evaluation.units import Units

TONES = ("angry", "happy", "neutral")
#: What the model says (columns) of voices that are truly angry, happy, neutral: most of them are neutral to it.
CONFUSED = np.array([[0.5, 0.1, 0.4], [0.1, 0.3, 0.6], [0.05, 0.05, 0.9]])


def drawn(shares: list[float], units: int, labels: int, seed: int, by_tone: bool = False) -> Units:
    """Units, three an author, with these true shares of tones; labels of some drawn at random, or equally by tone."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(3, size=units, p=shares)
    strongest = np.array([draw.choice(3, p=CONFUSED[one]) for one in truth])
    said = 0.6 * np.eye(3)[strongest] + 0.4 * draw.dirichlet(np.ones(3), size=units)
    heard = np.zeros(units, dtype=bool)
    if by_tone:
        for tone in range(3):
            heard[draw.choice(np.flatnonzero(truth == tone), labels // 3, replace=False)] = True
    else:
        heard[draw.choice(units, labels, replace=False)] = True
    weights = heard.astype(float)
    clusters = np.array([f"author{number // 3}" for number in range(units)])
    return Units("region", TONES, said, np.eye(3)[truth] * weights[:, np.newaxis], weights, clusters, clusters, {})


def everything(units: Units) -> NDArray[np.bool_]:
    return np.ones(len(units.said), dtype=bool)


def of(units: Units, measure: str, tone: str) -> Interval:
    return next(
        one.estimate for one in share_figures(units, everything(units)) if (one.measure, one.label) == (measure, tone)
    )


@pytest.mark.slow
def test_the_corrected_interval_holds_the_truth_and_the_stated_one_does_not() -> None:
    shares, held = [0.3, 0.3, 0.4], {"share_corrected": 0, "share_stated": 0, "share_adjusted": 0}
    trials = 60
    for seed in range(trials):
        units = drawn(shares, 600, 90, seed)
        for measure in held:
            found = of(units, measure, "neutral")
            assert found.low is not None
            assert found.high is not None
            held[measure] += found.low <= 0.4 <= found.high
    assert held["share_corrected"] >= 0.85 * trials, "0.95 is stated; labels of few authors cost some"
    assert held["share_adjusted"] >= 0.85 * trials
    assert held["share_stated"] == 0, "the model calls twice as many voices neutral"


def test_what_the_model_says_makes_the_interval_of_labels_narrower() -> None:
    units = drawn([0.3, 0.3, 0.4], 3_000, 150, 1)
    widths = []
    for one in (replace(units, said=units.said * 0), units):  # the first model says nothing
        found = of(one, "share_corrected", "angry")
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_without_a_model_it_is_the_mean_of_the_labels() -> None:
    truth, said = np.array([1.0, 0, 0, 1, 1]), np.full(5, 0.2)
    parts = np.stack([np.ones(5), said, np.ones(5), np.ones(5), truth, said, truth * said, said**2], axis=1)
    assert powered_means(parts.sum(axis=0, keepdims=True))[0] == pytest.approx(0.6)


def test_it_is_prediction_powered_inference() -> None:
    """Against the formula of Angelopoulos, Duchi and Zrnic (2023), PPI++ for a mean, term by term."""
    units = drawn([0.2, 0.3, 0.5], 900, 120, 5)
    heard, said, truth = units.labelled, units.said[:, 0], units.truth[:, 0]
    trust = np.cov(truth[heard], said[heard], bias=True)[0, 1] / (np.var(said[heard]) * (1 + 120 / 900))
    expected = truth[heard].mean() + trust * (said.mean() - said[heard].mean())
    assert of(units, "share_corrected", "angry").value == pytest.approx(expected)


@pytest.mark.slow
def test_labels_that_were_chosen_by_tone_need_adjusted_counts() -> None:
    units = drawn([0.1, 0.2, 0.7], 6_000, 900, 2, by_tone=True)
    assert of(units, "share_adjusted", "neutral").value == pytest.approx(0.7, abs=0.06)
    corrected = of(units, "share_corrected", "neutral").value
    assert corrected is not None
    assert corrected < 0.6, "labels of a third neutral voices pull it there"


@pytest.mark.slow
def test_weights_take_chosen_labels_back_to_the_study() -> None:
    units = drawn([0.1, 0.2, 0.7], 6_000, 900, 3, by_tone=True)
    true_share = np.array([0.1, 0.2, 0.7])
    weights = units.weights * (units.truth @ (true_share * 3)) * units.labelled
    assert of(replace(units, weights=weights), "share_corrected", "neutral").value == pytest.approx(0.7, abs=0.05)


def test_adjusted_counts_turn_the_confusion_around() -> None:
    shares = np.array([0.2, 0.5, 0.3])
    totals = np.concatenate([shares @ CONFUSED, (CONFUSED * [[10], [20], [30]]).ravel()])[np.newaxis]
    assert adjusted_shares(totals, 3)[0] == pytest.approx(shares)


def test_a_tone_that_nobody_labelled_has_no_adjusted_share() -> None:
    totals = np.concatenate([[0.2, 0.5, 0.3], CONFUSED[0], CONFUSED[1], [0, 0, 0]])[np.newaxis]
    assert np.isnan(adjusted_shares(totals, 3)).all()


def test_few_labels_are_no_correction() -> None:
    units = drawn([0.3, 0.3, 0.4], 200, LEAST_LABELS - 1, 4)
    found = of(units, "share_corrected", "angry")
    assert (found.value, found.reason) == (None, "few_labels")
    assert of(units, "share_stated", "angry").value is not None


def test_labels_that_all_agree_do_not_make_it_certain() -> None:
    units = drawn([0.0, 0.0, 1.0], 300, 20, 6)
    angry, neutral = of(units, "share_corrected", "angry"), of(units, "share_corrected", "neutral")
    assert angry.low == pytest.approx(0, abs=1e-9)
    assert angry.high is not None
    assert angry.high > 0.1, "twenty labels that say no may miss a tenth"
    assert neutral.low is not None
    assert neutral.low < 0.9


def test_labels_of_few_authors_give_no_interval() -> None:
    units = drawn([0.3, 0.3, 0.4], 300, 60, 7)
    few = replace(units, clusters=np.array([f"author{number % 4}" for number in range(300)]))
    found = of(few, "share_corrected", "angry")
    assert found.value is not None
    assert (found.low, found.high, found.reason) == (None, None, "few_authors")
