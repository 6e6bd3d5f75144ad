"""What a clip's audio looks like: waveform, pitch, intensity and spectrogram, coarse enough for a page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.praat import PitchRange, shortest_samples
from pipeline.analysis.sound.time_series import WINDOW, power_spectra
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds

STEP_S: Seconds = 0.02  # between values of a curve
MAX_VALUES = 6_000  # of a curve: a clip of more than two minutes has longer steps
PEAKS = 800  # points of the waveform
COLUMNS, ROWS = 800, 128  # pixels of the spectrogram: two frequencies of a spectrum a row
RANGE_DB: Decibels = 70.0  # from the loudest to the faintest shade, as Praat draws it by default
SHADES = 32
SILENT_DB: Decibels = -200.0  # Praat writes -300 dB for digital silence

Numbers = NDArray[np.float64]


def curves(waveform: Waveform, pitch_range: PitchRange) -> dict[str, Any]:
    """Everything that the page of a clip draws of its audio, shape `(time,)`: ready for JSON.

    Pitch in Hz (autocorrelation, Boersma 1993) and intensity in dB are None where there is none.
    """
    seconds = waveform.size / SAMPLE_RATE
    step = max(STEP_S, seconds / MAX_VALUES)
    pitch, intensity = _pitch_and_intensity(waveform, pitch_range, step)
    return {
        "pitch_range_hz": (pitch_range.floor_hz, pitch_range.ceiling_hz),
        "duration_s": seconds,
        "peaks": peaks(waveform),
        "step_s": step,
        "f0_hz": pitch,
        "intensity_db": intensity,
        "spectrogram": "data:image/png;base64," + base64.b64encode(spectrogram_png(waveform)).decode(),
    }


def range_note(pitch_range: PitchRange) -> str:
    """How a script with these curves names the range in which pitch was looked for."""
    return f'"pitch_range_hz":[{pitch_range.floor_hz:.1f},{pitch_range.ceiling_hz:.1f}]'


def peaks(waveform: Waveform, points: int = PEAKS) -> list[float]:
    """The largest deviation in each of at most `points` equal parts, with its sign, between -1 and 1."""
    parts = np.array_split(waveform, min(points, max(1, waveform.size)))
    return [round(float(part[np.abs(part).argmax()]), 2) if part.size else 0.0 for part in parts]


def _pitch_and_intensity(
    waveform: Waveform, pitch_range: PitchRange, step: Seconds
) -> tuple[list[int | None], list[int | None]]:
    """Values at each multiple of `step`; what Praat cannot measure is None."""
    times = np.arange(0, waveform.size / SAMPLE_RATE, step)
    if waveform.size < shortest_samples(pitch_range):
        return [None] * times.size, [None] * times.size
    import parselmouth

    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE)
    pitch = sound.to_pitch_ac(time_step=step, pitch_floor=pitch_range.floor_hz, pitch_ceiling=pitch_range.ceiling_hz)
    levels = sound.to_intensity(minimum_pitch=pitch_range.floor_hz, time_step=step)
    f0 = np.where(pitch.selected_array["frequency"] > 0, pitch.selected_array["frequency"], np.nan)
    loud = np.where(levels.values.ravel() > SILENT_DB, levels.values.ravel(), np.nan)
    return _at(times, pitch.xs(), f0, step), _at(times, levels.xs(), loud, step)


def _at(times: Numbers, frames: Numbers, values: Numbers, step: Seconds) -> list[int | None]:
    """The value of the nearest frame, as an integer; None further than a step from any."""
    nearest = np.clip(np.rint((times - frames[0]) / step).astype(int), 0, frames.size - 1)
    found = np.where(np.abs(frames[nearest] - times) <= step, values[nearest], np.nan)
    return [None if np.isnan(value) else round(float(value)) for value in found]


def spectrogram_png(waveform: Waveform) -> bytes:
    """A greyscale PNG, time to the right and 0 to 8 kHz upwards, black the loudest: at most 800 by 128 pixels."""
    from PIL import Image

    levels = _levels(waveform)
    shades = np.clip((levels - levels.max() + RANGE_DB) / RANGE_DB, 0, 1)
    pixels = np.rint((1 - shades) * (SHADES - 1)).astype(np.uint8)
    image = Image.fromarray(pixels[::-1], mode="P")
    image.putpalette([round(255 * shade / (SHADES - 1)) for shade in range(SHADES) for _ in range(3)])
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True, bits=5)
    return written.getvalue()


def _levels(waveform: Waveform) -> Numbers:
    """Power in dB, shape `(ROWS, columns)`: windows of 25 ms (Hann), the mean power of neighbouring frequencies."""
    columns = int(np.clip(waveform.size // (WINDOW // 2), 1, COLUMNS))
    power = power_spectra(waveform, np.linspace(0, max(0, waveform.size - 1), columns).astype(int))
    bands = power[:, : 2 * ROWS].reshape(columns, ROWS, 2).mean(axis=2)
    levels: Numbers = 10 * np.log10(np.maximum(bands.T, 1e-12))
    return levels
