"""Posts of Douyin as its servers give them and as its pages hold them: the same names with and without underscores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import flag
from pipeline.sources.formats.result import known_post
from pipeline.sources.formats.values import child, counts, decoded, epoch, identifier, other_identifier, seconds, text
from pipeline.sources.formats.written_times import MILLISECONDS

COUNTS = {
    "likes": ("digg_count", "diggCount"),
    "comments": ("comment_count", "commentCount"),
    "shares": ("share_count", "shareCount"),
    "saves": ("collect_count", "collectCount"),
}  # views are always 0: Douyin does not show them


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from a record of Douyin; its media is not fetched."""
    post_id = identifier(record.get("aweme_id") or record.get("awemeId"), "aweme_id")
    author = child(record, "author") or child(record, "authorInfo")
    stats = child(record, "statistics") or child(record, "stats")
    music = record["music"] if isinstance(record.get("music"), dict) else {}
    posted_at = epoch(record.get("create_time") or record.get("createTime"), "create_time")
    length = seconds(child(record, "video").get("duration"), "video.duration")
    return known_post(
        Post(
            source=source,
            platform="douyin",
            post_id=post_id,
            url=f"https://www.douyin.com/video/{post_id}" if post_id else None,
            caption=decoded(record.get("desc")),
            author=text(author.get("unique_id") or author.get("uniqueId")),
            author_id=other_identifier(author.get("uid"), "author.uid"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=length / MILLISECONDS if length else None,
            sound_id=other_identifier(music.get("id_str") or music.get("id"), "music.id"),
            sound_title=decoded(music.get("title")),
            sound_artist=decoded(music.get("author")),
            counted_at=counted_at,
            counts=counts(
                {name: next((stats[one] for one in names if one in stats), None) for name, names in COUNTS.items()}
            ),
            media_type="slideshow" if record.get("images") else "video" if length else None,
            is_ad=flag(record.get("is_ads")),
        )
    )
