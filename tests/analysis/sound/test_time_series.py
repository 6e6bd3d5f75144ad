"""What a waveform holds over time, on sounds whose frequencies and times are known."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound import time_series
from pipeline.analysis.sound.praat import PitchRange
from pipeline.media.audio import SAMPLE_RATE, Waveform

RANGE = PitchRange()


def voice(hertz: float = 200.0, seconds: float = 2.0, start_s: float = 0.5, end_s: float = 1.5) -> Waveform:
    """Harmonics like those of a voice from one time to another, silence around them."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    harmonics = sum(np.sin(2 * np.pi * hertz * k * times) / k for k in range(1, 9))
    return (0.2 * harmonics * ((times > start_s) & (times < end_s))).astype(np.float32)


def test_pitch_is_found_where_the_voice_is_and_missing_elsewhere() -> None:
    contour = time_series.pitch(voice(200.0), RANGE)
    assert contour is not None
    inside = (contour.times_s > 0.6) & (contour.times_s < 1.4)
    outside = (contour.times_s < 0.4) | (contour.times_s > 1.6)
    assert contour.values[inside] == pytest.approx(200, abs=1)
    assert np.isnan(contour.values[outside]).all()


def test_intensity_of_silence_is_missing_and_half_the_amplitude_is_six_decibels_less() -> None:
    loud, soft = time_series.intensity(voice(), RANGE), time_series.intensity(voice() / 2, RANGE)
    assert loud is not None
    assert soft is not None
    middle = int(np.abs(loud.times_s - 1.0).argmin())
    assert loud.values[middle] - soft.values[middle] == pytest.approx(6.02, abs=0.05)
    assert np.isnan(loud.values[loud.times_s < 0.3]).all()


def test_a_spectrogram_shows_a_tone_at_its_frequency_and_time() -> None:
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    picture = time_series.spectrogram((np.sin(2 * np.pi * 1000 * times) * (times > 0.5)).astype(np.float32))
    column = picture.values[:, int(np.abs(picture.times_s - 0.8).argmin())]
    assert picture.rows[int(column.argmax())] == pytest.approx(1000, abs=16)
    assert column.max() - picture.values[:, int(np.abs(picture.times_s - 0.2).argmin())].max() > 100


def test_a_long_clip_has_no_more_columns_than_can_be_seen() -> None:
    long = time_series.spectrogram(np.zeros(60 * SAMPLE_RATE, dtype=np.float32))
    assert long.values.shape[1] <= time_series.MOST_COLUMNS
    assert long.times_s[-1] == pytest.approx(60, abs=0.1), "longer steps, not a part of the clip"


def test_mel_bands_are_whispers_and_rise_in_frequency() -> None:
    from whisper.audio import log_mel_spectrogram

    waveform = voice(seconds=1.0, start_s=0.1, end_s=0.9)
    picture = time_series.mel_bands(waveform)
    reference = log_mel_spectrogram(waveform, time_series.MEL_BANDS).numpy()
    assert picture.values[:, : reference.shape[1]] == pytest.approx(reference, abs=2e-3)
    assert (np.diff(picture.rows) >= 0).all()
    assert picture.times_s.size == 100, "10 ms a frame"


def test_mfcc_are_the_twelve_that_praat_averages() -> None:
    from pipeline.analysis.sound.praat import PraatSound

    picture, stored = time_series.mfcc(voice()), PraatSound(voice()).mfcc()
    assert picture is not None
    assert stored is not None
    assert picture.rows.tolist() == list(range(1, 13))
    assert np.nanmean(picture.values, axis=1) == pytest.approx(stored.mean, rel=1e-4)


@pytest.mark.parametrize("measure", [time_series.pitch, time_series.intensity])
def test_what_is_too_short_for_praat_has_no_contour(measure: object) -> None:
    short = np.zeros(500, dtype=np.float32)
    assert measure(short, RANGE) is None  # type: ignore[operator]
    assert time_series.mfcc(short) is None


def test_a_span_is_cut_at_its_times() -> None:
    waveform = np.arange(SAMPLE_RATE, dtype=np.float32)
    part = time_series.span(waveform, 0.25, 0.5)
    assert part.size == SAMPLE_RATE // 4
    assert part[0] == SAMPLE_RATE // 4
