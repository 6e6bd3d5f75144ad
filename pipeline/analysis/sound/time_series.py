"""What a waveform holds over time: spectrogram, Whisper's mel bands, MFCC, fundamental frequency and intensity."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.praat import MFCC_COEFFICIENTS, NO_LEVEL_DB, TIME_STEP_S, PitchRange, shortest_samples
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]

WINDOW_S: Seconds = 0.025
WINDOW = round(WINDOW_S * SAMPLE_RATE)  # 400 samples
TRANSFORM = 512  # samples with zeros: 31.25 Hz from row to row
STEP = 80  # samples: 5 ms from column to column, longer where there would be more columns than these
MOST_COLUMNS = 2_000
LONGEST_WINDOW_S: Seconds = 1.0
SHORTEST_STEP_S: Seconds = 0.001
FAINTEST = 1e-12  # power, far below that of 16-bit silence: keeps the logarithm finite
MEL_BANDS, MORE_MEL_BANDS = 80, 128  # of Whisper base, and of its large models since the third
MEL_STEP_S: Seconds = 0.01  # of Whisper
MFCC_WINDOW_S: Seconds = 0.015  # Praat's defaults
MFCC_STEP_S: Seconds = 0.005
MOST_COEFFICIENTS = 30


@dataclass(frozen=True, slots=True)
class Contour:
    """One value a frame, both `(frames,)`; NaN where there is none to measure."""

    times_s: Values
    values: Values


@dataclass(frozen=True, slots=True)
class Picture:
    """Several values a frame: `values` is `(rows, frames)`, `rows` their frequencies (Hz) or numbers."""

    times_s: Values
    rows: Values
    values: Values

    def frame(self) -> pd.DataFrame:
        """The same as a frame: one line a frame under its time in s, one column a frequency or number."""
        import pandas as pd

        return pd.DataFrame(self.values.T, index=pd.Index(self.times_s, name="time_s"), columns=pd.Index(self.rows))


def power_spectra(waveform: Waveform, middles: NDArray[np.int_], window: int = WINDOW) -> Values:
    """Power `(frames, frequencies)` of Hann windows of `window` samples around each of `middles` (samples).

    Filled with zeros to 512 samples, or to the next power of two where the window is longer; beyond the ends of the
    waveform `(time,)` there is silence.
    """
    padded = np.pad(waveform.astype(np.float64), (window // 2, window))
    frames = padded[middles[:, np.newaxis] + np.arange(window)] * np.hanning(window)
    power: Values = np.abs(np.fft.rfft(frames, _transform(window))) ** 2
    return power


def spectrogram(waveform: Waveform, window_s: Seconds = WINDOW_S, step_s: Seconds | None = None) -> Picture:
    """Power in dB of Hann windows, from 0 to 8 kHz; `waveform` is `(time,)` at 16 kHz and not empty.

    Without a step it is 5 ms, or longer where there would be more than 2,000 frames. A full-scale sine in a window of n
    samples has 20 log10(n/4) dB. Raises `UserError` for a window or a step that cannot be.
    """
    _check_frames(window_s, step_s)
    window = round(window_s * SAMPLE_RATE)
    fitting = max(STEP, int(np.ceil(waveform.size / MOST_COLUMNS)))
    middles = np.arange(0, waveform.size, fitting if step_s is None else round(step_s * SAMPLE_RATE))
    levels = 10 * np.log10(np.maximum(power_spectra(waveform, middles, window), FAINTEST))
    frequencies = np.fft.rfftfreq(_transform(window), 1 / SAMPLE_RATE).astype(np.float64)
    return Picture(middles / SAMPLE_RATE, frequencies, levels.T)


def mel_bands(waveform: Waveform, bands: int = MEL_BANDS) -> Picture:
    """The log-mel bands that Whisper is given each 10 ms, on its own scale (Radford et al. 2022); rows are in Hz.

    80 bands for Whisper base and small, 128 for its newer large models; `UserError` for another number.
    """
    if bands not in (MEL_BANDS, MORE_MEL_BANDS):
        raise UserError(f"Whisper has {MEL_BANDS} or {MORE_MEL_BANDS} mel bands, not {bands}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook, tqdm misses a widget that nothing here draws
        from faster_whisper.feature_extractor import FeatureExtractor

    extractor = FeatureExtractor(feature_size=bands)
    frames = int(np.ceil(waveform.size / SAMPLE_RATE / MEL_STEP_S))
    values = np.asarray(extractor(waveform), dtype=np.float64)[:, :frames]
    frequencies = np.linspace(0, SAMPLE_RATE / 2, extractor.mel_filters.shape[1])
    centres = frequencies[extractor.mel_filters.argmax(axis=1)].astype(np.float64)
    times = np.arange(values.shape[1], dtype=np.float64) * MEL_STEP_S
    return Picture(times, centres, values)


def mfcc(
    waveform: Waveform,
    coefficients: int = MFCC_COEFFICIENTS,
    window_s: Seconds = MFCC_WINDOW_S,
    step_s: Seconds = MFCC_STEP_S,
) -> Picture | None:
    """Praat's mel-frequency cepstral coefficients from 1 on, as `acoustics` averages them; None if it is too short.

    NaN where Praat finds none, as in digital silence. Raises `UserError` for numbers that cannot be.
    """
    _check_frames(window_s, step_s)
    if not 1 <= coefficients <= MOST_COEFFICIENTS:
        raise UserError(f"there are 1 to {MOST_COEFFICIENTS} coefficients, not {coefficients}")
    if waveform.size < max(
        shortest_samples(PitchRange()), 2 * window_s * SAMPLE_RATE
    ):  # Praat's window is twice as long
        return None
    import parselmouth

    found = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE).to_mfcc(
        number_of_coefficients=coefficients, window_length=window_s, time_step=step_s
    )
    values = found.to_array()[1:].astype(np.float64)  # without c0, the level
    values[~np.isfinite(values)] = np.nan
    return Picture(np.asarray(found.xs()), np.arange(1, len(values) + 1, dtype=np.float64), values)


def pitch(waveform: Waveform, pitch_range: PitchRange) -> Contour | None:
    """Fundamental frequency in Hz (autocorrelation, Boersma 1993), NaN where unvoiced; None if it is too short."""
    if waveform.size < shortest_samples(pitch_range):
        return None
    import parselmouth

    found = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE).to_pitch_ac(
        time_step=TIME_STEP_S, pitch_floor=pitch_range.floor_hz, pitch_ceiling=pitch_range.ceiling_hz
    )
    frequencies: NDArray[np.float64] = found.selected_array["frequency"]
    return Contour(np.asarray(found.xs()), np.where(frequencies > 0, frequencies, np.nan))


def intensity(waveform: Waveform, pitch_range: PitchRange) -> Contour | None:
    """Intensity in dB re 20 µPa, full scale taken as 1 Pa, NaN for silence; None if it is too short."""
    if waveform.size < shortest_samples(pitch_range):
        return None
    import parselmouth

    found = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE).to_intensity(
        minimum_pitch=pitch_range.floor_hz, time_step=TIME_STEP_S
    )
    levels: NDArray[np.float64] = found.values.ravel()
    return Contour(np.asarray(found.xs()), np.where(levels > NO_LEVEL_DB, levels, np.nan))


def span(waveform: Waveform, start_s: Seconds, end_s: Seconds) -> Waveform:
    """The samples from one time to another."""
    return waveform[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def _transform(window: int) -> int:
    return max(TRANSFORM, 1 << (window - 1).bit_length())


def _check_frames(window_s: Seconds, step_s: Seconds | None) -> None:
    for name, seconds in (("window", window_s), ("step", step_s)):
        if seconds is not None and not SHORTEST_STEP_S <= seconds <= LONGEST_WINDOW_S:
            raise UserError(f"a {name} lasts {SHORTEST_STEP_S:g} s to {LONGEST_WINDOW_S:g} s, not {seconds:g} s")
