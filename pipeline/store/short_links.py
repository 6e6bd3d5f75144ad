"""Short links and the posts that they lead to: what is known of both is one clip's, under the post's own id."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from pipeline.records import (
    ClipRow,
    ExposureRow,
    ObservationRow,
    ProvenanceRow,
    Row,
    ShortLinkRow,
    Source,
    VisibilityRow,
)
from pipeline.records.runs import AttemptRow, SourceRow
from pipeline.store.merged_clip import KINDS, fetched_kind, joined
from pipeline.store.store import PLATFORM, Store
from pipeline.store.tables import Tables, now

#: Tables of which a link's rows become the post's.
MOVED: tuple[type[Row], ...] = (ObservationRow, ProvenanceRow, ExposureRow, VisibilityRow)

NEVER_TRIED = """
    SELECT clip_id, location FROM sources ANTI JOIN attempts USING (clip_id)
    WHERE kind = 'url' AND starts_with(clip_id, 'url:')
"""
FETCHED = "SELECT clip_id, url FROM clips WHERE starts_with(clip_id, 'url:') AND field_sources['url'] = $platform"
LISTED = "SELECT clip_id FROM sources WHERE clip_id IN (SELECT link_id FROM short_links)"


def posts_of_links(store: Store) -> dict[str, str]:
    """By the id of each short link that was followed, the post that it leads to."""
    with store.uninterrupted_lock():
        return {row.link_id: row.clip_id for row in store.tables.read(ShortLinkRow)}


def with_links(store: Store, clip_ids: Collection[str]) -> list[str]:
    """These clips, and the ids of short links that lead to them."""
    links = posts_of_links(store)
    return sorted({*clip_ids, *(link_id for link_id, clip_id in links.items() if clip_id in clip_ids)})


def unfollowed_links(store: Store) -> dict[str, str]:
    """By id, the URL of each post whose URL shows no id, and that was never tried to be fetched."""
    with store.uninterrupted_lock():
        return dict(store.tables.connection.execute(NEVER_TRIED).fetchall())


def fetched_links(store: Store) -> dict[str, str]:
    """By id, the URL of each post that an earlier version fetched under the id of a link to it."""
    with store.uninterrupted_lock():
        return dict(store.tables.connection.execute(FETCHED, {"platform": PLATFORM}).fetchall())


def drop_followed_links(store: Store) -> None:
    """Delete what still stands under links that were followed in another database of the study."""
    with store.change():
        if gone := sorted(store.tables.texts(LISTED)):
            store.delete_rows(gone)
            store.tables.forget_publications(gone)


def rename_link(store: Store, link_id: str, clip_id: str, location: str) -> None:
    """Give a clip that stands under the id of a short link the id of its post, which the study does not have."""
    with store.change():
        for kind in store.kinds_of_clips:
            store.tables.rename(kind, link_id, clip_id)
        sql = "UPDATE sources SET location = $location WHERE clip_id = $clip"
        store.tables.connection.execute(sql, {"location": location, "clip": clip_id})
        store.tables.insert([ShortLinkRow(link_id, clip_id, now())])
        store.tables.forget_publications([link_id])


def merge_link(store: Store, link_id: str, post: ClipRow, place: Source, slideshow_sound: bool = False) -> None:
    """Make what is known under a short link a part of the post that it leads to, and note where it led.

    `post` and `place` are what the followed URL shows of the post and where its bytes are. What is known of the post
    stands; of its bytes, the better place. Nothing stays under the link's own id.
    """
    tables, clip_id = store.tables, post.clip_id
    with store.change():
        known, link = (next(iter(tables.read(ClipRow, [one])), None) for one in (clip_id, link_id))
        clip = post if known is None else joined(known, post)
        if link is not None:
            clip = joined(clip, dataclasses.replace(link, url=None))
        source = _place(tables, link_id, clip_id, place)
        source = dataclasses.replace(source, kind=fetched_kind(source.kind, clip.media_type, slideshow_sound))
        tables.replace([source])
        tables.replace([dataclasses.replace(clip, kind=source.kind)])
        for kind in MOVED:
            _move(tables, kind, link_id, clip_id)
        if tables.count(AttemptRow, clip_id=[link_id]):  # a publication only adds to those that it has
            tables.forget_publications([link_id])
        store.delete_rows([link_id])
        tables.insert([ShortLinkRow(link_id, clip_id, now())])
        store.make_changed_stale([], [] if known is None or known.caption == clip.caption else [clip_id])


def _place(tables: Tables, link_id: str, clip_id: str, place: Source) -> SourceRow:
    """Where the post's bytes come from: what was known of it, or the place that the link led to if that is better."""
    link, known = (next(iter(tables.read(SourceRow, [one])), None) for one in (link_id, clip_id))
    alias = next((row.author_alias for row in (known, link) if row and row.author_alias), None)
    if known is not None and KINDS.index(known.kind) <= KINDS.index(place.kind):
        return dataclasses.replace(known, author_alias=alias)
    first = known or link
    return SourceRow(clip_id, first.position if first else 0, place.kind, place.location, place.stamp, alias)


def _move(tables: Tables, kind: type[Row], link_id: str, clip_id: str) -> None:
    def name(row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, column) for column in kind.grain)

    known = set(map(name, tables.read(kind, [clip_id])))
    rows = [dataclasses.replace(row, clip_id=clip_id) for row in tables.read(kind, [link_id])]  # type: ignore[type-var]
    tables.insert([row for row in rows if name(row) not in known])
