"""Whether two recordings hold the same sound at a given distance in time: how much of each second's landmarks agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.fingerprint.landmarks import (
    BIN_BITS,
    FRAMES_PER_S,
    PeakArray,
    changed,
    frames_and_bins,
    seconds_of,
)
from pipeline.records import Seconds

LEAST_SHARE = 0.22  # of a second's landmarks that agree, around that second; see the table on the page of analysis
CHANGED_SHARE = 0.3  # where hundreds of speeds and pitches are tried, some agree that much by chance
LEAST_LENGTH: Seconds = 3.0
SMOOTH_S = 3  # seconds over which the share is taken
DRIFTS = np.linspace(-0.01, 0.01, 11)  # of a tempo that is known by steps of 0.015


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of sound that two clips share."""

    offset_s: Seconds  # what is at t in the second clip is at t + offset in the first
    start_s: Seconds  # of the stretch, in the second clip
    length_s: Seconds  # of it, counted in whole seconds
    score: float  # share of its landmarks that agree, 0–1


def match_at(first: PeakArray, second: PeakArray, offset: int, least_share: float = LEAST_SHARE) -> Match | None:
    """What two clips share where the second begins `offset` frames after the first; None if it is too little."""
    frames, _ = frames_and_bins(second)
    agreeing = _agreeing(first, second, offset)
    there, _ = frames_and_bins(first)
    there = there - offset
    seconds = int(max(frames.max(initial=0), 0) // FRAMES_PER_S) + 1
    in_both = (there >= 0) & (there < seconds * FRAMES_PER_S)
    found = _per_second(frames[agreeing], seconds)
    fewest = np.minimum(_per_second(frames, seconds), _per_second(there[in_both], seconds))
    share = _around(found) / np.maximum(_around(fewest), 1.0)
    shared = np.flatnonzero((share >= least_share) & (found > 0))
    if shared.size < LEAST_LENGTH:
        return None
    score = min(1.0, float(found[shared].sum() / max(1.0, fewest[shared].sum())))
    return Match(seconds_of(offset), float(shared[0]), float(shared.size), score)


def changed_match_at(
    first: PeakArray, second: PeakArray, offset: int, tempo: float, semitones: float
) -> tuple[Match, float] | None:
    """The best match of a second clip with a first one that is played at about this tempo, and the tempo."""
    best: tuple[Match, float] | None = None
    for drift in DRIFTS:
        near = tempo * (1 + float(drift))
        # the beginning of the second clip stays where it was found
        moved = round(offset * tempo / near)
        match = match_at(changed(first, near, semitones), second, moved, CHANGED_SHARE)
        if match and (best is None or match.length_s * match.score > best[0].length_s * best[0].score):
            best = (match, near)
    return best


def _agreeing(first: PeakArray, second: PeakArray, offset: int) -> NDArray[np.bool_]:
    """Which landmarks of the second clip are in the first too, a frame and a bin more or less."""
    frames, bins = frames_and_bins(second)
    found = np.zeros(second.size, dtype=bool)
    if not first.size:
        return found
    for later in (-1, 0, 1):
        for higher in (-1, 0, 1):
            wanted = ((frames + offset + later) << BIN_BITS) + bins + higher
            place = np.minimum(np.searchsorted(first, wanted), first.size - 1)
            found |= first[place] == wanted
    return found


def _per_second(frames: NDArray[np.int64], seconds: int) -> NDArray[np.float64]:
    return np.bincount(frames // int(FRAMES_PER_S), minlength=seconds).astype(np.float64)[:seconds]


def _around(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over the seconds around each."""
    return np.convolve(counts, np.ones(SMOOTH_S), mode="full")[SMOOTH_S // 2 : SMOOTH_S // 2 + counts.size]
