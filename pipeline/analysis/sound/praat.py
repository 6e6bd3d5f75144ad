"""Measurements of one stretch of speech by Praat's algorithms (Boersma and Weenink), through parselmouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound import spectrum
from pipeline.analysis.sound.contour import slopes, stretches
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Hertz, Seconds

Values = NDArray[np.float64]

SYLLABLE_FLOOR_HZ: Hertz = 50.0  # smooths intensity over 64 ms (de Jong and Wempe 2009)
SHORTEST_S: Seconds = 6.4 / SYLLABLE_FLOOR_HZ  # 0.128 s, the window of that intensity; more than Praat's others
TIME_STEP_S: Seconds = 0.01
NO_LEVEL_DB: Decibels = -200.0  # Praat writes -300 dB for digital silence
# Praat's own defaults for voice quality: shortest and longest period (s), largest factor between neighbours
PERIODS = (0.0001, 0.02, 1.3)
AMPLITUDE_FACTOR = 1.6
MFCC_COEFFICIENTS = 12
# de Jong and Wempe (2009), Behavior Research Methods 41: 385-390
SYLLABLE_DIP_DB: Decibels = 2.0  # how far intensity falls before a nucleus
SILENCE_DB: Decibels = -25.0  # below the 99th percentile of intensity it is silent
SHORTEST_PAUSE_S: Seconds = 0.3
SHORTEST_SOUND_S: Seconds = 0.1


@dataclass(frozen=True, slots=True)
class PitchRange:
    """Where Praat looks for a fundamental frequency."""

    floor_hz: Hertz = 75.0
    ceiling_hz: Hertz = 600.0


@dataclass(frozen=True, slots=True)
class Pitch:
    """Fundamental frequency of the voiced frames (autocorrelation, Boersma 1993)."""

    f0_median_hz: Hertz
    f0_p10_hz: Hertz
    f0_p20_hz: Hertz
    f0_p80_hz: Hertz
    f0_p90_hz: Hertz
    f0_sd_semitones: float
    f0_range_semitones: float
    f0_rising_semitones_per_s: float | None
    f0_falling_semitones_per_s: float | None


@dataclass(frozen=True, slots=True)
class Voicing:
    """How much of the stretch has a pitch, and in what pieces."""

    voiced_share: float
    voiced_stretches_hz: Hertz
    voiced_mean_s: Seconds | None
    unvoiced_mean_s: Seconds | None


@dataclass(frozen=True, slots=True)
class Intensity:
    """Intensity of the frames in dB re 20 µPa, full scale taken as 1 Pa."""

    intensity_mean_db: Decibels
    intensity_sd_db: Decibels
    intensity_p20_db: Decibels
    intensity_p50_db: Decibels
    intensity_p80_db: Decibels
    intensity_rising_db_per_s: float | None
    intensity_falling_db_per_s: float | None


@dataclass(frozen=True, slots=True)
class VoiceQuality:
    """How regular the voice is; each is None where Praat finds too few periods."""

    jitter_local: float | None
    shimmer_local: float | None
    hnr_db: Decibels | None


@dataclass(frozen=True, slots=True)
class Pauses:
    """Silences of at least 0.3 s."""

    count: int
    silent_s: Seconds
    longest_s: Seconds


@dataclass(frozen=True, slots=True)
class Mfcc:
    """Mel-frequency cepstral coefficients 1 to 12 over frames."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]


class PraatSound:
    """One stretch of speech, measured: `waveform` of shape `(time,)` at 16 kHz, at least `SHORTEST_S` long."""

    def __init__(self, waveform: Waveform, pitch_range: PitchRange | None = None) -> None:
        import parselmouth

        self._range = pitch_range or PitchRange()
        if waveform.size < shortest_samples(self._range):
            raise ValueError(f"{waveform.size} samples are too short for Praat: give {shortest_samples(self._range)}")
        self._call = parselmouth.praat.call
        self._sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE)
        self._pitch = self._sound.to_pitch_ac(
            time_step=TIME_STEP_S, pitch_floor=self._range.floor_hz, pitch_ceiling=self._range.ceiling_hz
        )
        self._f0: Values = self._pitch.selected_array["frequency"]  # 0 where unvoiced
        # Intensity over long windows, for syllables and pauses
        self._slow = self._sound.to_intensity(minimum_pitch=SYLLABLE_FLOOR_HZ)

    @property
    def seconds(self) -> Seconds:
        """Length of the stretch."""
        return float(self._sound.duration)

    def voicing(self) -> Voicing:
        """Share, number and length of voiced stretches."""
        voiced = self._f0 > 0
        pieces, gaps = stretches(voiced, TIME_STEP_S), stretches(~voiced, TIME_STEP_S)
        return Voicing(float(np.mean(voiced)), pieces.count / self.seconds, pieces.mean_s, gaps.mean_s)

    def pitch(self) -> Pitch | None:
        """Fundamental frequency; None without a voiced frame."""
        voiced = self._f0[self._f0 > 0]
        if not voiced.size:
            return None
        p10, p20, p50, p80, p90 = (float(value) for value in np.percentile(voiced, (10, 20, 50, 80, 90)))
        semitones = np.full(self._f0.shape, np.nan)  # holds nothing where unvoiced
        semitones[self._f0 > 0] = 12 * np.log2(voiced)
        slope = slopes(semitones, TIME_STEP_S)
        return Pitch(
            f0_median_hz=p50,
            f0_p10_hz=p10,
            f0_p20_hz=p20,
            f0_p80_hz=p80,
            f0_p90_hz=p90,
            f0_sd_semitones=float(np.std(12 * np.log2(voiced))),
            f0_range_semitones=float(12 * np.log2(p90 / p10)),
            f0_rising_semitones_per_s=slope.rising,
            f0_falling_semitones_per_s=slope.falling,
        )

    def voice_quality(self) -> VoiceQuality:
        """Jitter, shimmer and harmonics-to-noise ratio of voiced frames, with Praat's default limits."""
        periods = self._call([self._sound, self._pitch], "To PointProcess (cc)")
        jitter = self._call(periods, "Get jitter (local)", 0, 0, *PERIODS)
        shimmer = self._call([self._sound, periods], "Get shimmer (local)", 0, 0, *PERIODS, AMPLITUDE_FACTOR)
        return VoiceQuality(_none_if_nan(jitter), _none_if_nan(shimmer), self._harmonicity())

    def intensity(self) -> Intensity | None:
        """Level, spread and slopes of intensity; None for silence."""
        contour: Values = self._sound.to_intensity(
            minimum_pitch=self._range.floor_hz, time_step=TIME_STEP_S
        ).values.ravel()
        levels = contour[contour > NO_LEVEL_DB]
        if not levels.size:
            return None
        slope = slopes(np.where(contour > NO_LEVEL_DB, contour, np.nan), TIME_STEP_S)
        p20, p50, p80 = (float(value) for value in np.percentile(levels, (20, 50, 80)))
        return Intensity(float(levels.mean()), float(levels.std()), p20, p50, p80, slope.rising, slope.falling)

    def balance(self) -> spectrum.Balance:
        """Balance of the spectrum over voiced frames; ValueError without one."""
        times, f0 = self._voiced()
        return spectrum.balance(self._sound.values[0].astype(np.float32), times, f0)

    def formants(self) -> spectrum.Formants:
        """Formants over voiced frames; ValueError without one."""
        return spectrum.formants(self._sound, self._voiced()[0])

    def _voiced(self) -> tuple[Values, Values]:
        """Times and fundamental frequencies of the voiced frames."""
        voiced = self._f0 > 0
        if not voiced.any():
            raise ValueError("no frame is voiced: there is no voice to measure")
        return self._pitch.xs()[voiced], self._f0[voiced]

    def pauses(self) -> Pauses | None:
        """Silent stretches below -25 dB of the 99th percentile (de Jong and Wempe 2009); None for silence."""
        threshold = self._silence_threshold()
        if threshold is None:
            return None
        levels = self._slow.values.ravel()
        if levels.min() >= threshold:
            return Pauses(0, 0.0, 0.0)
        grid = self._call(
            self._slow, "To TextGrid (silences)",
            threshold - float(levels.max()), SHORTEST_PAUSE_S, SHORTEST_SOUND_S, "silent", "sounding",
        )  # fmt: skip
        silent = [
            self._call(grid, "Get end time of interval", 1, i) - self._call(grid, "Get start time of interval", 1, i)
            for i in range(1, self._call(grid, "Get number of intervals", 1) + 1)
            if self._call(grid, "Get label of interval", 1, i) == "silent"
        ]
        return Pauses(len(silent), float(sum(silent)), float(max(silent, default=0.0)))

    def syllables(self) -> int | None:
        """Syllable nuclei: peaks of intensity that are voiced (de Jong and Wempe 2009); None for silence."""
        peaks = self._peaks()
        return None if peaks is None else sum(not np.isnan(self._pitch.get_value_at_time(time)) for time in peaks)

    def intensity_peaks(self) -> int | None:
        """Peaks of intensity after a dip of 2 dB, voiced or not; None for silence."""
        peaks = self._peaks()
        return None if peaks is None else len(peaks)

    def _peaks(self) -> list[Seconds] | None:
        """Times of peaks of intensity after a dip of 2 dB (de Jong and Wempe 2009); None for silence."""
        threshold = self._silence_threshold()
        if threshold is None:
            return None
        levels: Values = self._slow.values.ravel()
        inner = levels[1:-1]
        peaks = 1 + np.flatnonzero((inner > levels[:-2]) & (inner >= levels[2:]) & (inner > threshold))
        times, before = self._slow.xs(), [0, *peaks[:-1]]
        return [
            float(times[peak])
            for earlier, peak in zip(before, peaks, strict=False)
            if levels[peak] - levels[earlier : peak + 1].min() >= SYLLABLE_DIP_DB
        ]

    def mfcc(self) -> Mfcc | None:
        """Mean and standard deviation of coefficients 1 to 12 by Praat's defaults; None for silence."""
        if self._silence_threshold() is None:
            return None
        frames: Values = self._sound.to_mfcc(number_of_coefficients=MFCC_COEFFICIENTS).to_array()[1:]  # without c0
        frames = frames[:, np.isfinite(frames).all(axis=0)]
        if len(frames) < MFCC_COEFFICIENTS or not frames.size:
            return None
        return Mfcc(tuple(map(float, frames.mean(axis=1))), tuple(map(float, frames.std(axis=1))))

    def _harmonicity(self) -> Decibels | None:
        """Mean over voiced frames of the ratio that the autocorrelation of each gives (Boersma 1993, equation 4)."""
        strength: Values = self._pitch.selected_array["strength"][self._f0 > 0]
        strength = strength[(strength > 0) & (strength < 1)]
        return float(np.mean(10 * np.log10(strength / (1 - strength)))) if strength.size else None

    def _silence_threshold(self) -> Decibels | None:
        """Intensity below which it is silent; None if there is nothing but silence."""
        levels = self._slow.values.ravel()
        levels = levels[levels > NO_LEVEL_DB]
        return float(np.percentile(levels, 99)) + SILENCE_DB if levels.size else None


def shortest_samples(pitch_range: PitchRange) -> int:
    """The fewest samples that every measurement here can work with."""
    return int(np.ceil(max(SHORTEST_S, 6.4 / pitch_range.floor_hz) * SAMPLE_RATE)) + 1


def _none_if_nan(value: float) -> float | None:
    """Praat's undefined is NaN; here it is None."""
    return float(value) if np.isfinite(value) else None
