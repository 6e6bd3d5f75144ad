"""Posts of Douyin, Bilibili and RedNote by MediaCrawler: the same flat names as JSON, by line and as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import flat_records, names_of
from pipeline.sources.formats.rednote import PLATFORM as REDNOTE
from pipeline.sources.formats.result import known_post
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import counts, decoded, epoch, identifier, other_identifier, text
from pipeline.sources.formats.written_times import MILLISECONDS

MEDIACRAWLER = "mediacrawler"
MARK = "last_modify_ts"  # in every record: when it was collected, in milliseconds
SHARED_COUNTS = {
    "likes": "liked_count",
    "comments": "comment_count",
    "shares": "share_count",
    "saves": "collected_count",
}


@dataclass(frozen=True, slots=True)
class Site:
    """How MediaCrawler names the fields of one platform."""

    platform: str
    names: frozenset[str]  # that tell its records from those of others
    post_id: str
    url: str
    texts: tuple[str, ...]
    counts: Mapping[str, str]
    posted: str = "create_time"
    per_second: int = 1  # of the time of posting
    handle: str | None = None


SITES = (
    Site(
        "douyin", frozenset({"aweme_id", "aweme_url"}), "aweme_id", "https://www.douyin.com/video/{}", ("desc",),
        SHARED_COUNTS, handle="user_unique_id",
    ),
    Site(
        "bilibili", frozenset({"video_id", "video_play_count", "video_url"}), "video_id",
        "https://www.bilibili.com/video/av{}", ("title", "desc"),
        {
            "views": "video_play_count", "likes": "liked_count", "comments": "video_comment",
            "shares": "video_share_count", "saves": "video_favorite_count",
        },
    ),
    Site(
        REDNOTE, frozenset({"note_id", "note_url", "xsec_token"}), "note_id",
        "https://www.xiaohongshu.com/explore/{}", ("title", "desc"), SHARED_COUNTS, "time", MILLISECONDS,
    ),
)  # fmt: skip


def is_mediacrawler(value: object) -> bool:
    """True for a record of a post, or for the columns of a table of them; comments and accounts are others."""
    return MARK in names_of(value) and _site(names_of(value)) is not None


def read_mediacrawler(path: Path) -> Numbered[Post]:
    """The posts of a file; their media is not fetched."""
    return mapped(flat_records(path, lambda page: [page]), _crawled_post)


def _site(names: frozenset[str]) -> Site | None:
    return next((site for site in SITES if site.names <= names), None)


def _crawled_post(row: Mapping[str, Any]) -> Post:
    site = _site(frozenset(row))
    if site is None:
        raise Rejected("the record is no post of Douyin, Bilibili or RedNote")
    post_id = identifier(row[site.post_id], site.post_id)
    posted_at = epoch(row.get(site.posted), site.posted, site.per_second)
    texts = list(dict.fromkeys(found for name in site.texts if (found := decoded(row.get(name)))))
    return known_post(
        Post(
            source=MEDIACRAWLER,
            platform=site.platform,
            post_id=post_id,
            url=site.url.format(post_id) if post_id else None,
            caption="\n".join(texts) or None,
            author=text(row.get(site.handle)) if site.handle else None,  # `nickname` is a name for display
            author_id=other_identifier(row.get("user_id"), "user_id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            counted_at=epoch(row.get(MARK), MARK, MILLISECONDS),
            counts=counts({ours: row.get(theirs) for ours, theirs in site.counts.items()}),
            media_type=_media_type(row, site),
        )
    )


def _media_type(row: Mapping[str, Any], site: Site) -> str | None:
    if site.platform == REDNOTE:
        images = [part for part in str(row.get("image_list") or "").split(",") if part]
        return "video" if row.get("type") == "video" else {0: None, 1: "image"}.get(len(images), "carousel")
    if site.platform == "douyin":
        return "slideshow" if row.get("note_download_url") else "video" if row.get("video_download_url") else None
    return "video"
