"""Sourced posts become rows under pseudonyms: after this no handle and no key is needed any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from pipeline.records import ProvenanceRow
from pipeline.records.post import SourcedPost
from pipeline.records.post_rows import PostRows
from pipeline.records.pseudonyms import (
    author_alias,
    author_names,
    author_tombstone,
    clip_row,
    observation_row,
    tombstone,
    tombstones_of,
)
from pipeline.sources.formats.result import digest_of_url
from pipeline.sources.post_urls import read_url
from pipeline.store.tables import now


def post_rows(
    sourced_posts: Iterable[SourcedPost], key: bytes | None, *, has_forgotten: bool = True
) -> Iterator[PostRows]:
    """What the store takes of posts, in their order; without a key, ids stay as they are.

    Tombstones cost more than all else, so they are left out for a study that has forgotten nobody.
    """
    for one in map(_of_its_platform, sourced_posts):
        yield PostRows(
            clip=clip_row(one.clip_id, one.post, key, one.source.kind),
            source=one.source,
            provenance=_provenance(one),
            observation=observation_row(one.clip_id, one.post),
            tombstones=tombstones_of(one, key) | _earlier_tombstones(one, key) if has_forgotten else None,
            author_tombstones=_of_author(one, key) if has_forgotten else frozenset(),
            author_alias=author_alias(one.post, key),
            author_names=author_names(one.post, key),
        )


def _of_author(one: SourcedPost, key: bytes | None) -> frozenset[str]:
    """The tombstones of all names that a post states of its author."""
    return frozenset(author_tombstone(name.name, key) for name in author_names(one.post, key))


def _of_its_platform(one: SourcedPost) -> SourcedPost:
    """A short link as a post of its platform, so that its author's pseudonym is that of the platform."""
    named = read_url(one.post.url) if one.post.platform == "url" and one.post.url else None
    return (
        one if named is None else dataclasses.replace(one, post=dataclasses.replace(one.post, platform=named.platform))
    )


def _earlier_tombstones(one: SourcedPost, key: bytes | None) -> frozenset[str]:
    """The tombstone of a short link under the digest of its URL as it is written, which earlier versions took."""
    if not one.clip_id.startswith("url:"):
        return frozenset()
    return frozenset({tombstone(f"url:{digest_of_url(one.post.url or '')}", key)})


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
