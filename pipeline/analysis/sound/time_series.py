"""What a waveform holds over time: spectrogram, Whisper's mel bands, MFCC, fundamental frequency and intensity."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.praat import MFCC_COEFFICIENTS, NO_LEVEL_DB, TIME_STEP_S, PitchRange, shortest_samples
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

Values = NDArray[np.float64]

WINDOW = 400  # samples: 25 ms
TRANSFORM = 512  # samples with zeros: 31.25 Hz from row to row
STEP = 80  # samples: 5 ms from column to column, longer where there would be more columns than these
MOST_COLUMNS = 2_000
FAINTEST = 1e-12  # power, far below that of 16-bit silence: keeps the logarithm finite
MEL_BANDS = 80  # of Whisper base
MEL_STEP_S: Seconds = 0.01  # of Whisper


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


def spectrogram(waveform: Waveform) -> Picture:
    """Power in dB of Hann windows of 25 ms, from 0 to 8 kHz; `waveform` is `(time,)` at 16 kHz and not empty."""
    step = max(STEP, int(np.ceil(waveform.size / MOST_COLUMNS)))
    middles = np.arange(0, waveform.size, step)
    padded = np.pad(waveform.astype(np.float64), WINDOW // 2)
    frames = padded[middles[:, np.newaxis] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, TRANSFORM)) ** 2
    levels = 10 * np.log10(np.maximum(power, FAINTEST))
    frequencies = np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE).astype(np.float64)
    return Picture(middles / SAMPLE_RATE, frequencies, levels.T)


def mel_bands(waveform: Waveform) -> Picture:
    """The log-mel bands that Whisper base is given, on its own scale (Radford et al. 2022)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook, tqdm misses a widget that nothing here draws
        from faster_whisper.feature_extractor import FeatureExtractor

    extractor = FeatureExtractor(feature_size=MEL_BANDS)
    frames = int(np.ceil(waveform.size / SAMPLE_RATE / MEL_STEP_S))
    values = np.asarray(extractor(waveform), dtype=np.float64)[:, :frames]
    frequencies = np.linspace(0, SAMPLE_RATE / 2, extractor.mel_filters.shape[1])
    centres = frequencies[extractor.mel_filters.argmax(axis=1)].astype(np.float64)
    times = np.arange(values.shape[1], dtype=np.float64) * MEL_STEP_S
    return Picture(times, centres, values)


def mfcc(waveform: Waveform) -> Picture | None:
    """Praat's mel-frequency cepstral coefficients 1 to 12, as `acoustics` averages them; None if it is too short."""
    if waveform.size < shortest_samples(PitchRange()):
        return None
    import parselmouth

    found = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE).to_mfcc(
        number_of_coefficients=MFCC_COEFFICIENTS
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
