"""Tables that donation tools (Port, D3I's data donation task) store once a donor has agreed to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.sources.formats.exposures import exposure, post_behind
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import document
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered, mapped

PORT_TABLES = "port_tables"
TABLE = re.compile(r"(?:tiktok|youtube|instagram)_[a-z0-9_]+")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")
#: Endings of the names of tables, by kind of exposure.
KINDS = {
    "watched": ("watch_history", "browsing_history", "posts_viewed", "videos_watched"),
    "liked": ("like_list", "likes", "liked_posts", "liked_videos"),
    "saved": ("favorite_videos", "favorite_list", "saved_posts"),
    "reposted": ("reposts", "repost_list"),
    "shared": ("share_history",),
    "commented": ("comments",),
}
PARTLY = frozenset({"shared", "commented"})


def is_port(value: object) -> bool:
    """True for tables by their ids, in a list or in one object."""
    return any(True for _ in _tables(value))


def read_port(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of one donor; the number is the position among the rows of all tables that hold some."""
    rows = enumerate(_rows(document(path)), start=1)
    return mapped(rows, lambda row: _exposure(row[0], row[1], donor))


def _tables(value: object) -> Iterator[tuple[str, object]]:
    for page in value if isinstance(value, list) else [value]:
        if isinstance(page, dict):
            yield from ((name, rows) for name, rows in page.items() if isinstance(name, str) and TABLE.fullmatch(name))


def _rows(whole: object) -> Iterator[tuple[str, Mapping[str, Any]] | Rejected]:
    for name, rows in _tables(whole):
        kind = next((kind for kind, endings in KINDS.items() if name.endswith(endings)), None)
        if kind is None or rows is None:
            continue
        if not isinstance(rows, list):
            yield Rejected(f"the table {name} is no list of rows")
            continue
        for row in rows:
            if not isinstance(row, dict):
                yield Rejected(f"a row of {name} is no object")
            elif kind not in PARTLY or _link(row):
                yield kind, row


def _exposure(kind: str, row: Mapping[str, Any], donor: str) -> Exposure:
    """The columns have names in the donor's language: link and time are known by their form."""
    times = (value for value in row.values() if isinstance(value, str) and TIME.fullmatch(value.strip()))
    return exposure(donor, kind, _link(row), next(times, None))


def _link(row: Mapping[str, Any]) -> object:
    return next((value for value in row.values() if post_behind(value)), None)
