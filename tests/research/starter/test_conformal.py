"""Sets of labels: they hold the true one as often as stated, and say what they are worth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.tone.calibration import probabilities
from pipeline.research.starter import conformal


def drawn(utterances: int, seed: int, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities that are honest at confidence 1 and overconfident above, with the labels that were true."""
    generator = np.random.default_rng(seed)
    honest = generator.normal(size=(utterances, 4)) * 2
    draws = generator.random(utterances)[:, None]
    truth = (draws > probabilities(honest).cumsum(axis=1)).sum(axis=1).clip(max=3)
    return probabilities(honest * confidence), truth


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("confidence", [0.5, 1.0, 3.0])
def test_new_speech_is_covered_as_stated_however_wrong_the_probabilities(coverage: float, confidence: float) -> None:
    threshold = conformal.fit_threshold(*drawn(5_000, 0, confidence), coverage)
    shares, truth = drawn(20_000, 1, confidence)
    figures = conformal.measure_sets(conformal.label_sets(shares, threshold), truth)
    assert figures.coverage == pytest.approx(coverage, abs=0.015)


def test_the_threshold_is_corrected_for_few_utterances() -> None:
    shares = np.array([[p, 1 - p] for p in (0.9, 0.8, 0.7, 0.6, 0.55, 0.95, 0.85, 0.75, 0.65)])
    truth = np.zeros(9, dtype=np.int64)
    assert conformal.fit_threshold(shares, truth, 0.9) == pytest.approx(0.55)  # all nine, of ten with the new one
    assert conformal.fit_threshold(shares, truth, 0.8) == pytest.approx(0.6)


@pytest.mark.parametrize("coverage", [0.95, 1.0, 0.0])
def test_a_promise_that_cannot_be_kept_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="9 utterances cannot promise"):
        conformal.fit_threshold(np.full((9, 2), 0.5), np.zeros(9, dtype=np.int64), coverage)


def test_each_utterance_may_have_its_own_threshold() -> None:
    shares = np.array([[0.6, 0.4], [0.6, 0.4]])
    assert conformal.label_sets(shares, np.array([[0.5], [0.3]])).tolist() == [[True, False], [True, True]]


def test_figures_count_sets_of_one_of_several_and_of_none() -> None:
    sets = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    figures = conformal.measure_sets(sets, np.array([0, 2, 1, 1]))
    assert figures == conformal.SetFigures(coverage=0.5, sure=0.5, sure_accuracy=0.5, empty=0.25)
    nobody = conformal.measure_sets(np.ones((2, 3), dtype=bool), np.array([0, 1]))
    assert (nobody.sure, nobody.sure_accuracy) == (0.0, None)
