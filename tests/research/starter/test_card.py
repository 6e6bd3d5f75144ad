"""The card says how often the sets hold the true label in each way to judge, not over all of them alone."""

from __future__ import annotations

import numpy as np

from pipeline.research.starter import card
from pipeline.research.starter.leave_speakers_out import Held, StarterCalibration


def test_coverage_is_told_by_condition() -> None:
    truth = np.array([0, 1, 0, 1])
    sure = np.log(np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]]))
    half = np.log(np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1]]))
    own = StarterCalibration(np.ones((4, 1)), np.full((4, 1), 0.5))
    held = Held(("one", "two"), truth, {"clean": sure, "music": half}, StarterCalibration(1.0, 0.5), own)
    text = card.figures_text(held, 3, 0.9)
    assert "Sets that hold the true label, where 0.90 is stated: clean 1.000, music 0.500." in text
