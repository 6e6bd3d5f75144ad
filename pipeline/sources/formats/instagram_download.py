"""Instagram's download of one's own data: which posts the donor liked, saved and saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.sources.formats.exposures import exposure, post_behind, texts_inside
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import document
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import epoch

DOWNLOAD = "instagram_download"
#: Kinds of exposure by the list's name inside the file, and for newer files, which are bare lists, by the file's name.
LISTS = {
    "likes_media_likes": "liked",
    "saved_saved_media": "saved",
    "impressions_history_posts_seen": "watched",
    "impressions_history_videos_watched": "watched",
}
FILES = {"liked_posts": "liked", "saved_posts": "saved", "posts_viewed": "watched", "videos_watched": "watched"}
LABELS = "label_values"
DEEPEST = 6


def is_download(subject: tuple[str, object]) -> bool:
    """True for one of these lists; `subject` is the name of the file and its value."""
    name, value = subject
    if isinstance(value, dict):
        return not LISTS.keys().isdisjoint(value)
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and LABELS in first and _file_kind(name) is not None


def read_download(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of one file; rows that name an account but no post are rejects."""
    rows = enumerate(_rows(document(path), _file_kind(path.name)), start=1)
    return mapped(rows, lambda row: _exposure(row[0], row[1], donor))


def _file_kind(name: str) -> str | None:
    return next((kind for start, kind in FILES.items() if name.startswith(start)), None)


def _rows(whole: object, kind: str | None) -> Iterator[tuple[str, Mapping[str, Any]] | Rejected]:
    lists = [(LISTS[name], rows) for name, rows in whole.items() if name in LISTS] if isinstance(whole, dict) else []
    for found, rows in lists or [(kind or "liked", whole)]:
        for row in rows if isinstance(rows, list) else ():
            yield (found, row) if isinstance(row, dict) else Rejected(f"a {found} row is no object")


def _exposure(kind: str, row: Mapping[str, Any], donor: str) -> Exposure:
    link = next((text for text in texts_inside(row) if post_behind(text)), None)
    return exposure(donor, kind, link, _time(row))


def _time(value: object, depth: int = DEEPEST) -> datetime | None:
    """The first time in a record: beside the link, or in a part of it, whose label is in the donor's language."""
    if isinstance(value, dict) and value.get("timestamp"):
        return epoch(value["timestamp"], "timestamp")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for part in parts if depth and (found := _time(part, depth - 1))), None)
