"""What a waveform holds over time, on sounds whose frequencies and times are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import periodogram

from pipeline.analysis.sound import time_series
from pipeline.analysis.sound.praat import PitchRange
from pipeline.errors import UserError
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


@given(window_s=st.floats(0.002, 0.2), step_s=st.floats(0.002, 0.2), bin_=st.integers(5, 120), level=st.floats(0.01, 1))
@settings(max_examples=30, deadline=None)
def test_a_spectrogram_is_the_power_of_hann_windows_as_scipy_has_it(
    window_s: float, step_s: float, bin_: int, level: float
) -> None:
    waveform = (level * np.cos(2 * np.pi * 62.5 * bin_ * np.arange(9_000) / SAMPLE_RATE)).astype(np.float32)
    picture = time_series.spectrogram(waveform, window_s, step_s)
    window, step = round(window_s * SAMPLE_RATE), round(step_s * SAMPLE_RATE)
    frame = int(np.abs(picture.times_s - 0.28).argmin())
    start = frame * step - window // 2
    frequencies, power = periodogram(
        waveform[start : start + window].astype(float), SAMPLE_RATE, np.hanning(window),
        max(512, 1 << (window - 1).bit_length()), detrend=False, scaling="spectrum", return_onesided=False,
    )  # fmt: skip
    expected = 10 * np.log10(power[: picture.rows.size] * np.hanning(window).sum() ** 2 + 1e-30)
    assert picture.rows[:-1] == pytest.approx(frequencies[: picture.rows.size - 1])
    loud = picture.values[:, frame] > picture.values[:, frame].max() - 80
    assert picture.values[loud, frame] == pytest.approx(expected[loud], abs=1e-3)
    assert np.diff(picture.times_s) == pytest.approx(step / SAMPLE_RATE)


def test_a_full_scale_sine_has_the_level_that_is_promised() -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    assert time_series.spectrogram(sine).values.max() == pytest.approx(20 * np.log10(400 / 4), abs=0.1)


@pytest.mark.parametrize("bands", [80, 128])
def test_mel_bands_are_as_many_as_asked(bands: int) -> None:
    assert time_series.mel_bands(voice(), bands).values.shape[0] == bands


def test_fewer_coefficients_are_the_first_of_more() -> None:
    few, many = time_series.mfcc(voice(), 4, 0.03, 0.01), time_series.mfcc(voice(), 20, 0.03, 0.01)
    assert few is not None
    assert many is not None
    assert few.values == pytest.approx(many.values[:4], nan_ok=True)
    assert np.diff(few.times_s) == pytest.approx(0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: time_series.spectrogram(voice(), 0.0),
        lambda: time_series.spectrogram(voice(), 0.02, -1.0),
        lambda: time_series.spectrogram(voice(), float("nan")),
        lambda: time_series.mel_bands(voice(), 40),
        lambda: time_series.mfcc(voice(), 0),
        lambda: time_series.mfcc(voice(), 12, 2.0),
    ],
)
def test_windows_and_numbers_that_cannot_be_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(UserError):
        wrong()


def test_a_picture_becomes_a_frame_with_its_times_and_frequencies() -> None:
    picture = time_series.spectrogram(voice())
    frame = picture.frame()
    assert frame.index.name == "time_s"
    assert frame.shape == picture.values.shape[::-1]
    assert frame.loc[picture.times_s[3], picture.rows[7]] == picture.values[7, 3]


def test_a_span_is_cut_at_its_times() -> None:
    waveform = np.arange(SAMPLE_RATE, dtype=np.float32)
    part = time_series.span(waveform, 0.25, 0.5)
    assert part.size == SAMPLE_RATE // 4
    assert part[0] == SAMPLE_RATE // 4
