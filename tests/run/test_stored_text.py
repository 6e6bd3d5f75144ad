"""Stored texts are redacted or dropped everywhere they stand, and everything else of a row stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.analysis.text.redaction import DROPPED
from pipeline.records import ClipRow, MentionRow, PlatformCaptionRow, SegmentRow, TranscriptRow, WordRow
from pipeline.run.stored_text import drop_spoken, drop_written, redact_spoken
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study
from tests.support.people_study import NUMBER, clip_id, people_study, words_of

ONE, OTHER = clip_id(0, 0), clip_id(1, 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    study: Study = people_study(tmp_path)
    opened = Store(study.folder.working, STAGES)
    yield opened
    opened.close()


def test_numbers_give_way_to_marks_and_other_words_stay(store: Store) -> None:
    pytest.importorskip("phonenumbers", reason="the extra redact is not installed")
    assert redact_spoken(store, [ONE, OTHER]) == {ONE, OTHER}
    (caption,) = store.tables.read(PlatformCaptionRow, [ONE])
    assert caption.text == f"call me at [PHONE] or {words_of(0, 0)}"
    assert " ".join(word.word for word in store.tables.read(WordRow, [ONE])) == words_of(0, 0)
    assert NUMBER in store.tables.read(PlatformCaptionRow, [clip_id(0, 1)])[0].text, "clips that were not named"
    assert redact_spoken(store, [ONE, OTHER]) == set(), "twice is once"


def test_dropped_speech_is_one_mark_in_every_table_and_its_times_stay(store: Store) -> None:
    before = store.tables.read(SegmentRow, [ONE])[0]
    words = len(store.tables.read(WordRow, [ONE]))
    assert drop_spoken(store, [ONE]) == {ONE}
    assert store.tables.read(TranscriptRow, [ONE])[0].text == DROPPED
    (after,) = store.tables.read(SegmentRow, [ONE])
    assert (after.text, after.start_s, after.end_s) == (DROPPED, before.start_s, before.end_s)
    assert {word.word for word in store.tables.read(WordRow, [ONE])} == {DROPPED}
    assert len(store.tables.read(WordRow, [ONE])) == words
    assert store.tables.read(MentionRow, [ONE])[0].matched == DROPPED
    assert store.tables.read(TranscriptRow, [OTHER])[0].text == words_of(1, 0)
    assert store.tables.read(ClipRow, [ONE])[0].caption != DROPPED


def test_readers_see_the_change(store: Store) -> None:
    assert not store.unpublished
    drop_spoken(store, [ONE])
    assert store.unpublished


def test_dropped_captions_take_hashtags_and_mentions_along_and_unknown_stays_unknown(store: Store) -> None:
    before = store.tables.read(ClipRow, [ONE])[0]
    assert drop_written(store, [ONE]) == {ONE}
    (after,) = store.tables.read(ClipRow, [ONE])
    assert (after.caption, after.hashtags, after.mentions) == (DROPPED, (), ())
    assert after.sound_title is None
    assert (after.author_key, after.posted_at) == (before.author_key, before.posted_at)
