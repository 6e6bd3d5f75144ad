"""Posts of TikTok: the records that its pages hold (bare, or as Zeeschuimer saves them) and its Research API's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import flag
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import holds_json, inside, json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import (
    child,
    counts,
    decoded,
    epoch,
    identifier,
    moment,
    other_identifier,
    seconds,
    shown,
    text,
)
from pipeline.sources.post_fields import language_of

RESEARCH_API, PAGE_RECORDS = "tiktok_research_api", "tiktok_page_records"

#: Our names of counts, and the platform's.
PAGE_COUNTS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
}
RESEARCH_COLUMNS = frozenset({"video_description", "region_code", "create_time"})
RESEARCH_LISTS = frozenset({"data", "videos"})
RECORD_NAMES = frozenset({"desc", "stats", "statsV2", "imagePost"})
#: Where the answers of TikTok's servers and its pages keep the records.
PAGES = (
    ("itemList",),
    ("itemInfo", "itemStruct"),
    ("itemStruct",),
    ("item",),
    ("__DEFAULT_SCOPE__", "webapp.video-detail", "itemInfo", "itemStruct"),
)
RESEARCH_COUNTS = {
    "views": "view_count",
    "likes": "like_count",
    "comments": "comment_count",
    "shares": "share_count",
    "saves": "favorites_count",
}


def is_page_record(value: object) -> bool:
    """True for a record that TikTok's pages hold of a post, or for an answer or a page with some."""
    if isinstance(value, list):
        return bool(value) and is_page_record(value[0])
    if not isinstance(value, dict):
        return False
    is_record = value.keys() >= {"id", "createTime"} and not RECORD_NAMES.isdisjoint(value)
    return is_record or any(isinstance(inside(value, *names), dict | list) for names in PAGES)


def read_page_records(path: Path) -> Numbered[Post]:
    """The posts of bare records: a list, a record a line, or answers and pages of TikTok as they came."""
    return mapped(json_records(path, _page_posts), lambda record: page_post(record, PAGE_RECORDS, None))


def _page_posts(page: object) -> Iterable[object]:
    """The records of an answer or a page, and a record as it stands."""
    if isinstance(page, dict) and "id" not in page:
        page = next((found for names in PAGES if (found := inside(page, *names)) is not None), page)
    return page if isinstance(page, list) else [page]


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
            caption=decoded(record.get("desc")),
            author=author,
            author_id=account,
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(child(record, "video").get("duration"), "video.duration"),
            language=language_of(text(record.get("textLanguage"))),  # of the caption
            sound_id=other_identifier(music.get("id"), "music.id"),
            sound_title=decoded(music.get("title")),
            sound_artist=decoded(music.get("authorName")),
            counted_at=counted_at,
            counts=counts({ours: stats.get(theirs) for ours, theirs in PAGE_COUNTS.items()}),
            media_type=_media_type(record),
            is_ad=flag(record.get("isAd")),
        )
    )


def _media_type(record: Mapping[str, Any]) -> str | None:
    """A slideshow has its images beside an empty video."""
    if record.get("imagePost"):
        return "slideshow"
    return "video" if child(record, "video").get("duration") else None


def _author_account(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Handle and id of the author: an object in the server's responses, the handle alone inside a page."""
    if isinstance(record.get("author"), str):
        return text(record["author"]), other_identifier(record.get("authorId"), "authorId")
    author = child(record, "author")
    return text(author.get("uniqueId")), other_identifier(author.get("id"), "author.id")


def is_research(value: object) -> bool:
    """True for a page of the Research API, one video of it, or the columns of a table of its videos."""
    if isinstance(value, tuple):
        return set(value) >= RESEARCH_COLUMNS and not {"id", "video_id"}.isdisjoint(value)
    if isinstance(value, list):
        return bool(value) and is_research(value[0])
    if not isinstance(value, dict):
        return False
    if isinstance(inside(value, "data", "videos"), list):
        return True
    listed = next((value[name] for name in ("data", "videos") if isinstance(value.get(name), list)), None)
    return _is_research_video(value) if listed is None else any(map(_is_research_video, listed[:1]))


def _is_research_video(value: object) -> bool:
    if not isinstance(value, dict) or "id" not in value:
        return False
    return "video_description" in value or {"create_time", "username"} <= value.keys()


def read_research(path: Path) -> Numbered[Post]:
    """The videos of pages of the Research API: one page, a list of pages, a page or a video a line, or a table."""
    if holds_json(path):
        return mapped(json_records(path, _research_videos), _research_post)
    return mapped(csv_records(path), lambda row: _research_post(_research_row(row)))


def _research_videos(page: object) -> Iterable[object]:
    if not isinstance(page, dict) or RESEARCH_LISTS.isdisjoint(page):
        return [page]
    videos = page.get("videos") if "data" not in page else page["data"]
    videos = child(page, "data").get("videos") if isinstance(videos, dict) else videos
    if not isinstance(videos, list):
        raise Rejected(f"`data.videos` is {shown(videos)}, not a list")
    return videos


def _research_row(row: Mapping[str, str]) -> dict[str, Any]:
    """A row under the names of the API; tables of numbers round the ids of sounds."""
    sound = row.get("music_id", "")
    return {
        **row,
        "id": row.get("id") or row.get("video_id"),
        "username": row.get("username") or row.get("author_name"),
        "music_id": sound if sound.isdigit() else None,
    }


def _research_post(record: Mapping[str, Any]) -> Post:
    post_id = identifier(record.get("id"), "id")
    posted_at = moment(record.get("create_time") or None, "create_time")  # R writes times as text
    return known_post(
        Post(
            source=RESEARCH_API,
            platform="tiktok",
            post_id=post_id,
            url=post_url("tiktok", post_id) if post_id else None,
            caption=decoded(record.get("video_description")),
            author=text(record.get("username")),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(record.get("video_duration"), "video_duration"),
            sound_id=other_identifier(record.get("music_id"), "music_id"),
            counts=counts({ours: record.get(theirs) for ours, theirs in RESEARCH_COUNTS.items()}),
        )
    )
