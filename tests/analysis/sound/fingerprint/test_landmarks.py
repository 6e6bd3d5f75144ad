"""Landmarks stay where they are in the sound, whatever its level, and there are none in silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.sound.fingerprint.landmarks import (
    BINS,
    HOP,
    PEAKS_PER_S,
    changed,
    frames_and_bins,
    landmarks_of,
)
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.sounds.songs import song


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3, 2.0])
def test_silence_has_none(seconds: float) -> None:
    size = round(seconds * SAMPLE_RATE)
    assert landmarks_of(np.zeros(size, np.float32)).size == 0
    assert landmarks_of(np.full(size, 1e-5, np.float32)).size == 0


def test_they_are_in_order_and_few() -> None:
    landmarks = landmarks_of(song(1))
    frames, bins = frames_and_bins(landmarks)
    assert np.all(np.diff(landmarks) > 0)
    assert np.bincount(frames // 50).max() <= PEAKS_PER_S
    assert bins.min() >= 0
    assert bins.max() < BINS
    assert landmarks.size > 100


def test_level_changes_nothing() -> None:
    quiet, loud = landmarks_of(0.05 * song(1)), landmarks_of(song(1))
    assert np.isin(quiet, loud).mean() > 0.98


def test_a_delay_moves_them_by_its_frames() -> None:
    later = landmarks_of(np.concatenate([np.zeros(40 * HOP, np.float32), song(1)]))
    assert np.isin(landmarks_of(song(1)) + 40 * 128, later).mean() > 0.85


@given(st.floats(0.5, 2.0), st.integers(-12, 12))
def test_a_change_stays_on_the_axes_and_in_order(tempo: float, semitones: int) -> None:
    found = changed(landmarks_of(song(2, 3.0)), tempo, semitones)
    _, bins = frames_and_bins(found)
    assert np.all(np.diff(found) > 0)
    assert not bins.size or (bins.min() >= 0 and bins.max() < BINS)
