"""A CSV file of the researcher's own, with our column names or a mapping from ours to theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from pipeline.errors import UserError
from pipeline.imports.result import address, known_post
from pipeline.imports.rows import Numbered, csv_records, header, mapped
from pipeline.imports.values import Rejected, counts, epoch, identifier, moment, seconds, shown, text
from pipeline.posts import COUNTS, TEXT_COLUMNS, Post, post_address

CSV = "csv"
COLUMNS = (*TEXT_COLUMNS, "posted_at", "counted_at", "duration_s", *COUNTS)


def is_plain(names: Collection[str]) -> bool:
    """True for a file with our column names, enough of them to tell a post."""
    return "url" in names or {"platform", "id"} <= set(names)


def read_plain(path: Path, columns: Mapping[str, str], platform: str | None) -> Numbered[Post]:
    """The posts of a file: `columns` names their column for each of ours, `platform` the platform of every row.

    Raises `UserError` where the mapping does not fit the file.
    """
    names = header(path)
    used = columns or {name: name for name in COLUMNS if name in names}
    unknown, absent = sorted(used.keys() - set(COLUMNS)), sorted(set(used.values()) - set(names))
    if unknown:
        raise UserError(f"unknown columns in the mapping: {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
    if absent:
        raise UserError(f"{path} has no column {', '.join(absent)}; it has {', '.join(names)}")
    if "url" not in used and ("id" not in used or not (platform or "platform" in used)):
        raise UserError(f"the mapping for {path} has to name a column for `url`, or for `id` and `platform`")
    return mapped(csv_records(path), lambda row: _post({ours: row[used[ours]] for ours in used}, platform))


def _post(row: Mapping[str, str], platform: str | None) -> Post:
    url = text(row.get("url"))
    if url and not url.startswith(("https://", "http://")):
        raise Rejected(f"`url` is {shown(url)}, not an address that starts with https://")
    shown_platform, shown_id = post_address(url) if url else (None, None)
    place = text(row.get("platform")) or platform or shown_platform
    place = place.lower() if place else None
    post_id = identifier(row.get("id"), "id") or (shown_id if place == shown_platform else None)
    if url and not (place and post_id):
        raise Rejected("the address shows no post of TikTok, Instagram or YouTube, and the row names none")
    posted = text(row.get("posted_at"))
    posted_at = _time(posted, "posted_at")
    return known_post(
        Post(
            source=CSV,
            platform=place,
            post_id=post_id,
            url=(address(place, post_id) if place and post_id else None) or url,
            caption=text(row.get("caption")),
            author=text(row.get("author")),
            author_id=identifier(row.get("author_id"), "author_id"),
            posted_at=posted_at,
            posted_precision=("second" if ":" in posted or posted.isdigit() else "day")
            if posted and posted_at
            else None,
            duration_s=seconds(row.get("duration_s"), "duration_s"),
            sound_id=identifier(row.get("sound_id"), "sound_id"),
            sound_title=text(row.get("sound_title")),
            sound_artist=text(row.get("sound_artist")),
            counted_at=_time(text(row.get("counted_at")), "counted_at"),
            counts=counts({name: row.get(name) for name in COUNTS}),
        )
    )


def _time(written: str | None, name: str) -> datetime | None:
    """A time as ISO 8601 or as a Unix time."""
    return (
        epoch(written, name)
        if written and written.isdigit() and len(written) > len("20260131")
        else moment(written, name)
    )
