"""Sounds that clips share, found at the end of a run in the landmarks of all clips and stored as one table."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.sound.fingerprint.landmarks import PeakArray
from pipeline.analysis.sound.fingerprint.sounds import VERSION, SoundClip, sounds_of
from pipeline.records import SoundRow
from pipeline.records.runs import SoundSearchRow
from pipeline.store.store import Store

STAGE = "landmarks"
DIGITS = 3


def find_sounds(store: Store) -> None:
    """Look for shared sounds where landmarks came or changed since the last look, and store what is new of them."""
    with store.uninterrupted_lock():
        state = SoundSearchRow(f"{VERSION} {_last_attempt(store)}")
        before = store.tables.read(SoundRow)
        if store.tables.read(SoundSearchRow) == [state]:
            return
        ids = {row.clip_id: row.sound_id for row in before if (row.tempo, row.semitones) == (1, 0)}
        after = [_row(one) for one in sounds_of(_landmarks(store), ids)]
        changed = {row.clip_id for row in set(before) ^ set(after)}
        with store.change():
            store.tables.delete(SoundRow, changed)
            store.tables.insert([row for row in after if row.clip_id in changed])
            store.tables.script("DELETE FROM sound_searches")
            store.tables.insert([state])


def _last_attempt(store: Store) -> int:
    """The number of the last attempt that gave landmarks."""
    sql = "SELECT coalesce(max(attempt_id), 0) FROM attempts WHERE stage = $stage AND status = 'ok'"
    return store.tables.number(sql, {"stage": STAGE})


def _landmarks(store: Store) -> dict[str, PeakArray]:
    """The landmarks of every clip that has some."""
    if not store.tables.has("sound_landmarks"):
        return {}
    sql = "SELECT clip_id, landmarks FROM sound_landmarks WHERE landmarks IS NOT NULL ORDER BY clip_id"
    table = store.tables.arrow(sql).combine_chunks()
    lists = table["landmarks"].combine_chunks()
    values = lists.flatten().to_numpy().astype(np.int64)
    parts = np.split(values, np.cumsum(lists.value_lengths().to_numpy())[:-1]) if len(lists) else []
    return dict(zip(table["clip_id"].to_pylist(), parts, strict=True))


def _row(one: SoundClip) -> SoundRow:
    """The row of a clip in a sound; times are no finer than a frame of 20 ms."""
    return SoundRow(
        sound_id=one.sound_id,
        clip_id=one.clip_id,
        offset_s=None if one.offset_s is None else round(one.offset_s, DIGITS),
        start_s=round(one.start_s, DIGITS),
        length_s=one.length_s,
        score=round(one.score, DIGITS),
        tempo=round(one.tempo, DIGITS),
        semitones=round(one.semitones, DIGITS),
    )
