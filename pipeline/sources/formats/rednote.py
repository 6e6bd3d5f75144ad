"""Notes of RedNote (Xiaohongshu) as its servers give them and as its pages hold them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.result import known_post
from pipeline.sources.formats.values import child, counts, decoded, epoch, identifier, other_identifier
from pipeline.sources.formats.written_times import MILLISECONDS

PLATFORM = "xiaohongshu"  # as yt-dlp calls it
KINDS = {"video": "video"}  # `normal` is one image or several
COUNTS = {
    "likes": ("liked_count", "likedCount"),
    "comments": ("comment_count", "commentCount"),
    "shares": ("share_count", "shareCount", "shared_count"),
    "saves": ("collected_count", "collectedCount"),
}


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from a record of RedNote; its media is not fetched."""
    note = child(record, "note_card") or child(record, "noteCard") or child(record, "note") or record
    found = (record.get("id"), note.get("note_id"), note.get("noteId"))
    post_id = identifier(next((one for one in found if one), None), "id")
    user = child(note, "user")
    stated = child(note, "interact_info") or child(note, "interactInfo")
    posted_at = epoch(note.get("time"), "time", MILLISECONDS)
    texts = tuple(
        map(decoded, (note.get("title") or note.get("display_title") or note.get("displayTitle"), note.get("desc")))
    )
    return known_post(
        Post(
            source=source,
            platform=PLATFORM,
            post_id=post_id,
            url=f"https://www.xiaohongshu.com/explore/{post_id}" if post_id else None,
            caption="\n".join(part for part in texts if part) or None,
            author_id=other_identifier(
                user.get("user_id") or user.get("userId"), "user.user_id"
            ),  # the name is for display
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            counted_at=counted_at,
            counts=counts(
                {name: next((stated[one] for one in names if one in stated), None) for name, names in COUNTS.items()}
            ),
            media_type=_media_type(note),
        )
    )


def _media_type(note: Mapping[str, Any]) -> str | None:
    images = note.get("image_list") or note.get("imageList")
    if note.get("type") == "normal" and isinstance(images, list) and images:
        return "image" if len(images) == 1 else "carousel"
    return KINDS.get(str(note.get("type")))
