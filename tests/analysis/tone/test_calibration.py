"""Figures of a tone model, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.tone import calibration


def test_average_recall_does_not_follow_the_frequent_label() -> None:
    truth = np.array([0] * 9 + [1])
    always_first = np.zeros(10, dtype=np.int64)
    counts = calibration.confusion(truth, always_first, labels=2)
    assert counts.tolist() == [[9, 0], [1, 0]]
    assert calibration.recalls(counts).tolist() == [1.0, 0.0]
    assert calibration.unweighted_average_recall(counts) == 0.5


def test_probabilities_sum_to_one_even_for_huge_logits() -> None:
    shares = calibration.probabilities(np.array([[1000.0, 0.0], [0.0, 0.0]]))
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert shares[1].tolist() == [0.5, 0.5]


def test_calibration_error_is_the_distance_of_confidence_from_accuracy() -> None:
    shares = np.array([[0.75, 0.25]] * 4)
    assert calibration.expected_calibration_error(shares, np.array([0, 0, 0, 1])) == pytest.approx(0.0)
    assert calibration.expected_calibration_error(shares, np.array([0, 0, 0, 0])) == pytest.approx(0.25)
    assert calibration.expected_calibration_error(shares, np.array([1, 1, 1, 1])) == pytest.approx(0.75)


def test_certainty_falls_into_the_last_bin() -> None:
    assert calibration.expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_a_known_scaling(true_temperature: float) -> None:
    generator = np.random.default_rng(0)
    honest = generator.normal(size=(5_000, 4)) * 2
    draws = generator.random(5_000)[:, None]
    truth = (draws > calibration.probabilities(honest).cumsum(axis=1)).sum(axis=1).clip(max=3)
    fitted = calibration.fit_temperature(honest * true_temperature, truth)
    assert fitted == pytest.approx(true_temperature, rel=0.1)


def test_a_model_that_is_certain_and_wrong_still_has_a_temperature() -> None:
    logits = np.array([[5_000.0, 0.0], [5_000.0, 0.0], [0.0, 5_000.0]])
    assert calibration.fit_temperature(logits, np.array([0, 1, 1])) == pytest.approx(
        calibration.TEMPERATURES[-1], rel=1e-4
    )
