"""Praat's measurements against waveforms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.praat import PitchRange, PraatSound, shortest_samples
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence.synthetic import white_noise


def sawtooth(hertz: float | np.ndarray, seconds: float, level: float = 0.3) -> Waveform:
    """Built from its overtones below 6 kHz: a plain ramp would alias and repeat at other pitches than its own."""
    hertz = np.broadcast_to(hertz, round(seconds * SAMPLE_RATE))
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    overtones = range(1, int(6000 / hertz.max()) + 1)
    return (level * 2 / np.pi * sum(np.sin(n * phase) / n for n in overtones)).astype(np.float32)


def sung_syllables(count: int, rate_hz: float, rest_s: float = 0.5) -> Waveform:
    """A voiced tone that swells `count` times, with a little silence around it."""
    time = np.arange(round(count / rate_hz * SAMPLE_RATE)) / SAMPLE_RATE
    swell = (0.02 + np.sin(np.pi * rate_hz * time) ** 2).astype(np.float32)
    rest = np.zeros(round(rest_s * SAMPLE_RATE), np.float32)
    return np.concatenate([rest, sawtooth(150.0, time.size / SAMPLE_RATE) * swell, rest])


@pytest.mark.parametrize("hertz", [110.0, 220.0, 440.0])
def test_the_pitch_of_a_sawtooth(hertz: float) -> None:
    sound = PraatSound(sawtooth(hertz, 2.0))
    pitch = sound.pitch()
    assert pitch is not None
    assert pitch.f0_median_hz == pytest.approx(hertz, abs=1.0)
    assert pitch.f0_range_semitones == pytest.approx(0.0, abs=0.2)
    assert pitch.f0_sd_semitones < 0.1
    assert sound.voicing().voiced_share > 0.95


def test_a_glide_over_an_octave_has_its_range_in_semitones() -> None:
    octaves = np.linspace(0.0, 1.0, 3 * SAMPLE_RATE)
    pitch = PraatSound(sawtooth(150.0 * 2**octaves, 3.0)).pitch()
    assert pitch is not None
    # even on the semitone scale: from the 10th to the 90th percentile lie 80 % of twelve semitones
    assert pitch.f0_range_semitones == pytest.approx(9.6, abs=0.3)
    assert pitch.f0_sd_semitones == pytest.approx(12 / np.sqrt(12), abs=0.15)
    assert pitch.f0_median_hz == pytest.approx(150 * 2**0.5, rel=0.01)
    assert pitch.f0_p10_hz < pitch.f0_median_hz < pitch.f0_p90_hz


def test_the_slopes_of_a_glide_up_and_down() -> None:
    octaves = np.concatenate([np.linspace(0.0, 1.0, 2 * SAMPLE_RATE), np.linspace(1.0, 0.0, SAMPLE_RATE)])
    pitch = PraatSound(sawtooth(150.0 * 2**octaves, 3.0)).pitch()
    assert pitch is not None
    assert pitch.f0_rising_semitones_per_s == pytest.approx(6.0, abs=0.5), "an octave in 2 s"
    assert pitch.f0_falling_semitones_per_s == pytest.approx(-12.0, abs=1.0), "an octave in 1 s"
    assert pitch.f0_p10_hz < pitch.f0_p20_hz < pitch.f0_p80_hz < pitch.f0_p90_hz


def test_a_swell_and_its_slopes_in_decibels() -> None:
    decibels = np.concatenate([np.linspace(-20.0, 0.0, SAMPLE_RATE), np.linspace(0.0, -20.0, 2 * SAMPLE_RATE)])
    swell = PraatSound(sawtooth(200.0, 3.0) * (10 ** (decibels / 20)).astype(np.float32)).intensity()
    assert swell is not None
    assert swell.intensity_rising_db_per_s == pytest.approx(20.0, abs=2.0)
    assert swell.intensity_falling_db_per_s == pytest.approx(-10.0, abs=1.5)


def test_voiced_stretches_have_their_number_and_length() -> None:
    voice, hiss = sawtooth(150.0, 0.5), 0.1 * white_noise(0.25, 0)
    voicing = PraatSound(np.concatenate([voice, hiss, voice, hiss, voice, hiss, voice])).voicing()
    assert voicing.voiced_stretches_hz == pytest.approx(4 / 2.75, abs=0.01)
    assert voicing.voiced_mean_s == pytest.approx(0.5, abs=0.06)
    assert voicing.unvoiced_mean_s == pytest.approx(0.25, abs=0.06)


def test_the_ceiling_bounds_the_pitch() -> None:
    sound = PraatSound(sawtooth(440.0, 1.0), PitchRange(75.0, 300.0))
    pitch = sound.pitch()
    assert pitch is None or pitch.f0_p90_hz <= 300.0


def test_ten_decibels_more_are_ten_decibels_more() -> None:
    quiet, loud = (PraatSound(sawtooth(200.0, 1.0, level)).intensity() for level in (0.1, 0.1 * 10**0.5))
    assert quiet is not None
    assert loud is not None
    assert loud.intensity_mean_db - quiet.intensity_mean_db == pytest.approx(10.0, abs=0.01)
    assert loud.intensity_p50_db - quiet.intensity_p50_db == pytest.approx(10.0, abs=0.01)
    # a sawtooth of amplitude a has the root mean square a / sqrt(3); full scale counts as 1 Pa, 94 dB
    assert quiet.intensity_mean_db == pytest.approx(20 * np.log10(0.1 / np.sqrt(3) / 2e-5), abs=0.2)
    assert quiet.intensity_sd_db < 0.5
    assert quiet.intensity_p20_db <= quiet.intensity_p50_db <= quiet.intensity_p80_db


def test_an_uneven_voice_has_more_jitter_and_noise() -> None:
    rng = np.random.default_rng(0)
    periods = [round(SAMPLE_RATE / 150 * change) for change in 1 + 0.02 * rng.standard_normal(300)]
    position = np.concatenate([np.arange(period) / period for period in periods])
    uneven = PraatSound((0.3 * np.exp(-8 * position)).astype(np.float32)).voice_quality()
    even = PraatSound(sawtooth(150.0, 2.0)).voice_quality()
    noisy = PraatSound(sawtooth(150.0, 2.0) + white_noise(2.0, 0)).voice_quality()
    assert even.jitter_local is not None
    assert uneven.jitter_local is not None
    assert even.hnr_db is not None
    assert noisy.hnr_db is not None
    assert even.jitter_local < 0.01 < uneven.jitter_local < 0.05
    assert noisy.hnr_db < even.hnr_db - 5


@pytest.mark.parametrize(("count", "rate_hz"), [(4, 3.0), (8, 4.0), (15, 5.0)])
def test_syllables_are_counted(count: int, rate_hz: float) -> None:
    assert PraatSound(sung_syllables(count, rate_hz)).syllables() == count


def test_swells_of_noise_are_no_syllables() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    whisper = white_noise(2.0, 0) * (0.02 + np.sin(np.pi * 4 * time) ** 2).astype(np.float32)
    assert PraatSound(whisper).syllables() == 0
    assert PraatSound(whisper).intensity_peaks() == pytest.approx(8, abs=1), "and are peaks of intensity all the same"


def test_pauses_have_their_number_and_length() -> None:
    voice, pause = sawtooth(150.0, 1.0), np.zeros(round(0.6 * SAMPLE_RATE), np.float32)
    short = np.zeros(round(0.15 * SAMPLE_RATE), np.float32)
    pauses = PraatSound(np.concatenate([voice, pause, voice, short, voice, pause, voice])).pauses()
    assert pauses is not None
    assert pauses.count == 2, "0.15 s are no pause"
    assert pauses.silent_s == pytest.approx(1.2, abs=0.2)
    assert pauses.longest_s == pytest.approx(0.6, abs=0.1)


def test_a_steady_voice_has_no_pause() -> None:
    pauses = PraatSound(sawtooth(150.0, 1.0)).pauses()
    assert pauses is not None
    assert (pauses.count, pauses.silent_s, pauses.longest_s) == (0, 0.0, 0.0)


def test_mfcc_tell_timbres_apart_and_not_levels() -> None:
    dull = np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    bright, quieter, low = (PraatSound(w).mfcc() for w in (sawtooth(200.0, 1.0), sawtooth(200.0, 1.0, 0.1), 0.3 * dull))
    assert bright is not None
    assert quieter is not None
    assert low is not None
    assert len(bright.mean) == len(bright.sd) == 12
    assert quieter.mean == pytest.approx(bright.mean, abs=0.5)
    assert np.abs(np.subtract(low.mean, bright.mean)).max() > 50


def test_white_noise_is_unvoiced() -> None:
    sound = PraatSound(white_noise(2.0, 0))
    assert sound.pitch() is None
    assert sound.voicing().voiced_share == 0.0
    assert sound.voicing().voiced_mean_s is None
    with pytest.raises(ValueError, match="no frame is voiced"):
        sound.balance()
    with pytest.raises(ValueError, match="no frame is voiced"):
        sound.formants()
    assert sound.intensity() is not None
    assert sound.mfcc() is not None


def test_silence_has_no_values() -> None:
    sound = PraatSound(np.zeros(SAMPLE_RATE, np.float32))
    assert sound.pitch() is None
    assert sound.intensity() is None
    assert sound.pauses() is None
    assert sound.syllables() is None
    assert sound.intensity_peaks() is None
    assert sound.mfcc() is None


@pytest.mark.parametrize("pitch_range", [PitchRange(), PitchRange(50.0, 500.0), PitchRange(200.0, 900.0)])
def test_the_shortest_waveform_can_be_measured_and_less_is_refused(pitch_range: PitchRange) -> None:
    samples = shortest_samples(pitch_range)
    sound = PraatSound(sawtooth(250.0, 1.0)[:samples], pitch_range)
    sound.voice_quality()
    assert sound.intensity() is not None
    assert sound.pauses() is not None
    assert sound.syllables() is not None
    assert sound.mfcc() is not None
    with pytest.raises(ValueError, match="too short"):
        PraatSound(sawtooth(250.0, 1.0)[: samples - 1], pitch_range)
