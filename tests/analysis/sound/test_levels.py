"""Levels against waveforms of known power."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.levels import clipping_share, level_dbfs, power, snr_db
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence.synthetic import at_level, white_noise


def test_a_full_scale_sine_is_three_decibels_below_full_scale() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    assert level_dbfs(np.sin(2 * np.pi * 100 * time).astype(np.float32)) == pytest.approx(-3.01, abs=0.01)


def test_digital_silence_has_no_level() -> None:
    assert level_dbfs(np.zeros(100, np.float32)) is None
    assert level_dbfs(np.zeros(0, np.float32)) is None
    with pytest.raises(ValueError, match="empty"):
        power(np.zeros(0, np.float32))


def test_clipping_is_the_share_at_full_scale() -> None:
    assert clipping_share(np.array([0.0, 1.0, -1.0, 0.99], np.float32)) == 0.5
    assert clipping_share(np.zeros(0, np.float32)) is None


@pytest.mark.parametrize("true_db", [-3.0, 0.0, 10.0, 30.0])
def test_snr_is_the_one_that_was_mixed(true_db: float) -> None:
    noise = white_noise(4.0, 0)
    speech = at_level(white_noise(4.0, 1), -23.0 + true_db)
    speech[: 2 * SAMPLE_RATE] = 0.0
    assert snr_db(noise + speech, [(2.0, 4.0)]) == pytest.approx(true_db, abs=0.3 if true_db >= 0 else 0.5)


def test_cut_off_ends_of_words_do_not_count_as_background() -> None:
    clip = 0.01 * white_noise(4.0, 0)
    clip[round(1.9 * SAMPLE_RATE) : 3 * SAMPLE_RATE] += white_noise(1.1, 1)
    assert snr_db(clip, [(2.0, 3.0)]) == pytest.approx(40.0, abs=0.5)


def test_no_snr_without_a_background_or_without_speech() -> None:
    noise = white_noise(4.0, 0)
    assert snr_db(noise, []) is None
    assert snr_db(noise, [(0.0, 4.0)]) is None
    assert snr_db(noise, [(0.0, 3.8)]) is None, "0.2 s of background are too few"
    assert snr_db(noise, [(1.0, 1.2)]) is None, "0.2 s of speech are too few"
    half = noise.copy()
    half[2 * SAMPLE_RATE :] = 0.0
    assert snr_db(half, [(0.0, 2.0)]) is None, "the background is digital silence"
    assert snr_db(half, [(2.0, 4.0)]) is None, "the speech is not above the background"


@pytest.mark.parametrize("offset", [0.02, -0.3])
def test_an_offset_changes_nothing(offset: float) -> None:
    clip = 0.01 * white_noise(4.0, 0)
    clip[SAMPLE_RATE : 2 * SAMPLE_RATE] += 0.1 * white_noise(1.0, 1)
    moved = clip + np.float32(offset)
    assert level_dbfs(moved) == pytest.approx(level_dbfs(clip), abs=0.01)
    assert snr_db(moved, [(1.0, 2.0)]) == pytest.approx(snr_db(clip, [(1.0, 2.0)]), abs=0.01)
    assert level_dbfs(np.full(SAMPLE_RATE, offset, np.float32)) is None, "nothing is heard"


def test_gaps_are_neither_speech_nor_background() -> None:
    clip = 0.01 * white_noise(4.0, 0)
    clip[SAMPLE_RATE : 2 * SAMPLE_RATE] += 0.1 * white_noise(1.0, 1)
    late = np.concatenate([np.zeros(8 * SAMPLE_RATE, np.float32), clip])
    assert snr_db(late, [(9.0, 10.0)]) is None, "the background is digital silence"
    assert snr_db(late, [(9.0, 10.0)], [(0.0, 8.0)]) == pytest.approx(snr_db(clip, [(1.0, 2.0)]))
