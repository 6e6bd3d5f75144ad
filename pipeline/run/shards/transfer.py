"""Clips of a shard, or of the whole study, taken over from another working database, but for the forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.stage import Stage
from pipeline.store.short_links import drop_followed_links
from pipeline.store.store import Store
from pipeline.store.transfer import transfer
from pipeline.study.shard import Shard


def carry(
    store: Store, path: Path, stages: Sequence[type[Stage]], key: bytes | None, shard: Shard | None = None
) -> int:
    """Take over clips from the working database at `path`, those of a shard or all; returns how many.

    A clip comes with all its rows if its last attempt over there is later than here, or if it is not here at all. So
    the same again carries nothing, and forgotten clips stay away. The store must be opened again before it stores
    attempts of its own. `StoreError` where the other database cannot be read.
    """
    with transfer(store, path, shard) as other:
        tombstones = store.tables.tombstones()
        authors = other.authors() if tombstones else {}
        gone = [
            clip_id
            for clip_id, author_key in authors.items()
            if tombstone(clip_id, key) in tombstones or (author_key and author_tombstone(author_key, key) in tombstones)
        ]
        other.leave(gone)
        count = other.carry(stages)
        drop_followed_links(store)
        return count
