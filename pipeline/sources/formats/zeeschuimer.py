"""NDJSON of Zeeschuimer, and of 4CAT, which keeps the same records with their envelope in `__import_meta`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats import douyin, facebook, instagram, rednote, tiktok, x_posts
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import json_records
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import child, epoch, shown
from pipeline.sources.formats.written_times import MILLISECONDS

ZEESCHUIMER, FOURCAT = "zeeschuimer", "4cat_ndjson"
READERS = {
    "tiktok.com": tiktok.page_post,
    "instagram.com": instagram.page_post,
    "threads.com": instagram.threads_post,
    "threads.net": instagram.threads_post,
    "douyin.com": douyin.page_post,
    "xiaohongshu.com": rednote.page_post,
    "rednote.com": rednote.page_post,
    "twitter.com": x_posts.page_post,
    "x.com": x_posts.page_post,
    "facebook.com": facebook.page_post,
}


def is_zeeschuimer(value: object) -> bool:
    """True for a line of Zeeschuimer."""
    return isinstance(value, dict) and "source_platform" in value and "data" in value


def is_fourcat(value: object) -> bool:
    """True for a line of 4CAT's NDJSON."""
    return isinstance(value, dict) and "__import_meta" in value


def read_zeeschuimer(path: Path) -> Numbered[Post]:
    """The posts of a file of Zeeschuimer; the researcher's browser and URLs are not read."""
    return mapped(
        json_records(path, lambda page: [page]), lambda line: _zeeschuimer_post(child(line, "data"), line, ZEESCHUIMER)
    )


def read_fourcat(path: Path) -> Numbered[Post]:
    """The posts of an NDJSON file of 4CAT."""
    return mapped(
        json_records(path, lambda page: [page]),
        lambda line: _zeeschuimer_post(line, child(line, "__import_meta"), FOURCAT),
    )


def _zeeschuimer_post(record: Mapping[str, Any], envelope: Mapping[str, Any], source: str) -> Post:
    platform = envelope.get("source_platform")
    if platform is None:
        raise Rejected("the line does not say which platform its post is from")
    reader = READERS.get(platform) if isinstance(platform, str) else None
    if reader is None:
        raise Rejected(f"posts of {shown(platform)} are not read")
    if not record:
        raise Rejected("the line has no post in `data`")
    return reader(record, source, _collected(envelope))


def _collected(envelope: Mapping[str, Any]) -> datetime | None:
    return epoch(envelope.get("timestamp_collected"), "timestamp_collected", MILLISECONDS)
