"""Ids that a spreadsheet, JavaScript or a float has rounded: one alone cannot show it, those of a file together can."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from pipeline.sources.formats.result import NumberedPost, Reject
from pipeline.sources.media_ids import are_rounded, instagram_number, looks_rounded

#: Fields that hold ids of a platform, beside that of the post.
OTHER_IDS = ("author_id", "sound_id")
ADVICE = "its last digits are lost, as in half of the file or more; export it as text"


def without_rounded(posts: Sequence[NumberedPost]) -> tuple[list[NumberedPost], list[Reject]]:
    """The posts whose ids are whole, and those rejected because theirs was rounded; other rounded ids are left out.

    A post whose URL shows its id is not touched: `plain_csv` has taken the id from there.
    """
    rounded = are_rounded([_number(found) for found in posts])
    rejected = [found for found in posts if rounded and looks_rounded(_number(found))]
    kept = [found for found in posts if not (rounded and looks_rounded(_number(found)))]
    for name in OTHER_IDS:
        if are_rounded([getattr(found.post, name) or "" for found in kept]):
            kept = [_without(found, name) for found in kept]
    return kept, [Reject(found.number, f"the id {_number(found)} is rounded: {ADVICE}") for found in rejected]


def _number(found: NumberedPost) -> str:
    """The id as a number; Instagram's is behind the code of the post."""
    post = found.post
    return (instagram_number(post.post_id or "") if post.platform == "instagram" else post.post_id) or ""


def _without(found: NumberedPost, name: str) -> NumberedPost:
    value = getattr(found.post, name)
    if value is None or not looks_rounded(value):
        return found
    note = f"`{name}` is rounded: {ADVICE}; it is left out"
    without: dict[str, Any] = {name: None, "notes": (*found.post.notes, note)}
    return dataclasses.replace(found, post=dataclasses.replace(found.post, **without))
