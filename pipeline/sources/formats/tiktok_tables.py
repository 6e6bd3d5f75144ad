"""Tables of TikTok's posts that pyktok and traktok write from its pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import flag
from pipeline.sources.formats.notes import Rejected, leave_out
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import counts, decoded, identifier_beside, moment, seconds, text

TABLES = "tiktok_tables"
COLUMNS = frozenset({"video_id", "video_timestamp", "video_diggcount", "video_playcount"})
COUNTS = {
    "views": "video_playcount",
    "likes": "video_diggcount",
    "comments": "video_commentcount",
    "shares": "video_sharecount",
}
ID_SECONDS_BIT = 32  # the upper half of an id is the Unix time of its making
STEP = timedelta(minutes=15)  # by which zones differ
WIDEST = timedelta(hours=14)


def is_table(names: Collection[str]) -> bool:
    """True for the columns of such a table."""
    return set(names) >= COLUMNS


def read_table(path: Path) -> Numbered[Post]:
    """The posts of a table."""
    return mapped(csv_records(path), _table_post)


def _table_post(row: Mapping[str, str]) -> Post:
    post_id = identifier_beside(row.get("video_url"), "tiktok", row["video_id"], "video_id")
    # pyktok's `author_name` is the name that is displayed, traktok's is the handle
    handle = row.get("author_username") or (row.get("author_name") if "author_nickname" in row else None)
    posted_at = _posted_at(post_id, moment(row["video_timestamp"], "video_timestamp"))
    return known_post(
        Post(
            source=TABLES,
            platform="tiktok",
            post_id=post_id,
            url=post_url("tiktok", post_id) if post_id else None,
            caption=decoded(row.get("video_description") or row.get("video_title")),
            author=text(handle),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=seconds(row.get("video_duration") or row.get("video_length"), "video_duration"),
            counts=counts({ours: row.get(theirs) for ours, theirs in COUNTS.items()}),
            is_ad=flag(row.get("video_is_ad")),
        )
    )


def _posted_at(post_id: str | None, written: datetime | None) -> datetime | None:
    """The time of a post in UTC: pyktok writes it in the zone of the computer, which the id tells."""
    if written is None or post_id is None or not post_id.isdigit():
        return None
    try:
        made = datetime.fromtimestamp(int(post_id) >> ID_SECONDS_BIT, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    offset = round((written - made) / STEP) * STEP
    if abs(offset) > WIDEST:
        leave_out(Rejected("`video_timestamp` is far from the time that the id tells", f"{written:%Y-%m-%d %H:%M}"))
        return None
    return written - offset
