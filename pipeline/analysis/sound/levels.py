"""Levels of a waveform: how loud it is, and how far speech stands above what surrounds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds

Stretch = tuple[Seconds, Seconds]  # start and end

SHORTEST_S: Seconds = 0.3  # of speech and of the rest; less gives no steady power
STRETCH_SAMPLES = SAMPLE_RATE // 10  # 0.1 s
FULL_SCALE = 32_766 / 32_768  # a 16-bit sample at or beyond this is clipped


def power(waveform: Waveform) -> float:
    """Mean square of a waveform of shape `(time,)` about its mean, full scale 1: an offset (DC) is inaudible.

    An empty waveform has none, so it raises `ValueError`.
    """
    if waveform.size == 0:
        raise ValueError("an empty waveform has no power")
    return float(np.var(waveform, dtype=np.float64))


def level_dbfs(waveform: Waveform) -> Decibels | None:
    """Root mean square level of a waveform of shape `(time,)` below full scale 1; None for digital silence."""
    if waveform.size == 0:
        return None
    mean_square = power(waveform)
    return 10 * float(np.log10(mean_square)) if mean_square > 0 else None


def clipping_share(waveform: Waveform) -> float | None:
    """Share of the samples of a waveform `(time,)` that are at full scale, 0–1; None for an empty one."""
    return float(np.mean(np.abs(waveform) >= FULL_SCALE)) if waveform.size else None


def snr_db(waveform: Waveform, regions: Sequence[Stretch], gaps: Sequence[Stretch] = ()) -> Decibels | None:
    """Power of speech over power of the background, in dB: (power inside - background) / background.

    The background is the median power of stretches of 0.1 s outside the regions: a mean would be dominated by the
    ends of words that voice activity cuts off. Gaps in the sound are neither. Subtracting it leaves the power of the
    speech alone. None where speech or the rest is shorter than 0.3 s, the background is digital silence, or the speech
    is no louder than it.
    """
    heard, inside = ~_within(gaps, waveform.size), _within(regions, waveform.size)
    speech, rest = waveform[heard & inside], waveform[heard & ~inside]
    if min(speech.size, rest.size) < SHORTEST_S * SAMPLE_RATE:
        return None
    stretches = rest[: rest.size // STRETCH_SAMPLES * STRETCH_SAMPLES].reshape(-1, STRETCH_SAMPLES)
    powers = np.mean(np.square(stretches - rest.mean(dtype=np.float64)), axis=1)
    noise_power = float(np.median(np.where(np.ptp(stretches, axis=1) > 0, powers, 0.0)))
    speech_power = power(speech) - noise_power
    if noise_power <= 0 or speech_power <= 0:
        return None
    return 10 * float(np.log10(speech_power / noise_power))


def _within(stretches: Sequence[Stretch], samples: int) -> NDArray[np.bool_]:
    """Which samples of a waveform lie in one of the stretches."""
    inside = np.zeros(samples, dtype=bool)
    for start_s, end_s in stretches:
        inside[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)] = True
    return inside
