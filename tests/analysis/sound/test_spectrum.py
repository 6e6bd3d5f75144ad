"""Measures of the spectrum against voices made of known harmonics."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.praat import PraatSound
from pipeline.analysis.sound.spectrum import Balance, balance
from pipeline.media.audio import SAMPLE_RATE, Waveform

F0 = 100.0


def voice(db_per_octave: float, seconds: float = 1.0, f0: float = F0) -> Waveform:
    """Harmonics up to 7 kHz whose level falls by so many decibels an octave."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    numbers = np.arange(1, int(7000 / f0) + 1)
    amplitudes = 10 ** (-db_per_octave * np.log2(numbers) / 20)
    waves = [a * np.sin(2 * np.pi * n * f0 * time) for n, a in zip(numbers, amplitudes, strict=True)]
    return (0.1 * np.sum(waves, axis=0)).astype(np.float32)


def measured(waveform: Waveform, f0: float = F0) -> Balance:
    times = np.arange(0.1, waveform.size / SAMPLE_RATE - 0.1, 0.01)
    return balance(waveform, times, np.full(times.shape, f0))


def harmonics_db(db_per_octave: float, low_hz: float, high_hz: float) -> float:
    """Energy of the harmonics of a band, by the sum of their powers; one on a border falls half on either side."""
    numbers = np.arange(1, 71)
    inside = (numbers * F0 >= low_hz) & (numbers * F0 <= high_hz)
    shares = np.where(np.isin(numbers * F0, (low_hz, high_hz)), 0.5, 1.0)
    return float(10 * np.log10(np.sum((shares * 10 ** (-db_per_octave * np.log2(numbers) / 10))[inside])))


@pytest.mark.parametrize("tilt", [6.0, 12.0])
def test_ratios_of_energy_are_those_of_the_harmonics(tilt: float) -> None:
    found = measured(voice(tilt))
    alpha = harmonics_db(tilt, 1000, 5000) - harmonics_db(tilt, 50, 1000)
    assert found.alpha_ratio_db == pytest.approx(alpha, abs=1.0)
    hf500 = harmonics_db(tilt, 500, 8000) - harmonics_db(tilt, 80, 500)
    assert found.hf500_db == pytest.approx(hf500, abs=1.5), "the bin at 500 Hz counts above, so a little more than half"
    # the strongest peak below 2 kHz is the first harmonic, above it the one at 2 kHz: log2(20) octaves apart
    assert found.hammarberg_db == pytest.approx(tilt * np.log2(20), abs=1.0)


@pytest.mark.parametrize("tilt", [0.0, 6.0, 12.0])
def test_the_first_harmonic_over_the_second(tilt: float) -> None:
    assert measured(voice(tilt)).h1_h2_db == pytest.approx(tilt, abs=0.5)
    assert measured(voice(tilt, f0=220.0), 220.0).h1_h2_db == pytest.approx(tilt, abs=0.5)


def test_a_brighter_voice_has_more_energy_above_and_a_flatter_slope() -> None:
    bright, dull = measured(voice(3.0)), measured(voice(12.0))
    assert bright.alpha_ratio_db > dull.alpha_ratio_db + 10
    assert bright.hf500_db > dull.hf500_db + 10
    assert bright.hammarberg_db < dull.hammarberg_db
    assert bright.slope_500_1500_db_per_khz > dull.slope_500_1500_db_per_khz


def test_the_slope_of_noise_is_that_of_its_filter() -> None:
    draw = np.random.default_rng(0)
    spectrum = np.fft.rfft(draw.normal(size=4 * SAMPLE_RATE))
    kilohertz = np.fft.rfftfreq(4 * SAMPLE_RATE, 1 / SAMPLE_RATE) / 1000
    found = measured(np.fft.irfft(spectrum * 10 ** (-10 * kilohertz / 20)).astype(np.float32))
    assert found.slope_500_1500_db_per_khz == pytest.approx(-10.0, abs=1.0)
    assert found.slope_0_500_db_per_khz == pytest.approx(-10.0, abs=2.0)


def test_the_level_changes_nothing() -> None:
    loud, quiet = measured(voice(6.0)), measured(0.05 * voice(6.0))
    for name in ("alpha_ratio_db", "hammarberg_db", "hf500_db", "h1_h2_db", "slope_500_1500_db_per_khz"):
        assert getattr(loud, name) == pytest.approx(getattr(quiet, name), abs=1e-3), name


def resonance(waveform: Waveform, hertz: float, bandwidth: float) -> Waveform:
    """A two-pole filter, as one cavity of the mouth."""
    radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
    a1, a2 = 2 * radius * np.cos(2 * np.pi * hertz / SAMPLE_RATE), -(radius**2)
    out = np.zeros(waveform.size)
    for n in range(2, waveform.size):
        out[n] = waveform[n] + a1 * out[n - 1] + a2 * out[n - 2]
    return (0.3 * out / np.abs(out).max()).astype(np.float32)


def test_formants_are_where_the_resonances_are() -> None:
    source = voice(12.0, 0.6, 120.0)
    for hertz in (500.0, 1500.0, 2500.0, 3500.0, 4500.0):
        source = resonance(source, hertz, 80.0)
    found = PraatSound(source).formants()
    assert found.f1_hz == pytest.approx(500, abs=60)
    assert found.f2_hz == pytest.approx(1500, abs=80)
    assert found.f3_hz == pytest.approx(2500, abs=120)
    assert found.f1_bandwidth_hz is not None
    assert 20 < found.f1_bandwidth_hz < 250


def test_frames_at_the_very_ends_are_measured() -> None:
    waveform = voice(6.0, 0.2)
    found = balance(waveform, np.array([0.0, 0.2]), np.array([F0, F0]))
    assert all(np.isfinite(getattr(found, name)) for name in ("alpha_ratio_db", "hf500_db", "h1_h2_db"))
