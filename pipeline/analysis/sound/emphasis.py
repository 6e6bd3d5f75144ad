"""How words stand out from their neighbours by intensity, pitch and length (Suni, Šimko, Aalto and Vainio 2017).

Those authors sum the three over scales of time; here each word has one number of each kind, standardised over the clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.praat import NO_LEVEL_DB, TIME_STEP_S, PitchRange, shortest_samples
from pipeline.analysis.text.words import graphemes_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds, WordRow

Values = NDArray[np.float64]

MIN_WORDS = 5  # fewer give no spread to stand out from
# A hiss can pass for a very high voice: pitch beyond these shares of the lower and upper quartile is dropped
# (De Looze and Hirst 2008)
LOWEST_OF_QUARTILE, HIGHEST_OF_QUARTILE = 0.75, 1.5
SMALLEST_SPREAD = 1e-3  # dB, semitones or ln: below it words are the same
SHORTEST_WORD_S: Seconds = 0.02  # two frames; Whisper gives some words no time at all


@dataclass(frozen=True, slots=True)
class Frames:
    """Contours of a clip, a value each 10 ms: NaN where there is no level or no voice."""

    times: Values
    intensity_db: Values
    f0_hz: Values

    def within(self, word: WordRow) -> slice:
        """The frames of a word; none if it is too short for one."""
        first, end = np.searchsorted(self.times, (word.start_s, word.end_s))
        return slice(int(first), int(end))

    def without_pitch(self, spans: Sequence[tuple[Seconds, Seconds]]) -> Frames:
        """The same contours without the pitch of these stretches."""
        f0_hz = self.f0_hz.copy()
        for start_s, end_s in spans:
            f0_hz[(self.times >= start_s) & (self.times < end_s)] = np.nan
        return Frames(self.times, self.intensity_db, f0_hz)


@dataclass(frozen=True, slots=True)
class EmphasisMeasures:
    """One word's three measures and their mean, each None where it is not known."""

    intensity_peak_db: Decibels | None
    f0_peak_semitones: float | None
    duration_z: float | None
    emphasis: float | None


def frames_of(waveform: Waveform, pitch_range: PitchRange) -> Frames | None:
    """The contours of a clip's waveform `(time,)` at 16 kHz; None if it is too short for Praat."""
    import parselmouth

    if waveform.size < shortest_samples(pitch_range):
        return None
    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE)
    pitch = sound.to_pitch_ac(
        time_step=TIME_STEP_S, pitch_floor=pitch_range.floor_hz, pitch_ceiling=pitch_range.ceiling_hz
    )
    levels: Any = sound.to_intensity(minimum_pitch=pitch_range.floor_hz, time_step=TIME_STEP_S)
    intensity: Values = np.interp(pitch.xs(), levels.xs(), levels.values.ravel())
    audible = np.where(intensity > NO_LEVEL_DB / 2, intensity, np.nan)
    return Frames(pitch.xs(), audible, _plausible_f0(pitch.selected_array["frequency"]))


def emphasis_of(words: Sequence[WordRow], frames: Frames) -> list[EmphasisMeasures]:
    """The emphasis of the words of one clip, in order; speakers are not told apart."""
    slices = [frames.within(word) for word in words]
    level, voice = _median(frames.intensity_db, slices), _median(frames.f0_hz, slices)
    peaks = np.array([_highest(frames.intensity_db[part]) for part in slices]) - level
    pitches = 12 * np.log2(np.array([_highest(frames.f0_hz[part]) for part in slices]) / voice)
    scores = np.array([_standardised(values) for values in (peaks, pitches, _surprising_lengths(words))])
    known = np.isfinite(scores)
    counts = known.sum(axis=0)
    # loudness and length are there for every word that was heard; without them a word has no place in the order
    complete = known[0] & known[2]
    means = np.where(complete, np.where(known, scores, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan)
    columns = (peaks, pitches, scores[2], means)
    return [EmphasisMeasures(*map(_none_if_nan, values)) for values in zip(*columns, strict=True)]


def _median(values: Values, slices: Sequence[slice]) -> float:
    """The median of what is known inside words; NaN if nothing is."""
    inside = np.concatenate([values[part] for part in slices]) if slices else np.empty(0)
    inside = inside[np.isfinite(inside)]
    return float(np.median(inside)) if inside.size else np.nan


def _highest(values: Values) -> float:
    found = values[np.isfinite(values)]
    return float(found.max()) if found.size else np.nan


def _plausible_f0(heights: Values) -> Values:
    """Fundamental frequencies with NaN where unvoiced (0) or out of the range of this voice."""
    voiced = heights[heights > 0]
    if not voiced.size:
        return np.full(heights.shape, np.nan)
    low, high = np.percentile(voiced, (25, 75))
    kept = (heights >= LOWEST_OF_QUARTILE * low) & (heights <= HIGHEST_OF_QUARTILE * high)
    plausible: Values = np.where(kept, heights, np.nan)
    return plausible


def _surprising_lengths(words: Sequence[WordRow]) -> Values:
    """How much longer each word is than words of as many letters in its clip, in logarithms as lengths are skewed.

    NaN for a word without a letter or without time; where all have the same number of letters, the length itself.
    """
    letters = np.array([sum(cluster[0].isalnum() for cluster in graphemes_of(word.word)) for word in words])
    seconds = np.array([word.end_s - word.start_s for word in words])
    usable = (letters > 0) & (seconds >= SHORTEST_WORD_S)
    logs = np.full((2, len(words)), np.nan)
    logs[:, usable] = np.log([letters[usable], seconds[usable]])
    lengths: Values = logs[1]
    if np.unique(letters[usable]).size > 1:
        slope, offset = np.polyfit(logs[0, usable], logs[1, usable], 1)
        lengths = lengths - (slope * logs[0] + offset)
    return lengths


def _standardised(values: Values) -> Values:
    """Distance from the mean of the known values in standard deviations; all NaN if fewer than `MIN_WORDS` are known.

    Where all are the same, 0.
    """
    found = values[np.isfinite(values)]
    if found.size < MIN_WORDS:
        return np.full(values.shape, np.nan)
    distances: Values = (values - found.mean()) / max(float(found.std()), SMALLEST_SPREAD)
    return distances


def _none_if_nan(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
