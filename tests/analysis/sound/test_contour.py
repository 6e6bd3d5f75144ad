"""Slopes and stretches of contours whose truth can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.contour import Slopes, Stretches, slopes, stretches


def test_rising_and_falling_parts_are_apart() -> None:
    assert slopes(np.array([0.0, 1.0, 3.0, 2.0]), 0.5) == Slopes(pytest.approx(3.0), pytest.approx(-2.0))


def test_what_never_rises_or_falls_has_no_slope() -> None:
    assert slopes(np.array([1.0, 1.0]), 0.1) == Slopes(None, None)
    assert slopes(np.array([1.0]), 0.1) == Slopes(None, None)
    assert slopes(np.array([1.0, 2.0]), 0.1).falling is None


def test_no_slope_leads_over_a_gap() -> None:
    assert slopes(np.array([0.0, 1.0, np.nan, 100.0, 101.0]), 1.0) == Slopes(1.0, None)


def test_stretches_are_counted_and_measured() -> None:
    assert stretches(np.array([True, True, False, True, False]), 0.1) == Stretches(2, pytest.approx(0.15))
    assert stretches(np.array([True, True]), 0.1) == Stretches(1, pytest.approx(0.2))
    assert stretches(np.array([False]), 0.1) == Stretches(0, None)
    assert stretches(np.array([], dtype=bool), 0.1) == Stretches(0, None)
