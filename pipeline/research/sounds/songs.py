"""Short made songs, each unlike the others, to find again and to tell apart."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform


@cache
def song(seed: int, seconds: float = 12.0) -> Waveform:
    """A melody over chords and noises, of random notes that never come again in the same row."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(round(seconds * SAMPLE_RATE))
    beat = rng.uniform(0.18, 0.3)
    for start in np.arange(0, seconds - 0.3, beat):
        for octave in (1, 2, 4):
            hertz = octave * 110 * 2 ** (rng.integers(0, 25) / 12)
            time = np.arange(round(rng.uniform(0.15, 0.6) * SAMPLE_RATE)) / SAMPLE_RATE
            note = sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 7)) * np.exp(-time / 0.2)
            first = round((start + rng.uniform(0, 0.05)) * SAMPLE_RATE)
            part = note[: samples.size - first]
            samples[first : first + part.size] += rng.uniform(0.3, 1) * part
    return np.asarray(0.3 * samples / np.abs(samples).max(), dtype=np.float32)
