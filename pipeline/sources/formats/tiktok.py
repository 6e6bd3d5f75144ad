"""Posts of TikTok: the records that its pages hold (as Zeeschuimer saves them) and those of its Research API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.records import Numbered, json_records, mapped
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.values import Rejected, child, counts, epoch, identifier, seconds, shown, text
from pipeline.sources.post_fields import language_of

RESEARCH_API = "tiktok_research_api"

#: Our names of counts, and the platform's.
PAGE_COUNTS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
}
RESEARCH_COUNTS = {
    "views": "view_count",
    "likes": "like_count",
    "comments": "comment_count",
    "shares": "share_count",
    "saves": "favorites_count",
}


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from the record that TikTok's own pages hold of it."""
    post_id = identifier(record.get("id"), "id")
    author, account = _author_account(record)
    # `statsV2` is the newer form: the same counts, as text, without the rounding of large ones.
    newer = {name: value for name, value in child(record, "statsV2").items() if value not in (None, "")}
    stats = {**child(record, "stats"), **newer}
    music, posted_at = child(record, "music"), epoch(record.get("createTime"), "createTime")
    return known_post(
        Post(
            source=source,
            platform="tiktok",
            post_id=post_id,
            url=post_url("tiktok", post_id) if post_id else None,
            caption=text(record.get("desc")),
            author=author,
            author_id=account,
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(child(record, "video").get("duration"), "video.duration"),
            language=language_of(text(record.get("textLanguage"))),  # of the caption
            sound_id=identifier(music.get("id"), "music.id"),
            sound_title=text(music.get("title")),
            sound_artist=text(music.get("authorName")),
            counted_at=counted_at,
            counts=counts({ours: stats.get(theirs) for ours, theirs in PAGE_COUNTS.items()}),
        )
    )


def _author_account(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Handle and id of the author: an object in the server's responses, the handle alone inside a page."""
    if isinstance(record.get("author"), str):
        return text(record["author"]), identifier(record.get("authorId"), "authorId")
    author = child(record, "author")
    return text(author.get("uniqueId")), identifier(author.get("id"), "author.id")


def is_research(value: object) -> bool:
    """True for a page of the Research API, or one video of it."""
    if isinstance(value, list):
        return bool(value) and is_research(value[0])
    if not isinstance(value, dict):
        return False
    page = value.get("data")
    return (isinstance(page, dict) and isinstance(page.get("videos"), list)) or (
        "id" in value and ("video_description" in value or {"create_time", "username"} <= value.keys())
    )


def read_research(path: Path) -> Numbered[Post]:
    """The videos of pages of the Research API: one page, a list of pages, or a page or a video a line."""
    return mapped(json_records(path, _research_videos), _research_post)


def _research_videos(page: object) -> Iterable[object]:
    if not isinstance(page, dict) or "data" not in page:
        return [page]
    videos = child(page, "data").get("videos")
    if not isinstance(videos, list):
        raise Rejected(f"`data.videos` is {shown(videos)}, not a list")
    return videos


def _research_post(record: Mapping[str, Any]) -> Post:
    post_id = identifier(record.get("id"), "id")
    posted_at = epoch(record.get("create_time"), "create_time")
    return known_post(
        Post(
            source=RESEARCH_API,
            platform="tiktok",
            post_id=post_id,
            url=post_url("tiktok", post_id) if post_id else None,
            caption=text(record.get("video_description")),
            author=text(record.get("username")),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(record.get("video_duration"), "video_duration"),
            sound_id=identifier(record.get("music_id"), "music_id"),
            counts=counts({ours: record.get(theirs) for ours, theirs in RESEARCH_COUNTS.items()}),
        )
    )
