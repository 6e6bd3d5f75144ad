"""Synthetic music and noise, with known truth, to measure and test the evidence on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Hertz, Seconds

Samples = NDArray[np.float64]

LEVEL_DBFS: Decibels = -23.0  # root mean square of everything made here
NOTE_S: Seconds = 0.25  # an eighth note at 120 beats a minute
PROGRESSION = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones: I, vi, IV, V
OVERTONES = 6
KEY_LOW_HZ: Hertz = 110.0


def chords(seconds: Seconds, seed: int) -> Waveform:
    """Sustained chords, shape `(time,)`, as a pad or an organ plays them."""

    def bar(chord: tuple[int, ...], key: Hertz) -> Samples:
        together: Samples = np.sum([_decaying_note(key, semitones, 8 * NOTE_S, 4.0) for semitones in chord], axis=0)
        return together

    return at_level(_over_bars(seconds, seed, bar))


def arpeggio(seconds: Seconds, seed: int) -> Waveform:
    """Broken chords of plucked notes, shape `(time,)`."""

    def bar(chord: tuple[int, ...], key: Hertz) -> Samples:
        order = (0, 1, 2, 1, 0, 2, 1, 2)
        return np.concatenate([_decaying_note(2 * key, chord[step], NOTE_S, 0.25) for step in order])

    return at_level(_over_bars(seconds, seed, bar))


def drums(seconds: Seconds, seed: int) -> Waveform:
    """A beat of bass drum, snare and hi-hat, shape `(time,)`."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(NOTE_S * SAMPLE_RATE)) / SAMPLE_RATE
    kick = np.sin(2 * np.pi * (50 * time - 5 * np.exp(-time / 0.03))) * np.exp(-time / 0.08)
    snare = 0.5 * rng.standard_normal(time.size) * np.exp(-time / 0.05)
    hat = 0.2 * np.diff(rng.standard_normal(time.size), prepend=0.0) * np.exp(-time / 0.02)
    bar = np.concatenate([kick + hat, hat, snare + hat, hat, kick + hat, kick, snare + hat, hat])
    return at_level(_repeat(bar, seconds))


def band(seconds: Seconds, seed: int) -> Waveform:
    """Chords, arpeggio and drums together, shape `(time,)`."""
    return at_level(np.sum([part(seconds, seed) for part in (chords, arpeggio, drums)], axis=0, dtype=np.float64))


def white_noise(seconds: Seconds, seed: int) -> Waveform:
    """Noise of equal power per hertz, shape `(time,)`."""
    return at_level(np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)))


def pink_noise(seconds: Seconds, seed: int) -> Waveform:
    """Noise of equal power per octave, shape `(time,)`."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)))
    falling = 1.0 / np.sqrt(np.maximum(np.arange(spectrum.size), 1.0))
    falling[0] = 0.0  # it lies around 0
    return at_level(np.fft.irfft(spectrum * falling, round(seconds * SAMPLE_RATE)))


#: What is music, and what is noise, by name.
MUSIC: dict[str, Callable[[Seconds, int], Waveform]] = {
    "chords": chords, "arpeggio": arpeggio, "drums": drums, "band": band,
}  # fmt: skip
NOISE: dict[str, Callable[[Seconds, int], Waveform]] = {"white noise": white_noise, "pink noise": pink_noise}


def at_level(samples: NDArray[np.floating], level_dbfs: Decibels = LEVEL_DBFS) -> Waveform:
    """The same samples at a root mean square level; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
    gain = 10 ** (level_dbfs / 20) / level if level > 0 else 1.0
    return (samples * gain).astype(np.float32)


def mix(speech: Waveform, other: Waveform, snr_db: Decibels) -> Waveform:
    """Speech over another sound of the same length, both at one level, then set `snr_db` apart."""
    return at_level(at_level(speech) + at_level(other, LEVEL_DBFS - snr_db))


def _over_bars(seconds: Seconds, seed: int, bar: Callable[[tuple[int, ...], Hertz], Samples]) -> Samples:
    """Four bars in a key drawn from the seed, repeated."""
    key = KEY_LOW_HZ * 2 ** (np.random.default_rng(seed).integers(0, 12) / 12)
    return _repeat(np.concatenate([bar(chord, key) for chord in PROGRESSION]), seconds)


def _repeat(bars: Samples, seconds: Seconds) -> Samples:
    return np.resize(bars, round(seconds * SAMPLE_RATE))


def _decaying_note(key: Hertz, semitones: int, seconds: Seconds, decay_s: Seconds) -> Samples:
    """One note with its overtones: a soft attack, then it dies away."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = key * 2 ** (semitones / 12)
    wave = np.sum([np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, OVERTONES + 1)], axis=0)
    note: Samples = wave * np.minimum(1.0, time / 0.005) * np.exp(-time / decay_s)
    return note
