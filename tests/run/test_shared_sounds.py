"""Shared sounds are found at the end of a run, once, and follow the landmarks that are stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.analysis.sound.fingerprint.landmarks import landmarks_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Outcome, SoundLandmarksRow, SoundRow
from pipeline.research.sounds.songs import song
from pipeline.run import shared_sounds
from pipeline.run.shared_sounds import find_sounds
from pipeline.stage import Setting, plan_stage
from pipeline.stages.landmarks import Landmarks, LandmarksOptions
from pipeline.store.store import Store

PLAN = plan_stage(Landmarks, LandmarksOptions(), Setting(), {}, {"audio": "none"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "study.duckdb", (Landmarks,)) as opened:
        opened.begin_run("1", "file", [PLAN])
        yield opened


def save(store: Store, **clips: Waveform | None) -> None:
    for name, waveform in clips.items():
        found = None if waveform is None else tuple(landmarks_of(waveform).tolist())
        row = SoundLandmarksRow(name, found, 1.0, None if found else "too_quiet")
        store.save(PLAN, Outcome(name, rows=(row,)))


def clips_of(store: Store) -> list[str]:
    return [row.clip_id for row in store.tables.read(SoundRow)]


def test_clips_that_share_a_sound_are_stored(store: Store) -> None:
    save(store, a=song(1), b=song(1)[SAMPLE_RATE:], c=song(2), silent=None)
    find_sounds(store)
    assert clips_of(store) == ["a", "b"]


def test_nothing_is_looked_for_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    save(store, a=song(1), b=song(1))
    find_sounds(store)
    before = store.tables.read(SoundRow)
    monkeypatch.delattr(shared_sounds, "sounds_of")
    find_sounds(store)
    assert store.tables.read(SoundRow) == before


def test_a_clip_that_comes_later_joins_the_sound_that_is_there(store: Store) -> None:
    save(store, m=song(1), n=song(1))
    find_sounds(store)
    (sound_id,) = {row.sound_id for row in store.tables.read(SoundRow)}
    save(store, a=song(1)[SAMPLE_RATE:])
    find_sounds(store)
    assert {row.sound_id for row in store.tables.read(SoundRow)} == {sound_id}
    assert clips_of(store) == ["a", "m", "n"]


def test_a_clip_whose_sound_changed_leaves(store: Store) -> None:
    save(store, a=song(1), b=song(1), c=song(1))
    find_sounds(store)
    save(store, c=song(3))
    find_sounds(store)
    assert clips_of(store) == ["a", "b"]


def test_a_clip_that_is_forgotten_is_in_no_sound(store: Store) -> None:
    save(store, a=song(1), b=song(1), c=song(1))
    find_sounds(store)
    store.delete(["b"])
    assert clips_of(store) == ["a", "c"]


def test_a_store_without_landmarks_has_no_sounds(tmp_path: Path) -> None:
    with Store(tmp_path / "other.duckdb", ()) as store:
        find_sounds(store)
        assert clips_of(store) == []
