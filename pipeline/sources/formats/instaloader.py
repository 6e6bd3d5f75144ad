"""Posts of Instagram by instaloader: the record beside a picture or video, `NAME.json` or `NAME.json.xz`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats import instagram
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import inside, json_records
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import child, shown

INSTALOADER = "instaloader"


def is_instaloader(value: object) -> bool:
    """True for a record of instaloader, of a post or of an account."""
    return isinstance(value, dict) and "node" in value and inside(value, "instaloader", "node_type") is not None


def read_instaloader(path: Path) -> Numbered[Post]:
    """The posts of a file; records of accounts, stories and tags are rejects."""
    return mapped(json_records(path, lambda page: [page]), _instaloader_post)


def _instaloader_post(record: Mapping[str, Any]) -> Post:
    kind = inside(record, "instaloader", "node_type")
    if kind != "Post":
        raise Rejected(f"a record of type {shown(kind)} is no post")
    node = child(record, "node")
    newer = child(node, "iphone_struct")
    return instagram.page_post(newer if "code" in newer else node, INSTALOADER, None)
