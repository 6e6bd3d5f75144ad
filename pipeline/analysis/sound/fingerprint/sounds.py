"""Sounds: groups of clips that hold the same recording, and the clips that play one at another speed or pitch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.analysis.sound.fingerprint.candidates import candidates_among
from pipeline.analysis.sound.fingerprint.changed_copies import changed_copies
from pipeline.analysis.sound.fingerprint.constellations import Landscape
from pipeline.analysis.sound.fingerprint.landmarks import FRAMES_PER_S, PeakArray, frames_and_bins
from pipeline.analysis.sound.fingerprint.match import Match, match_at
from pipeline.analysis.sound.fingerprint.timelines import Timelines
from pipeline.records import Seconds

VERSION = 1  # rises when the same landmarks give other sounds
SAME_SHARE = 0.6  # of the longer clip: what shares less only adds a clip to a sound, and never joins two sounds
ID_CHARACTERS = 12  # 48 bits


@dataclass(frozen=True, slots=True)
class SoundClip:
    """One clip of a sound."""

    sound_id: str
    clip_id: str
    offset_s: Seconds | None  # when the clip begins on the sound's clock; None where it is played at another speed
    start_s: Seconds
    length_s: Seconds
    score: float
    tempo: float = 1.0
    semitones: float = 0.0


@dataclass
class SharedSound:
    """The clips of one sound by number, with when each begins and the best match that ties it."""

    clips: list[int]
    begins: dict[int, Seconds] = field(default_factory=dict)
    matches: dict[int, Match] = field(default_factory=dict)

    def tie(self, clip: int, other: int, pair: Pair) -> None:
        """Keep the better of a clip's matches; one that is new here begins where its match with the other says."""
        if clip not in self.begins:
            away = pair.match.offset_s if clip == pair.second else -pair.match.offset_s
            self.begins[clip] = self.begins[other] + away
            self.clips.append(clip)
        match = pair.match_of(clip)
        if clip not in self.matches or _worth(match) > _worth(self.matches[clip]):
            self.matches[clip] = match


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clips by number that share a stretch of sound."""

    first: int
    second: int
    match: Match

    def match_of(self, clip: int) -> Match:
        """The stretch on the clock of one of the two."""
        if clip == self.second:
            return self.match
        return replace(self.match, start_s=max(0.0, self.match.start_s + self.match.offset_s))


def sounds_of(clips: Mapping[str, PeakArray], before: Mapping[str, str] | None = None) -> list[SoundClip]:
    """The sounds that these clips share, in the order of their ids and clips; `before` gives the ids of earlier sounds.

    The same landmarks give the same sounds in whatever order they come. A sound keeps the id that most of its clips had
    before; a new one is named after the landmarks of its first clip by id, which say nothing of who posted it.
    """
    names = sorted(clips)
    landmarks = [clips[name] for name in names]
    groups = _groups(landmarks)
    ids = _ids(groups, names, landmarks, before or {})
    found = [_row(ids[number], names[clip], group, clip) for number, group in enumerate(groups) for clip in group.clips]
    for copy in changed_copies([group.clips for group in groups], landmarks):
        for clip in groups[copy.group].clips if copy.group is not None else [copy.clip]:
            match = copy.match if copy.group is None else groups[copy.group].matches[clip]
            changed = (copy.tempo, copy.semitones)
            place = (None, match.start_s, match.length_s, match.score)
            found.append(SoundClip(ids[copy.of_group], names[clip], *place, *changed))
    return sorted(found, key=lambda row: (row.sound_id, row.clip_id))


def _groups(landmarks: Sequence[PeakArray]) -> list[SharedSound]:
    pairs = []
    for one in candidates_among(Landscape.of(landmarks)):
        match = match_at(landmarks[one.earlier], landmarks[one.later], one.offset)
        if match is not None:
            pairs.append(Pair(one.earlier, one.later, match))
    pairs.sort(key=lambda pair: (-_worth(pair.match), pair.first, pair.second))
    return _grouped(pairs, [_length_s(one) for one in landmarks])


def _grouped(pairs: Sequence[Pair], lengths_s: Sequence[Seconds]) -> list[SharedSound]:
    """Groups of clips that share most of their sound; a clip that shares less is added to each of its groups.

    So a clip that plays one sound after the other belongs to both and does not make them one.
    """
    timelines = Timelines(len(lengths_s))
    strong = [
        one for one in pairs if one.match.length_s >= SAME_SHARE * max(lengths_s[one.first], lengths_s[one.second])
    ]
    for pair in strong:
        timelines.join(pair.first, pair.second, pair.match.offset_s)
    grouped = {clip for group in timelines.groups() for clip in group}
    for pair in pairs:
        if pair.first not in grouped and pair.second not in grouped:
            timelines.join(pair.first, pair.second, pair.match.offset_s)
    groups = {timelines.root(clips[0]): SharedSound(clips) for clips in timelines.groups()}
    for group in groups.values():
        start = timelines.begins(group.clips[0])
        group.begins = {clip: timelines.begins(clip) - start for clip in group.clips}
    for pair in pairs:
        for clip, other in ((pair.first, pair.second), (pair.second, pair.first)):
            is_own = timelines.root(clip) == timelines.root(other)
            if is_own or (clip not in grouped and other in grouped):
                groups[timelines.root(other)].tie(clip, other, pair)
    for group in groups.values():
        group.clips.sort()
    return list(groups.values())


def _ids(
    groups: Sequence[SharedSound], names: Sequence[str], landmarks: Sequence[PeakArray], before: Mapping[str, str]
) -> list[str]:
    """The id of each sound: the one that most of its clips had, or one of its own."""
    ids: list[str] = [""] * len(groups)
    taken: set[str] = set()
    by_size = sorted(range(len(groups)), key=lambda number: (-len(groups[number].clips), groups[number].clips[0]))
    for number in by_size:
        known = Counter(before[names[clip]] for clip in groups[number].clips if names[clip] in before)
        for sound_id, _ in sorted(known.items(), key=lambda one: (-one[1], one[0])):
            if sound_id not in taken:
                ids[number] = sound_id
                break
        else:
            ids[number] = _new_id(landmarks[groups[number].clips[0]], taken | set(before.values()))
        taken.add(ids[number])
    return ids


def _new_id(landmarks: PeakArray, taken: set[str]) -> str:
    number = 0
    while True:
        content = landmarks.astype("<i8").tobytes() + bytes(number)
        found = hashlib.sha256(content).hexdigest()[:ID_CHARACTERS]
        if found not in taken:
            return found
        number += 1


def _row(sound_id: str, clip_id: str, group: SharedSound, clip: int) -> SoundClip:
    match = group.matches[clip]
    return SoundClip(sound_id, clip_id, group.begins[clip], match.start_s, match.length_s, match.score)


def _worth(match: Match) -> float:
    return match.length_s * match.score


def _length_s(landmarks: PeakArray) -> Seconds:
    """From the first landmark to the last."""
    frames, _ = frames_and_bins(landmarks)
    return float(np.ptp(frames) / FRAMES_PER_S) if frames.size else 0.0
