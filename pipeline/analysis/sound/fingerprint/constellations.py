"""Constellations: three landmarks of one recording as one number, the same wherever the recording is heard again.

A constellation is an anchor and two later landmarks near it: the anchor's bin, and for each of the two its distance in
bins and in frames. Of all pairs of an anchor and another, one in four counts, chosen by the pair itself: so the same
are chosen in two clips whatever else is heard there, which the nearest ones would not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.fingerprint.landmarks import PeakArray, frames_and_bins

NEAREST_FRAMES, FARTHEST_FRAMES = 4, 64  # between an anchor and another: 80 ms to 1.28 s
FARTHEST_BINS = 40  # 20 semitones
DISTANCE_BITS, FRAME_BITS = 7, 6
PAIR_BITS = DISTANCE_BITS + FRAME_BITS
KEPT_ONE_IN = 4  # pairs
PAIRS_MOST = 6  # of one anchor: more are in dense music alone
MIXING = np.uint32(2_654_435_761)  # multiplicative hashing (Knuth, vol. 3, 6.4)

#: A constellation in the upper 33 bits, and the number of its anchor among all landmarks in the lower 31.
ANCHOR_BITS = 31
Constellations = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Landscape:
    """The landmarks of many clips in a row, far enough apart that none is near one of another clip."""

    clips: NDArray[np.int32]  # number of the clip of each landmark
    frames: NDArray[np.int32]  # within the clip
    bins: NDArray[np.int16]

    @classmethod
    def of(cls, clips: Sequence[PeakArray]) -> Landscape:
        """The landscape of clips that are numbered in their order."""
        sizes = [landmarks.size for landmarks in clips]
        frames, bins = frames_and_bins(np.concatenate(clips) if clips else np.zeros(0, dtype=np.int64))
        numbers = np.repeat(np.arange(len(clips), dtype=np.int32), sizes)
        return cls(numbers, frames.astype(np.int32), bins.astype(np.int16))

    def anchors(self, parts: int) -> list[NDArray[np.int64]]:
        """All landmarks, parted by their bins: equal constellations have their anchors in the same part."""
        if not self.bins.size:
            return []
        edges = np.unique(np.quantile(self.bins, np.linspace(0, 1, parts + 1)[1:-1]))
        part = np.searchsorted(edges, self.bins, side="left")
        return [np.flatnonzero(part == number) for number in range(int(part.max()) + 1)]


def constellations_of(landscape: Landscape, anchors: NDArray[np.int64]) -> Constellations:
    """The constellations of these anchors, not in order."""
    pairs = np.full((anchors.size, PAIRS_MOST), -1, dtype=np.int32)
    found = np.zeros(anchors.size, dtype=np.int64)
    alive = np.arange(anchors.size)
    for step in range(1, landscape.bins.size):
        alive = alive[anchors[alive] + step < landscape.bins.size]
        here, there = anchors[alive], anchors[alive] + step
        later = landscape.frames[there] - landscape.frames[here]
        near = (landscape.clips[there] == landscape.clips[here]) & (later < FARTHEST_FRAMES)
        alive, here, there, later = alive[near], here[near], there[near], later[near]
        if not alive.size:
            break
        apart = landscape.bins[there].astype(np.int32) - landscape.bins[here]
        pair = ((apart + 2 ** (DISTANCE_BITS - 1)) << FRAME_BITS) | later
        mixed = ((landscape.bins[here].astype(np.uint32) << PAIR_BITS) | pair.astype(np.uint32)) * MIXING
        taken = (mixed >> np.uint32(16)) % KEPT_ONE_IN == 0
        taken &= (later >= NEAREST_FRAMES) & (np.abs(apart) <= FARTHEST_BINS) & (found[alive] < PAIRS_MOST)
        rows = alive[taken]
        pairs[rows, found[rows]] = pair[taken]
        found[rows] += 1
    return _joined(landscape, anchors, pairs)


def _joined(landscape: Landscape, anchors: NDArray[np.int64], pairs: NDArray[np.int32]) -> Constellations:
    """Each two pairs of an anchor as one number."""
    bins = landscape.bins[anchors].astype(np.uint64)
    joined = []
    for first in range(PAIRS_MOST):
        for second in range(first + 1, PAIRS_MOST):
            rows = np.flatnonzero(pairs[:, second] >= 0)
            number = (bins[rows] << np.uint64(PAIR_BITS)) | pairs[rows, first].astype(np.uint64)
            number = (number << np.uint64(PAIR_BITS)) | pairs[rows, second].astype(np.uint64)
            joined.append((number << np.uint64(ANCHOR_BITS)) | anchors[rows].astype(np.uint64))
    return np.concatenate(joined)
