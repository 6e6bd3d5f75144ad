"""The landmarks of a recording: peaks of its spectrum, which survive codecs, another level and a voice on top.

After A. Wang, An industrial-strength audio search algorithm, ISMIR 2003, with peaks on an axis of octaves: a change of
speed or pitch moves all of them by the same step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Hertz, Seconds

WINDOW = 2_048  # samples: 128 ms, 7.8 Hz a line of the spectrum
HOP = 320  # samples
FRAMES_PER_S = SAMPLE_RATE / HOP  # 50
LOWEST: Hertz = 250.0  # below are hum, wind and the codecs' high-pass
HIGHEST: Hertz = 6_000.0  # above, aac at 64 kbit/s leaves little as it was
BINS_PER_OCTAVE = 24  # a quarter tone each
BINS = int(np.log2(HIGHEST / LOWEST) * BINS_PER_OCTAVE) + 1  # 111
BIN_BITS = 7  # a landmark is frame * 128 + bin

PEAKS_PER_S = 20  # the most salient of each second
NEXT_FRAMES, NEXT_BINS = 5, 9  # a peak is the highest this far on each side: 0.1 s and 4.5 semitones
AROUND = 31  # frames and bins of the neighbourhood that a peak stands out from
SALIENCE = 0.3  # natural logarithm of amplitude above the mean around it: 2.6 dB
RANGE = 9.0  # natural logarithm of amplitude below the loudest: 78 dB
SILENT = 1e-4  # of full scale, -80 dBFS: a recording that stays below holds nothing that anybody hears
BLOCK_FRAMES = 2_048  # transformed at a time: 16 MB

#: Landmarks in their order in time, each `frame * 2**BIN_BITS + bin`, shape `(landmarks,)`, int64.
PeakArray = NDArray[np.int64]


def landmarks_of(waveform: Waveform) -> PeakArray:
    """The landmarks of a waveform `(time,)` at 16 kHz, at most 20 a second; none of silence."""
    if waveform.size == 0 or float(np.abs(waveform).max()) < SILENT:
        return np.zeros(0, dtype=np.int64)
    from scipy.ndimage import maximum_filter, uniform_filter

    levels = _levels(waveform)
    highest = maximum_filter(levels, size=(2 * NEXT_FRAMES + 1, 2 * NEXT_BINS + 1), mode="nearest")
    salience = levels - uniform_filter(levels, size=AROUND, mode="nearest")
    is_peak = (levels == highest) & (levels > levels.max() - RANGE) & (salience > SALIENCE)
    frames, bins = np.nonzero(is_peak)
    kept = _most_salient(frames, salience[frames, bins])
    return (frames[kept] << BIN_BITS) | bins[kept]


def frames_and_bins(landmarks: PeakArray) -> tuple[PeakArray, PeakArray]:
    """The frame (of 20 ms) and the bin (of a quarter tone) of each landmark."""
    return landmarks >> BIN_BITS, landmarks & (2**BIN_BITS - 1)


def changed(landmarks: PeakArray, tempo: float, semitones: float) -> PeakArray:
    """What the landmarks are where the recording is played `tempo` times as fast and so many semitones higher."""
    frames, bins = frames_and_bins(landmarks)
    frames = np.rint(frames / tempo).astype(np.int64)
    bins = bins + round(semitones * BINS_PER_OCTAVE / 12)
    inside = (bins >= 0) & (bins < BINS)
    return np.unique((frames[inside] << BIN_BITS) | bins[inside])


def seconds_of(frames: float) -> Seconds:
    """The time that so many frames last."""
    return float(frames / FRAMES_PER_S)


def _levels(waveform: Waveform) -> NDArray[np.float32]:
    """Natural logarithm of amplitude, shape `(frames, BINS)`, read between the lines of the spectrum."""
    padded = np.pad(waveform, (0, max(0, WINDOW - waveform.size)))
    framed = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    place = LOWEST * 2 ** (np.arange(BINS) / BINS_PER_OCTAVE) * WINDOW / SAMPLE_RATE
    below = place.astype(np.int64)
    share = (place - below).astype(np.float32)
    blocks = []
    for start in range(0, len(framed), BLOCK_FRAMES):
        spectrum = np.abs(np.fft.rfft(framed[start : start + BLOCK_FRAMES] * window, axis=1)).astype(np.float32)
        logarithm = np.log(spectrum + np.float32(1e-6))
        blocks.append(logarithm[:, below] * (1 - share) + logarithm[:, below + 1] * share)
    return np.concatenate(blocks)


def _most_salient(frames: NDArray[np.int64], salience: NDArray[np.float32]) -> NDArray[np.int64]:
    """Which peaks to keep, in order: the most salient of each second."""
    second = frames // int(FRAMES_PER_S)
    order = np.lexsort((-salience, second))
    rank = np.arange(order.size) - np.searchsorted(second[order], second[order])
    return np.sort(order[rank < PEAKS_PER_S])
