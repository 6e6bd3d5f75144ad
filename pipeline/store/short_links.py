"""A short link that was followed becomes a part of its post: what is known of both is one clip's from then on."""

from __future__ import annotations

import dataclasses
from typing import Any

from pipeline.records import ClipRow, ExposureRow, ObservationRow, ProvenanceRow, Row, Source, VisibilityRow
from pipeline.records.runs import SourceRow
from pipeline.store.tables import Tables
from pipeline.store.upsert_posts import KINDS, fetched_kind, joined

#: Tables of which a link's rows become the post's.
MOVED: tuple[type[Row], ...] = (ObservationRow, ProvenanceRow, ExposureRow, VisibilityRow)


def merge_short_link(tables: Tables, link_id: str, post: ClipRow, place: Source, slideshow_sound: bool) -> list[str]:
    """Store the post, as its URL shows it, with what its link's rows say; returns it where its caption changed.

    Inside a transaction, after which the link's own rows go. What is known of the post stands; of its bytes, the better
    place.
    """
    known, link = (next(iter(tables.read(ClipRow, [one])), None) for one in (post.clip_id, link_id))
    clip = post if known is None else joined(known, post)
    if link is not None:
        clip = joined(clip, dataclasses.replace(link, url=None))
    source = _place(tables, link_id, post.clip_id, place)
    source = dataclasses.replace(source, kind=fetched_kind(source.kind, clip.media_type, slideshow_sound))
    tables.replace([source])
    tables.replace([dataclasses.replace(clip, kind=source.kind)])
    for kind in MOVED:
        _move(tables, kind, link_id, post.clip_id)
    return [] if known is None or known.caption == clip.caption else [post.clip_id]


def _place(tables: Tables, link_id: str, clip_id: str, place: Source) -> SourceRow:
    """Where the post's bytes come from: what was known of it, or the place that the link led to if that is better."""
    link, known = (next(iter(tables.read(SourceRow, [one])), None) for one in (link_id, clip_id))
    if known is not None and KINDS.index(known.kind) <= KINDS.index(place.kind):
        return known
    first = known or link
    return SourceRow(clip_id, first.position if first else 0, place.kind, place.location, place.stamp)


def _move(tables: Tables, kind: type[Row], link_id: str, clip_id: str) -> None:
    def name(row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, column) for column in kind.grain)

    known = set(map(name, tables.read(kind, [clip_id])))
    rows = [dataclasses.replace(row, clip_id=clip_id) for row in tables.read(kind, [link_id])]  # type: ignore[type-var]
    tables.insert([row for row in rows if name(row) not in known])
