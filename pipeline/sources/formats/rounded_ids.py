"""Ids that a spreadsheet, JavaScript or a float has rounded: one alone cannot show it, those of a file together can."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from pipeline.records.post import Note, Post
from pipeline.sources.formats.result import NumberedPost, Reject
from pipeline.sources.formats.spool import Spool
from pipeline.sources.media_ids import Rounding, instagram_number, looks_rounded

#: Fields that hold ids of a platform, beside that of the post.
OTHER_IDS = ("author_id", "sound_id")
ADVICE = "its last digits are lost, as in half of the file or more; export it as text"


class RoundedIds:
    """Which columns of a file hold rounded ids."""

    def __init__(self, posts: Iterable[NumberedPost] = ()) -> None:
        self._columns = {name: Rounding() for name in ("id", *OTHER_IDS)}
        for found in posts:
            self.add(found.post)

    def add(self, post: Post) -> None:
        """Count the ids of a post."""
        self._columns["id"].add(_number(post))
        for name in OTHER_IDS:
            self._columns[name].add(getattr(post, name) or "")

    @property
    def found(self) -> frozenset[str]:
        """The columns."""
        return frozenset(name for name, ids in self._columns.items() if ids.found)


def without_rounded(posts: Iterable[NumberedPost]) -> tuple[Spool[NumberedPost], Spool[Reject]]:
    """The posts whose ids are whole, and those rejected because theirs was rounded; other rounded ids are left out.

    A post whose URL shows its id is not touched: `plain_csv` has taken the id from there.
    """
    kept, rejects = Spool[NumberedPost](), Spool[Reject]()
    is_rounded = "id" in RoundedIds(posts).found
    for found in posts:
        if is_rounded and looks_rounded(number := _number(found.post)):
            rejects.append(Reject(found.number, f"the id is rounded: {ADVICE}", number))
        else:
            kept.append(found)
    for name in RoundedIds(kept).found & set(OTHER_IDS):
        kept = Spool(_without(found, name) for found in kept)
    return kept, rejects


def _number(post: Post) -> str:
    """The id as a number; Instagram's is behind the code of the post."""
    return (instagram_number(post.post_id or "") if post.platform == "instagram" else post.post_id) or ""


def _without(found: NumberedPost, name: str) -> NumberedPost:
    value = getattr(found.post, name)
    if value is None or not looks_rounded(value):
        return found
    note = Note(f"left out: `{name}` is rounded: {ADVICE}", value)
    without: dict[str, Any] = {name: None, "notes": (*found.post.notes, note)}
    return dataclasses.replace(found, post=dataclasses.replace(found.post, **without))
