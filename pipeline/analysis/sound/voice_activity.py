"""Where speech is: Silero VAD, cut into stretches short enough for a tone model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

Probabilities = NDArray[np.float32]

FRAME_SAMPLES = 512  # 32 ms, what Silero VAD decides on
HYSTERESIS = 0.15  # speech ends only below the threshold less this, as Silero has it
LEAST_THRESHOLD = 0.01
SPEECH_PAD_S: Seconds = 0.1  # kept on both sides: the onset of a plosive comes before the voice
LEVEL_STEP_S: Seconds = 0.01  # steps in which the quietest point is looked for
LEVEL_WINDOW_S: Seconds = 0.1  # length over which loudness is taken: about half a syllable
CUT_FREEDOM = 0.25  # how far a cut may lie from an even division, as a share of one piece


@dataclass(frozen=True, slots=True)
class VoiceActivityOptions:
    """How voice activity is decided and divided."""

    threshold: float = 0.5  # probability of speech, 0–1
    min_speech_s: Seconds = 0.25  # shorter stretches are dropped
    min_silence_s: Seconds = 0.3  # shorter gaps do not end a stretch
    max_region_s: Seconds = 10.0  # longer stretches are cut at quiet points


def speech_probabilities(waveform: Waveform) -> Probabilities:
    """Probability of speech in each frame of 32 ms of a waveform `(time,)` at 16 kHz, shape `(frames,)`.

    Silero VAD 6 (Silero Team 2024) as it comes inside faster-whisper.
    """
    from faster_whisper.vad import get_vad_model

    padded = np.pad(waveform, (0, FRAME_SAMPLES - waveform.size % FRAME_SAMPLES))
    return np.asarray(get_vad_model()(padded), dtype=np.float32).ravel()


def speech_regions(
    waveform: Waveform, options: VoiceActivityOptions | None = None, probabilities: Probabilities | None = None
) -> list[tuple[Seconds, Seconds]]:
    """Start and end of each speech region, in order, within the clip and without overlap.

    `waveform` has shape `(time,)` at 16 kHz; `probabilities` is the result of `speech_probabilities`, computed if not
    given. A stretch longer than `max_region_s` is cut where it is quietest near an even division.
    """
    options = options or VoiceActivityOptions()
    if waveform.size == 0:
        return []
    if probabilities is None:
        probabilities = speech_probabilities(waveform)
    longest = max(1, int(options.max_region_s * SAMPLE_RATE))
    regions: list[tuple[Seconds, Seconds]] = []
    for first, last in _padded(_stretches(probabilities, waveform.size, options), waveform.size):
        edges = [first, *_cuts(waveform, first, last, longest), last]
        regions += [(a / SAMPLE_RATE, b / SAMPLE_RATE) for a, b in pairwise(edges)]
    return regions


def mean_probability(probabilities: Probabilities, start_s: Seconds, end_s: Seconds) -> float | None:
    """Mean probability of speech over the frames that a region touches, 0–1; None if it touches none."""
    first, last = int(start_s * SAMPLE_RATE) // FRAME_SAMPLES, math.ceil(end_s * SAMPLE_RATE / FRAME_SAMPLES)
    inside = probabilities[first:last]
    return float(inside.mean(dtype=np.float64)) if inside.size else None


def _stretches(probabilities: Probabilities, samples: int, options: VoiceActivityOptions) -> list[tuple[int, int]]:
    """First and last sample of each stretch of speech, as Silero's own `get_speech_timestamps` finds them.

    Speech begins with a frame at the threshold and ends where frames stay below a lower one for long enough.
    """
    ends_below = max(options.threshold - HYSTERESIS, LEAST_THRESHOLD)
    shortest, gap = round(options.min_speech_s * SAMPLE_RATE), round(options.min_silence_s * SAMPLE_RATE)
    found: list[tuple[int, int]] = []
    start: int | None = None
    quiet: int | None = None  # where frames below the lower threshold began
    for frame, probability in enumerate(probabilities.tolist()):
        here = frame * FRAME_SAMPLES
        if probability >= options.threshold:
            quiet = None
            start = here if start is None else start
        elif probability < ends_below and start is not None:
            quiet = here if quiet is None else quiet
            if here - quiet >= gap:
                found.append((start, quiet))
                start = quiet = None
    if start is not None:
        found.append((start, samples))
    return [(first, last) for first, last in found if last - first > shortest]


def _padded(stretches: list[tuple[int, int]], samples: int) -> list[tuple[int, int]]:
    """Stretches padded on both sides; two close ones divide the gap between them."""
    pad = round(SPEECH_PAD_S * SAMPLE_RATE)
    firsts = [first for first, _ in stretches]
    lasts = [last for _, last in stretches]
    gaps = [first - last for last, first in zip(lasts, firsts[1:], strict=False)]
    shares = [pad if gap >= 2 * pad else gap // 2 for gap in gaps]
    befores, afters = [pad, *shares], [*shares, pad]
    return [
        (max(0, first - before), min(samples, last + after))
        for first, last, before, after in zip(firsts, lasts, befores, afters, strict=False)
    ]


def _cuts(waveform: Waveform, start: int, end: int, longest: int) -> list[int]:
    """Samples at which a stretch is cut so that no piece is longer than `longest` samples."""
    cuts: list[int] = []
    while end - start > longest:
        length = end - start
        pieces = math.ceil(length / longest)
        freedom = CUT_FREEDOM * length / pieces
        # what is left must fit into one piece fewer, and this piece must not be too long
        first = max(math.ceil(length / pieces - freedom), length - (pieces - 1) * longest)
        last = min(math.floor(length / pieces + freedom), longest)
        start = _quietest(waveform, start + first, start + max(first, last))
        cuts.append(start)
    return cuts


def _quietest(waveform: Waveform, first: int, last: int) -> int:
    """The sample from `first` to `last` around which the waveform has the least energy."""
    half = round(LEVEL_WINDOW_S * SAMPLE_RATE / 2)
    centres = np.arange(first, last + 1, round(LEVEL_STEP_S * SAMPLE_RATE))
    begin = max(0, first - half)
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform[begin : last + half], dtype=np.float64))])
    ends = np.minimum(centres + half - begin, energy.size - 1)
    starts = np.maximum(centres - half - begin, 0)
    return int(centres[np.argmin((energy[ends] - energy[starts]) / np.maximum(ends - starts, 1))])
