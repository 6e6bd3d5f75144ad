"""CSV files of 4CAT with posts of TikTok or Instagram."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import flag
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import counts, decoded, epoch, identifier_beside, other_identifier, text

TIKTOK, INSTAGRAM = "4cat_tiktok_csv", "4cat_instagram_csv"
TIKTOK_COLUMNS = frozenset({"id", "body", "author", "plays", "likes", "shares", "comments"})
INSTAGRAM_COLUMNS = frozenset({"id", "body", "author", "num_likes", "num_comments", "media_type"})


def is_tiktok(names: Collection[str]) -> bool:
    """True for the columns of posts of TikTok."""
    return set(names) >= TIKTOK_COLUMNS


def is_instagram(names: Collection[str]) -> bool:
    """True for the columns of posts of Instagram."""
    return set(names) >= INSTAGRAM_COLUMNS


def read_tiktok(path: Path) -> Numbered[Post]:
    """Posts of TikTok; the file does not say when the counts were read."""
    return mapped(csv_records(path), _tiktok_post)


def read_instagram(path: Path) -> Numbered[Post]:
    """Posts of Instagram; the file does not say when the counts were read."""
    return mapped(csv_records(path), _instagram_post)


def _tiktok_post(row: Mapping[str, str]) -> Post:
    return _fourcat_post(
        row,
        "tiktok",
        TIKTOK,
        {"views": row["plays"], "likes": row["likes"], "comments": row["comments"], "shares": row["shares"]},
        None,
    )


def _instagram_post(row: Mapping[str, str]) -> Post:
    hidden = row.get("likes_hidden") == "yes"  # the number is then made up
    likes = None if hidden else row["num_likes"]
    return _fourcat_post(
        row,
        "instagram",
        INSTAGRAM,
        {"views": row.get("play_count"), "likes": likes, "comments": row["num_comments"]},
        _instagram_kind(row["media_type"], row.get("num_media", "")),
    )


def _instagram_kind(kind: str, parts: str) -> str | None:
    """4CAT calls a carousel by what all of its parts are, or mixed."""
    is_single = parts.strip() in ("", "0", "1")
    if kind in ("photo", "image", "picture"):
        return "image" if is_single else "carousel"
    if kind == "video":
        return "video" if is_single else "mixed"
    return "mixed" if kind == "mixed" else None


def _fourcat_post(
    row: Mapping[str, str], platform: str, source: str, stated: Mapping[str, object], media_type: str | None
) -> Post:
    post_id = identifier_beside(row.get("tiktok_url") or row.get("url"), platform, row["id"], "id")
    posted_at = _unix_timestamp(row)
    return known_post(
        Post(
            source=source,
            platform=platform,
            post_id=post_id,
            url=post_url(platform, post_id) if post_id else None,
            caption=decoded(row["body"]),
            author=text(row["author"]),
            author_id=other_identifier(row.get("author_id"), "author_id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            sound_id=other_identifier(row.get("music_id"), "music_id"),
            sound_title=decoded(row.get("music_name")),
            sound_artist=decoded(row.get("music_author")),
            counts=counts(stated),
            media_type=media_type,
            is_ad=flag(row.get("is_ad")),
        )
    )


def _unix_timestamp(row: Mapping[str, str]) -> datetime | None:
    """The time of a post: `timestamp` is the server's local time in some versions, so that only a number is taken."""
    if row.get("unix_timestamp"):
        return epoch(row["unix_timestamp"], "unix_timestamp")
    stamp = row.get("timestamp", "")
    return epoch(stamp, "timestamp") if stamp.isdigit() else None
