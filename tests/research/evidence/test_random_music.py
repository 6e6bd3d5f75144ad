"""Improvised music: as long as asked for, the same for a seed, and never the same for two."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.levels import level_dbfs
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence.random_music import improvise
from pipeline.research.evidence.synthetic import LEVEL_DBFS


def piece(seed: int, samples: int = 3 * SAMPLE_RATE) -> np.ndarray:
    return improvise(samples, np.random.default_rng(seed))


@pytest.mark.parametrize("samples", [SAMPLE_RATE, 3 * SAMPLE_RATE + 7])
@pytest.mark.parametrize("seed", range(6))
def test_length_level_and_repeatability(seed: int, samples: int) -> None:
    music = piece(seed, samples)
    assert music.shape == (samples,)
    assert music.dtype == np.float32
    assert np.isfinite(music).all()
    assert level_dbfs(music) == pytest.approx(LEVEL_DBFS, abs=0.01)
    assert np.array_equal(music, piece(seed, samples))


def test_pieces_differ_from_each_other() -> None:
    pieces = np.stack([piece(seed) for seed in range(8)])
    likeness = np.abs(np.corrcoef(pieces)) - np.eye(8)
    assert likeness.max() < 0.5


def test_much_of_it_is_tonal() -> None:
    """Most pieces gather half of their power in a few bins, as noise never does."""
    shares = []
    for seed in range(12):
        power = np.sort(np.abs(np.fft.rfft(piece(seed))) ** 2)[::-1]
        shares.append(power[: power.size // 50].sum() / power.sum())
    assert np.median(shares) > 0.5


def test_less_than_a_note_is_silent_and_does_not_fail() -> None:
    assert piece(0, 10).tolist() == [0.0] * 10
