"""Posts of TikTok and Instagram by gallery-dl: the record beside each file, such as `NAME.mp4.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats import tiktok
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import counts, decoded, identifier, moment, other_identifier, shown, text

GALLERY_DL = "gallery_dl"
CODES = ("post_shortcode", "sidecar_shortcode", "shortcode")  # of the post before those of its parts


def is_gallery_dl(value: object) -> bool:
    """True for a record of gallery-dl, which names the site and the kind of page."""
    return isinstance(value, dict) and value.keys() >= {"category", "subcategory"}


def read_gallery_dl(path: Path) -> Numbered[Post]:
    """The posts of a file; a post of several pictures has a record for each."""
    return mapped(json_records(path, lambda page: [page]), _gallery_post)


def _gallery_post(record: Mapping[str, Any]) -> Post:
    site = record.get("category")
    if site == "tiktok":
        return tiktok.page_post(record, GALLERY_DL, None)
    if site == "instagram":
        return _instagram_post(record)
    raise Rejected(f"posts of {shown(site)} are not read, those of tiktok and instagram are")


def _instagram_post(record: Mapping[str, Any]) -> Post:
    code = next((found for name in CODES if (found := identifier(record.get(name), name))), None)
    posted_at = moment(record.get("post_date") or record.get("date"), "date")
    return known_post(
        Post(
            source=GALLERY_DL,
            platform="instagram",
            post_id=code,
            url=post_url("instagram", code) if code else None,
            caption=decoded(record.get("description")),
            author=text(record.get("username")),
            author_id=other_identifier(record.get("owner_id"), "owner_id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            counts=counts({"likes": record.get("likes")}),
            media_type=_media_type(record),
        )
    )


def _media_type(record: Mapping[str, Any]) -> str | None:
    """A record of one of several parts does not say what the others are."""
    if record.get("type") == "reel":
        return "video"
    return None if record.get("count") != 1 else "video" if record.get("video_url") else "image"
