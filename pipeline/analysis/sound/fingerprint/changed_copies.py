"""Copies of a known sound at another speed or pitch: voice filters, "sped up" and "slowed" versions.

Nothing is decoded again: the landmarks of a known sound are moved as the change would move them, and looked up. Known
are sounds that two clips and more share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.sound.fingerprint.candidates import Candidate, candidates_for
from pipeline.analysis.sound.fingerprint.constellations import Landscape
from pipeline.analysis.sound.fingerprint.landmarks import PeakArray, changed
from pipeline.analysis.sound.fingerprint.match import Match, changed_match_at

KNOWN_MOST = 200  # sounds that are looked for, those in the most clips: work and memory grow with them
CLIPS_MOST = 20_000  # of a study: in a larger one the search would take hours and more memory than a laptop has
ASKED_LANDMARKS = 240  # of a known sound: its first 12 s
TEMPI = np.arange(0.76, 1.3501, 0.015)
TONES = np.arange(-4.0, 4.01, 0.5)  # semitones
TRIED = 3  # changes of one sound in one clip that are looked at, those with the most votes


@dataclass(frozen=True, slots=True)
class Change:
    """How a copy is played."""

    tempo: float  # times as fast
    semitones: float  # higher


#: Another speed, which moves the pitch; another tempo at the same pitch; another pitch at the same tempo.
CHANGES: tuple[Change, ...] = (
    *(Change(float(tempo), float(12 * np.log2(tempo))) for tempo in TEMPI if abs(tempo - 1) > 0.001),
    *(Change(float(tempo), 0.0) for tempo in TEMPI if abs(tempo - 1) > 0.001),
    *(Change(1.0, float(tone)) for tone in TONES if tone),
)


@dataclass(frozen=True, slots=True)
class ChangedCopy:
    """A clip, or a group of clips, that plays a known sound at another speed or pitch."""

    of_group: int
    clip: int  # the one that was compared
    group: int | None  # the group that it stands for; None for a clip alone
    match: Match
    tempo: float
    semitones: float


def changed_copies(groups: Sequence[Sequence[int]], landmarks: Sequence[PeakArray]) -> list[ChangedCopy]:
    """The changed copies of the sounds of these groups of clips, in the order of the clips; none of very many clips."""
    if not groups or len(landmarks) > CLIPS_MOST:
        return []
    held = Counter(clip for clips in groups for clip in clips)
    # one that holds several sounds speaks for none of them where another can
    stands_for = {
        min(clips, key=lambda clip: (held[clip], -landmarks[clip].size, clip)): number
        for number, clips in enumerate(groups)
    }
    speaker = {number: clip for clip, number in stands_for.items()}
    asked = [clip for clip in range(len(landmarks)) if clip in stands_for or clip not in held]
    rank = {number: place for place, number in enumerate(_by_size(groups))}
    known = [number for number in _by_size(groups)[:KNOWN_MOST] if number in speaker]
    queries = Landscape.of(
        [changed(landmarks[speaker[one]][:ASKED_LANDMARKS], c.tempo, c.semitones) for one in known for c in CHANGES]
    )
    candidates = candidates_for(queries, Landscape.of([landmarks[clip] for clip in asked]))
    tried: dict[tuple[int, int], list[Candidate]] = {}
    for one in candidates:
        of_group, clip = known[one.earlier // len(CHANGES)], asked[one.later]
        group = stands_for.get(clip)
        if group is None or rank[of_group] < rank[group]:  # of two known sounds, the one in fewer clips is the copy
            tried.setdefault((of_group, clip), []).append(one)
    best: dict[int, ChangedCopy] = {}
    for (of_group, clip), several in tried.items():
        copy = _best(of_group, clip, stands_for.get(clip), several, landmarks[speaker[of_group]], landmarks[clip])
        if copy is not None and (clip not in best or _worth(copy) > _worth(best[clip])):
            best[clip] = copy
    return [best[clip] for clip in sorted(best)]


def _best(
    of_group: int, clip: int, group: int | None, several: list[Candidate], known: PeakArray, asked: PeakArray
) -> ChangedCopy | None:
    copies = []
    for one in sorted(several, key=lambda one: (-one.votes, one.earlier))[:TRIED]:
        change = CHANGES[one.earlier % len(CHANGES)]
        found = changed_match_at(known, asked, one.offset, change.tempo, change.semitones)
        if found is not None:
            match, tempo = found
            copies.append(ChangedCopy(of_group, clip, group, match, tempo, change.semitones))
    return max(copies, key=_worth, default=None)


def _by_size(groups: Sequence[Sequence[int]]) -> list[int]:
    return sorted(range(len(groups)), key=lambda number: (-len(groups[number]), groups[number][0]))


def _worth(copy: ChangedCopy) -> float:
    return copy.match.length_s * copy.match.score
