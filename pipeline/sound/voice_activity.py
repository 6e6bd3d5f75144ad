"""Where speech is: Silero VAD, cut into stretches short enough for a tone model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.media import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

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


def speech_regions(waveform: Waveform, options: VoiceActivityOptions | None = None) -> list[tuple[Seconds, Seconds]]:
    """Start and end of each speech region, in order, within the clip and without overlap.

    `waveform` has shape `(time,)` at 16 kHz. Silero VAD 6 (Silero Team 2024) as it comes inside faster-whisper;
    a stretch longer than `max_region_s` is cut where it is quietest near an even division.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = options or VoiceActivityOptions()
    if waveform.size == 0:
        return []
    stretches = get_speech_timestamps(
        waveform,
        VadOptions(
            threshold=options.threshold,
            min_speech_duration_ms=round(options.min_speech_s * 1000),
            min_silence_duration_ms=round(options.min_silence_s * 1000),
            speech_pad_ms=round(SPEECH_PAD_S * 1000),
        ),
        sampling_rate=SAMPLE_RATE,
    )
    longest = max(1, int(options.max_region_s * SAMPLE_RATE))
    regions: list[tuple[Seconds, Seconds]] = []
    for stretch in stretches:
        edges = [stretch["start"], *_cuts(waveform, stretch["start"], stretch["end"], longest), stretch["end"]]
        regions += [(a / SAMPLE_RATE, b / SAMPLE_RATE) for a, b in pairwise(edges)]
    return regions


def _cuts(waveform: Waveform, start: int, end: int, longest: int) -> list[int]:
    """Samples at which a stretch is cut so that no piece is longer than `longest` samples."""
    cuts: list[int] = []
    while end - start > longest:
        length = end - start
        pieces = math.ceil(length / longest)
        freedom = CUT_FREEDOM * length / pieces
        # the rest must still fit into one piece less, and this piece must not be too long
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
