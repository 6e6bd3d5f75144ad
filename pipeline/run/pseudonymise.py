"""Sourced posts become rows under pseudonyms: after this no handle and no key is needed any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.records import ProvenanceRow
from pipeline.records.post import SourcedPost
from pipeline.records.post_rows import PostRows
from pipeline.records.pseudonyms import clip_row, observation_row, tombstones_of
from pipeline.store.tables import now


def post_rows(sourced_posts: Iterable[SourcedPost], key: bytes | None) -> Iterator[PostRows]:
    """What the store takes of posts, in their order; without a key, ids stay as they are."""
    for one in sourced_posts:
        yield PostRows(
            clip=clip_row(one.clip_id, one.post, key),
            source=one.source,
            provenance=_provenance(one),
            observation=observation_row(one.clip_id, one.post),
            tombstones=tombstones_of(one, key),
        )


def _provenance(one: SourcedPost) -> ProvenanceRow:
    return ProvenanceRow(
        clip_id=one.clip_id,
        source=one.place.source,
        format=one.post.source,
        format_version=one.place.format_version,
        file_sha256=one.place.file_sha256,
        file_row=one.place.file_row,
        first_seen_at=now().replace(tzinfo=None),
    )
