"""Clips that hold the same recording are one sound, whatever lies over it; others are none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.sound.fingerprint.candidates import candidates_among
from pipeline.analysis.sound.fingerprint.constellations import Landscape
from pipeline.analysis.sound.fingerprint.landmarks import PeakArray, landmarks_of
from pipeline.analysis.sound.fingerprint.match import match_at
from pipeline.analysis.sound.fingerprint.sounds import SoundClip, sounds_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.sounds.changes import filtered, over, speed
from pipeline.research.sounds.songs import song

Heard = dict[str, PeakArray]


@cache
def others() -> tuple[tuple[str, PeakArray], ...]:
    return tuple((f"other {seed}", landmarks_of(song(seed))) for seed in range(20, 26))


def sounds(**clips: Waveform) -> list[SoundClip]:
    return sounds_of({**dict(others()), **{name: landmarks_of(waveform) for name, waveform in clips.items()}})


CHANGES: dict[str, Callable[[Waveform], Waveform]] = {
    "the same": lambda one: one,
    "half a frame later": lambda one: np.concatenate([np.zeros(160, np.float32), one]),
    "quieter": lambda one: np.asarray(0.05 * one),
    "another sound as loud over it": lambda one: over(one, song(30), 0.0),
    "five seconds of it": lambda one: one[4 * SAMPLE_RATE : 9 * SAMPLE_RATE],
}


@pytest.mark.parametrize("change", CHANGES)
def test_clips_of_one_recording_are_one_sound(change: str) -> None:
    found = sounds(a=song(1), b=CHANGES[change](song(1)))
    assert [row.clip_id for row in found] == ["a", "b"]
    assert len({row.sound_id for row in found}) == 1
    assert all((row.tempo, row.semitones) == (1, 0) for row in found)


def test_clips_of_other_recordings_are_none() -> None:
    assert sounds() == []
    assert sounds_of({}) == []
    assert sounds_of({"a": landmarks_of(song(1)), "none": np.zeros(0, np.int64)}) == []


def test_a_sound_has_one_clock() -> None:
    found = {row.clip_id: row for row in sounds(a=song(1), b=song(1)[3 * SAMPLE_RATE :], c=song(1)[5 * SAMPLE_RATE :])}
    assert found["a"].offset_s == 0
    assert found["b"].offset_s == pytest.approx(3, abs=0.05)
    assert found["c"].offset_s == pytest.approx(5, abs=0.05)


def test_a_clip_of_two_sounds_is_in_both_and_does_not_join_them() -> None:
    both = np.concatenate([song(1), song(2)])
    found = sounds(a1=song(1), a2=song(1), b1=song(2), b2=song(2), both=both)
    of = {row.sound_id: [one.clip_id for one in found if one.sound_id == row.sound_id] for row in found}
    assert sorted(of.values()) == [["a1", "a2", "both"], ["b1", "b2", "both"]]


@pytest.mark.parametrize(("tempo", "semitones"), [(0.9, -1.8), (1.05, 0.8), (1.25, 3.9)])
def test_a_known_sound_at_another_speed_is_a_changed_copy(tempo: float, semitones: float) -> None:
    found = sounds(a=song(1), b=song(1), fast=filtered(song(1), speed(tempo)))
    copy = next(row for row in found if row.clip_id == "fast")
    assert copy.tempo == pytest.approx(tempo, abs=0.02)
    assert copy.semitones == pytest.approx(semitones, abs=0.5)
    assert copy.offset_s is None
    assert {row.sound_id for row in found} == {copy.sound_id}


def test_a_sound_keeps_its_id_when_clips_come_before_the_others() -> None:
    clips = {"m": landmarks_of(song(1)), "n": landmarks_of(song(1)[SAMPLE_RATE:])}
    first = {row.clip_id: row.sound_id for row in sounds_of(clips)}
    later = sounds_of({**clips, "a": landmarks_of(song(1)[2 * SAMPLE_RATE :])}, first)
    assert {row.sound_id for row in later} == set(first.values())
    assert len(later) == 3


@settings(max_examples=5)
@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_the_clips_changes_nothing(order: list[str]) -> None:
    made = {"a": song(1), "b": song(1)[SAMPLE_RATE:], "c": song(2), "d": song(2)[2 * SAMPLE_RATE :]}
    heard = {name: landmarks_of(made[name]) for name in sorted(made)}
    assert sounds_of({name: heard[name] for name in order}) == sounds_of(heard)


def test_a_sound_of_many_clips_makes_links_as_the_clips_are_many() -> None:
    landmarks = landmarks_of(song(1, 5.0))
    candidates = candidates_among(Landscape.of([landmarks] * 200))
    assert {one.later for one in candidates} == set(range(1, 200))
    assert len(candidates) <= 2 * 200


def test_a_match_says_where_and_how_long() -> None:
    whole, part = landmarks_of(song(1)), landmarks_of(np.concatenate([song(2)[: 4 * SAMPLE_RATE], song(1)]))
    match = match_at(whole, part, -4 * 50)
    assert match is not None
    assert match.start_s == pytest.approx(4, abs=1)
    assert match.length_s == pytest.approx(12, abs=1)
    assert match.score > 0.8
    assert match_at(whole, landmarks_of(song(2)), 0) is None
