"""Posts as rows: what the store takes names nobody, and is known again once it was forgotten."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from pipeline.records import Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.run.pseudonymise import post_rows

POST = SourcedPost(
    "tiktok:1",
    Source("url", "https://www.tiktok.com/@anna.s/video/1", ""),
    Post(
        source="csv",
        platform="tiktok",
        url="https://www.tiktok.com/@anna.s/video/1",
        caption="with @Ben.K",
        author="anna.s",
        author_id="68123",
        sound_title="original sound - anna.s",
        counted_at=datetime(2026, 3, 1, tzinfo=UTC),
        counts={"views": 3},
    ),
    Provenance("urls 1", "a" * 64, 7),
)


def test_rows_name_neither_the_author_nor_whom_they_mention() -> None:
    (rows,) = post_rows([POST], b"key")
    text = repr(dataclasses.replace(rows, source=Source("url", "", ""))).lower()
    assert not any(name in text for name in ("anna", "ben.k", "68123"))
    assert (rows.provenance.format, rows.provenance.file_row) == ("csv", 7)
    assert rows.observation is not None
    assert rows.observation.views == 3


def test_every_post_of_an_author_has_a_tombstone_in_common_whatever_is_known_of_them() -> None:
    by_id = dataclasses.replace(POST, clip_id="tiktok:2", post=Post("csv", "tiktok", author_id="68123"))
    by_address = dataclasses.replace(POST, clip_id="tiktok:3", post=Post("url", "tiktok", url=POST.post.url))
    of_another = dataclasses.replace(POST, clip_id="tiktok:4", post=Post("csv", "tiktok", author="cara"))
    first, second, third, other = post_rows([POST, by_id, by_address, of_another], b"key")
    assert first.tombstones & second.tombstones
    assert first.tombstones & third.tombstones
    assert not first.tombstones & other.tombstones
