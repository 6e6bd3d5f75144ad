"""Where the energy of a voice lies: measures of the spectrum over voiced frames (eGeMAPS, Eyben et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Hertz

Values = NDArray[np.float64]

WINDOW = 640  # samples: 40 ms, so that the harmonics of 75 Hz stand apart
TRANSFORM = 1024  # samples with zeros: 15.6 Hz from bin to bin
BIN_HZ: Hertz = SAMPLE_RATE / TRANSFORM
FREQUENCIES: Values = np.arange(TRANSFORM // 2 + 1, dtype=np.float64) * BIN_HZ
NEAR_BINS = 2  # how far from its expected bin a harmonic is searched
FAINT = 1e-20  # power, far below that of 16-bit silence: keeps the logarithm finite
FORMANTS = 3
FORMANT_STEP_S = 0.01
FORMANT_CEILING_HZ: Hertz = 5500.0  # Praat's advice for higher voices; lower ones lose little in the first three
FORMANTS_SOUGHT = 5.0  # below the ceiling (Praat's default)


@dataclass(frozen=True, slots=True)
class Balance:
    """Energy of parts of the spectrum against each other; means over voiced frames but for the median `hf500_db`."""

    alpha_ratio_db: Decibels
    hammarberg_db: Decibels
    slope_0_500_db_per_khz: float
    slope_500_1500_db_per_khz: float
    h1_h2_db: Decibels
    hf500_db: Decibels


@dataclass(frozen=True, slots=True)
class Formants:
    """Mean frequency and bandwidth of the first three formants; None where none was found in any voiced frame."""

    f1_hz: Hertz | None
    f2_hz: Hertz | None
    f3_hz: Hertz | None
    f1_bandwidth_hz: Hertz | None
    f2_bandwidth_hz: Hertz | None
    f3_bandwidth_hz: Hertz | None


def balance(waveform: Waveform, times: Values, f0: Values) -> Balance:
    """The balance of a voice `(time,)` at 16 kHz in the frames around `times` (s), where its pitch is `f0` (Hz).

    Both have shape `(frames,)` and hold voiced frames alone, at least one.
    """
    power = _power(waveform, times)
    level = 10 * np.log10(power)
    harmonics = [_strongest_near(level, multiple * f0) for multiple in (1, 2)]
    return Balance(
        alpha_ratio_db=float(np.mean(_energy_db(power, 1000, 5000) - _energy_db(power, 50, 1000))),
        hammarberg_db=float(np.mean(_peak(level, 0, 2000) - _peak(level, 2000, 5000))),
        slope_0_500_db_per_khz=_slope(level, 0, 500),
        slope_500_1500_db_per_khz=_slope(level, 500, 1500),
        h1_h2_db=float(np.mean(harmonics[0] - harmonics[1])),
        hf500_db=float(np.median(_energy_db(power, 500, SAMPLE_RATE / 2) - _energy_db(power, 80, 500))),
    )


def formants(sound: Any, times: Values) -> Formants:
    """Formants of a `parselmouth.Sound` at voiced `times` (s) `(frames,)`, by Burg's method as Praat has it."""
    tracks = sound.to_formant_burg(
        time_step=FORMANT_STEP_S, max_number_of_formants=FORMANTS_SOUGHT, maximum_formant=FORMANT_CEILING_HZ
    )
    numbers = range(1, FORMANTS + 1)
    frequencies = [_mean([tracks.get_value_at_time(n, time) for time in times]) for n in numbers]
    bandwidths = [_mean([tracks.get_bandwidth_at_time(n, time) for time in times]) for n in numbers]
    return Formants(*frequencies, *bandwidths)


def _power(waveform: Waveform, times: Values) -> Values:
    """Power spectra `(frames, bins)` of Hann windows around the times; beyond the ends there is silence."""
    padded = np.pad(waveform.astype(np.float64), WINDOW)
    starts = np.rint(times * SAMPLE_RATE).astype(int) + WINDOW - WINDOW // 2
    frames = padded[starts[:, np.newaxis] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power: Values = np.abs(np.fft.rfft(frames, TRANSFORM)) ** 2
    return power + FAINT


def _band(low_hz: Hertz, high_hz: Hertz) -> slice:
    """The bins from one frequency to below another."""
    first, end = np.searchsorted(FREQUENCIES, (low_hz, high_hz))
    return slice(int(first), int(end))


def _energy_db(power: Values, low_hz: Hertz, high_hz: Hertz) -> Values:
    energy: Values = 10 * np.log10(power[:, _band(low_hz, high_hz)].sum(axis=1))
    return energy


def _peak(level: Values, low_hz: Hertz, high_hz: Hertz) -> Values:
    peak: Values = level[:, _band(low_hz, high_hz)].max(axis=1)
    return peak


def _slope(level: Values, low_hz: Hertz, high_hz: Hertz) -> float:
    """Mean over frames of the least-squares slope of a band, in dB/kHz."""
    # The fit is linear, so this is the slope of the mean spectrum.
    band = _band(low_hz, high_hz)
    return float(np.polyfit(FREQUENCIES[band] / 1000, level[:, band].mean(axis=0), 1)[0])


def _strongest_near(level: Values, hertz: Values) -> Values:
    """The highest level near a frequency of each frame."""
    centre = np.rint(hertz / BIN_HZ).astype(int)
    bins = np.clip(centre[:, np.newaxis] + np.arange(-NEAR_BINS, NEAR_BINS + 1), 0, level.shape[1] - 1)
    strongest: Values = np.take_along_axis(level, bins, axis=1).max(axis=1)
    return strongest


def _mean(values: list[float]) -> float | None:
    """The mean of what Praat found; it writes NaN where there is no such formant."""
    found = np.asarray(values)[np.isfinite(values)]
    return float(found.mean()) if found.size else None
