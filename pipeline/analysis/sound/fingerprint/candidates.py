"""Which clips may share a sound: those with several equal constellations at one distance in time.

The constellations of all clips are sorted, part by part, so that equal ones lie side by side. Each is linked to the
first of its equals and to the one before it, never to all: so a sound in a thousand clips makes a thousand links and
not half a million, and the work grows as the clips do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.fingerprint.constellations import ANCHOR_BITS, Constellations, Landscape, constellations_of

LEAST_VOTES = 4  # equal constellations at one distance, a frame more or less; by chance 3 were seen at most
PART_LANDMARKS = 4_000_000  # 20 million constellations: 160 MB, and three times that while they are sorted
OFFSET_BITS = 20  # frames: 2.9 hours to either side
CLIP_BITS = 22
PARTNERS_MOST = 4  # candidates of one clip that are looked at, those with the most votes
COMMON = 64  # equal constellations of a constellation that is looked up: what is more common tells nothing

Votes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two clips, by their numbers, that may hold the same sound."""

    earlier: int
    later: int
    offset: int  # frames: what is at t in the later clip is at t + offset in the earlier
    votes: int


def candidates_among(landscape: Landscape) -> list[Candidate]:
    """Pairs of clips that may share a sound, in the order of their numbers."""
    votes = []
    for anchors in landscape.anchors(1 + landscape.bins.size // PART_LANDMARKS):
        ordered = np.sort(constellations_of(landscape, anchors))
        votes.append(_linked(landscape, ordered))
    return _counted(votes)


def candidates_for(queries: Landscape, landscape: Landscape) -> list[Candidate]:
    """Pairs of a query, as the earlier, and a clip that may hold its sound."""
    votes = []
    parts = 1 + max(landscape.bins.size, queries.bins.size) // PART_LANDMARKS
    for anchors in landscape.anchors(parts):
        ordered = np.sort(constellations_of(landscape, anchors))
        bins = np.unique(landscape.bins[anchors])
        # in order, so that what is looked up one after the other lies side by side
        asked = np.sort(constellations_of(queries, np.flatnonzero(np.isin(queries.bins, bins))))
        votes.append(_looked_up(queries, landscape, asked, ordered))
    return _counted(votes)


def _linked(landscape: Landscape, ordered: Constellations) -> Votes:
    value = ordered >> np.uint64(ANCHOR_BITS)
    anchor = _anchors(ordered)
    place = np.arange(value.size)
    is_first = np.ones(value.size, dtype=bool)
    is_first[1:] = value[1:] != value[:-1]
    others = np.flatnonzero(~is_first)
    first = np.maximum.accumulate(np.where(is_first, place, 0))[others]
    after = others[others - 1 != first]
    earlier = np.concatenate([anchor[first], anchor[after - 1]])
    later = np.concatenate([anchor[others], anchor[after]])
    apart = landscape.clips[earlier] != landscape.clips[later]
    earlier, later = earlier[apart], later[apart]
    offset = landscape.frames[earlier] - landscape.frames[later]
    return _votes(landscape.clips[earlier], landscape.clips[later], offset)


def _looked_up(queries: Landscape, landscape: Landscape, asked: Constellations, ordered: Constellations) -> Votes:
    value, wanted = ordered >> np.uint64(ANCHOR_BITS), asked >> np.uint64(ANCHOR_BITS)
    start = np.searchsorted(value, wanted, side="left")
    count = np.searchsorted(value, wanted, side="right") - start
    count[count > COMMON] = 0
    query = np.repeat(_anchors(asked), count)
    nth = np.arange(query.size) - np.repeat(np.cumsum(count) - count, count)
    clip = _anchors(ordered)[np.repeat(start, count) + nth]
    offset = queries.frames[query] - landscape.frames[clip]
    return _votes(queries.clips[query], landscape.clips[clip], offset)


def _anchors(constellations: Constellations) -> NDArray[np.int64]:
    return (constellations & np.uint64(2**ANCHOR_BITS - 1)).astype(np.int64)


def _votes(earlier: NDArray[np.int32], later: NDArray[np.int32], offset: NDArray[np.int32]) -> Votes:
    pair = (earlier.astype(np.uint64) << np.uint64(CLIP_BITS)) | later.astype(np.uint64)
    votes: Votes = (pair << np.uint64(OFFSET_BITS)) | (offset + 2 ** (OFFSET_BITS - 1)).astype(np.uint64)
    return votes


def _counted(parts: list[Votes]) -> list[Candidate]:
    """The best distance of each pair with enough votes; of a clip's partners, those with the most."""
    ordered = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)
    ordered.sort()
    place, count = _runs(ordered)
    vote = ordered[place]
    beside = np.diff(vote, prepend=vote[:1]) == 1
    near = count.copy()
    near[1:] += np.where(beside[1:], count[:-1], 0)
    near[:-1] += np.where(beside[1:], count[1:], 0)
    kept = near >= LEAST_VOTES
    vote, near, count = vote[kept], near[kept], count[kept]
    pair = (vote >> np.uint64(OFFSET_BITS)).astype(np.int64)
    later = pair & (2**CLIP_BITS - 1)
    best = np.lexsort((vote, -count, -near, pair))
    best = best[np.unique(pair[best], return_index=True)[1]]
    order = best[np.lexsort((pair[best], -near[best], later[best]))]
    rank = np.arange(order.size) - np.searchsorted(later[order], later[order])
    offset = (vote & np.uint64(2**OFFSET_BITS - 1)).astype(np.int64) - 2 ** (OFFSET_BITS - 1)
    return [
        Candidate(int(pair[one] >> CLIP_BITS), int(later[one]), int(offset[one]), int(near[one]))
        for one in order[rank < PARTNERS_MOST]
    ]


def _runs(ordered: Votes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of equal values begins, and how long it is."""
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if ordered.size else np.zeros(0, int)
    return begins, np.diff(begins, append=ordered.size)
