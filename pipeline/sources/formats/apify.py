"""Posts by scrapers of Apify and their ancestor tiktok-scraper: the same names in JSON, and flat in CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import flag, several
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import flat_records, names_of
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import (
    counts,
    decoded,
    epoch,
    identifier_beside,
    moment,
    other_identifier,
    seconds,
    shown,
    text,
)
from pipeline.sources.post_fields import language_of

TIKTOK, INSTAGRAM = "apify_tiktok", "apify_instagram"
TIKTOK_NAMES = frozenset({"webVideoUrl", "text"})
INSTAGRAM_NAMES = frozenset({"shortCode", "ownerUsername"})
#: Lists of posts inside a record: of tiktok-scraper, and of scrapers of profiles.
LISTS = ("collector", "latestPosts")
INSTAGRAM_KINDS = {"Image": "image", "Video": "video"}
CHILD_KIND = re.compile(r"childPosts\.\d+\.type")
TIKTOK_COUNTS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
}


def is_tiktok(value: object) -> bool:
    """True for posts of clockworks/tiktok-scraper and its kin, or of drawrowfly/tiktok-scraper."""
    return any(names_of(record) >= TIKTOK_NAMES for record in _first(value))


def is_instagram(value: object) -> bool:
    """True for posts of apify/instagram-scraper and its kin."""
    return any(names_of(record) >= INSTAGRAM_NAMES for record in _first(value))


def read_tiktok(path: Path) -> Numbered[Post]:
    """Posts of TikTok."""
    return mapped(flat_records(path, _listed), _tiktok_post)


def read_instagram(path: Path) -> Numbered[Post]:
    """Posts of Instagram."""
    return mapped(flat_records(path, _listed), _instagram_post)


def _first(value: object) -> Iterable[object]:
    if isinstance(value, tuple):
        return [value]
    pages = value if isinstance(value, list) else [value]
    return list(_listed(pages[0]))[:1] if pages else []


def _listed(page: object) -> Iterable[object]:
    lists = [page[name] for name in LISTS if isinstance(page.get(name), list)] if isinstance(page, dict) else []
    return lists[0] if lists else [page]


def _tiktok_post(row: Mapping[str, Any]) -> Post:
    _refuse_error(row)
    post_id = identifier_beside(row.get("webVideoUrl"), "tiktok", row.get("id"), "id")
    posted_at = moment(row.get("createTimeISO"), "createTimeISO") or epoch(row.get("createTime"), "createTime")
    slideshow = flag(row.get("isSlideshow"))
    return known_post(
        Post(
            source=TIKTOK,
            platform="tiktok",
            post_id=post_id,
            url=post_url("tiktok", post_id) if post_id else None,
            caption=decoded(row.get("text")),
            author=text(row.get("authorMeta.name")),
            author_id=other_identifier(row.get("authorMeta.id"), "authorMeta.id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(row.get("videoMeta.duration"), "videoMeta.duration"),
            language=language_of(text(row.get("textLanguage"))),
            sound_id=other_identifier(row.get("musicMeta.musicId"), "musicMeta.musicId"),
            sound_title=decoded(row.get("musicMeta.musicName")),
            sound_artist=decoded(row.get("musicMeta.musicAuthor")),
            counts=counts({ours: row.get(theirs) for ours, theirs in TIKTOK_COUNTS.items()}),
            media_type=None if slideshow is None else "slideshow" if slideshow else "video",
            is_ad=flag(row.get("isAd")),
        )
    )


def _instagram_post(row: Mapping[str, Any]) -> Post:
    _refuse_error(row)
    code = identifier_beside(row.get("url"), "instagram", row.get("shortCode"), "shortCode")
    posted_at = moment(row.get("timestamp"), "timestamp")
    kind = text(row.get("type"))
    children = (INSTAGRAM_KINDS.get(str(row[name])) for name in row if CHILD_KIND.fullmatch(name) and row[name])
    product = text(row.get("productType"))
    views = next((row[name] for name in ("videoPlayCount", "videoViewCount") if row.get(name) not in (None, "")), None)
    return known_post(
        Post(
            source=INSTAGRAM,
            platform="instagram",
            post_id=code,
            url=post_url("instagram", code) if code else None,
            caption=decoded(row.get("caption")),
            author=text(row.get("ownerUsername")),
            author_id=other_identifier(row.get("ownerId"), "ownerId"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(row.get("videoDuration"), "videoDuration"),
            sound_id=other_identifier(row.get("musicInfo.audio_id"), "musicInfo.audio_id"),
            sound_title=decoded(row.get("musicInfo.song_name")),
            sound_artist=None
            if flag(row.get("musicInfo.uses_original_audio"))
            else decoded(row.get("musicInfo.artist_name")),
            counts=counts(
                {"views": views, "likes": row.get("likesCount"), "comments": row.get("commentsCount")}  # -1: hidden
            ),
            media_type=several(children) if kind == "Sidecar" else INSTAGRAM_KINDS.get(kind or ""),
            is_ad=product == "ad" if product else None,
        )
    )


def _refuse_error(row: Mapping[str, Any]) -> None:
    """Apify writes a record of its own where it found nothing."""
    error = text(row.get("error")) if isinstance(row.get("error"), str) else None
    if error:
        raise Rejected(f"the scraper reports an error instead of a post: {shown(error)}")
