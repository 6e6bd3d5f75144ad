"""A CSV file of the researcher's own, with our column names or a mapping from ours to theirs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records.post import COUNTS, TEXT_COLUMNS, Post
from pipeline.sources.formats.records import Numbered, csv_records, header, mapped
from pipeline.sources.formats.result import known_post, post_url, unresolved_id
from pipeline.sources.formats.values import Rejected, counts, epoch, identifier, language, moment, seconds, shown, text
from pipeline.sources.post_fields import post_of_url

CSV = "csv"
COLUMNS = (*TEXT_COLUMNS, "language", "posted_at", "counted_at", "duration_s", *COUNTS)
#: Short links that the app of TikTok shares: they show no id, but lead to a post.
SHORT_LINK = re.compile(r"https://(?:(?:vm|vt)\.tiktok\.com|(?:www\.)?tiktok\.com/t)/[\w-]+/?(?:\?.*)?")


def is_plain(names: Collection[str]) -> bool:
    """True for a file with enough of our column names to identify a post."""
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
    return mapped(csv_records(path), lambda row: _csv_post({ours: row[used[ours]] for ours in used}, platform))


def _csv_post(row: Mapping[str, str], platform: str | None) -> Post:
    post = stated_post({**row, "platform": row.get("platform", "").strip() or platform or ""})
    shown_platform, shown_id = post_of_url(post.url) if post.url else (None, None)
    place = post.platform or shown_platform
    post_id = post.post_id or (shown_id if place == shown_platform else None)
    if post.url and not post_id and SHORT_LINK.fullmatch(post.url):
        return dataclasses.replace(post, platform="url", post_id=unresolved_id(post.url))
    if post.url and not (place and post_id):
        raise Rejected("the URL shows no post of TikTok, Instagram or YouTube, and the row names none")
    known = post_url(place, post_id) if place and post_id else None
    return known_post(dataclasses.replace(post, platform=place, post_id=post_id, url=known or post.url))


def stated_post(row: Mapping[str, str]) -> Post:
    """What a row under our column names states, even if it identifies no post; `Rejected` names a wrong cell."""
    url, place, posted = text(row.get("url")), text(row.get("platform")), text(row.get("posted_at"))
    if url and not url.startswith(("https://", "http://")):
        raise Rejected(f"`url` is {shown(url)}, not a URL that starts with https://")
    posted_at = _time_cell(posted, "posted_at")
    is_exact = posted is not None and (":" in posted or "T" in posted or _is_epoch(posted))
    return Post(
        source=CSV,
        platform=place.lower() if place else None,
        post_id=identifier(row.get("id"), "id"),
        url=url,
        caption=text(row.get("caption")),
        author=text(row.get("author")),
        author_id=identifier(row.get("author_id"), "author_id"),
        posted_at=posted_at,
        posted_precision=("second" if is_exact else "day") if posted_at else None,
        duration_s=seconds(row.get("duration_s"), "duration_s"),
        language=language(row.get("language"), "language"),
        sound_id=identifier(row.get("sound_id"), "sound_id"),
        sound_title=text(row.get("sound_title")),
        sound_artist=text(row.get("sound_artist")),
        counted_at=_time_cell(text(row.get("counted_at")), "counted_at"),
        counts=counts({name: row.get(name) for name in COUNTS}),
    )


def _time_cell(written: str | None, name: str) -> datetime | None:
    """A time as ISO 8601 or as a Unix time."""
    return epoch(written, name) if written and _is_epoch(written) else moment(written, name)


def _is_epoch(written: str) -> bool:
    return written.isdigit() and len(written) > len("20260131")
