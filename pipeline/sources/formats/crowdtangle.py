"""Posts of Facebook and Instagram that CrowdTangle exported: its tables, and answers of its API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats import facebook
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import holds_json, inside, json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import child, counts, decoded, moment, other_identifier, text
from pipeline.sources.formats.zones import zone_offset
from pipeline.sources.post_urls import post_of_url

CROWDTANGLE = "crowdtangle"
COLUMNS = frozenset({"Post Created", "Total Interactions", "URL", "Likes"})
KINDS = {"photo": "image", "status": "text", "link": "text"}  # an album may hold videos: its kind stays unknown
VIDEOS = re.compile(r"(?:native |live )?video.*|igtv|reels?", re.IGNORECASE)


def is_crowdtangle(value: object) -> bool:
    """True for the columns of a table, or for an answer with posts, or one of them."""
    if isinstance(value, tuple):
        return set(value) >= COLUMNS
    posts = inside(value, "result", "posts")
    first = posts[0] if isinstance(posts, list) and posts else value
    return isinstance(first, dict) and first.keys() >= {"platformId", "postUrl"}


def read_crowdtangle(path: Path) -> Numbered[Post]:
    """The posts of a table or of answers."""
    if holds_json(path):
        return mapped(json_records(path, _posts), _api_post)
    return mapped(csv_records(path), _row_post)


def _posts(page: object) -> Iterable[object]:
    posts = inside(page, "result", "posts")
    return posts if isinstance(posts, list) else [page]


def _row_post(row: Mapping[str, str]) -> Post:
    is_facebook = "Page Name" in row or "Facebook Id" in row
    parts = (row.get(name) for name in (("Message",) if is_facebook else ("Title", "Description")))
    kind = _kind(row.get("Type"))
    views = (row.get("Total Views") or row.get("Post Views") or row.get("Views")) if kind == "video" else None
    stated = {"views": views, "likes": row["Likes"], "comments": row.get("Comments"), "shares": row.get("Shares")}
    return _post(
        "facebook" if is_facebook else "instagram",
        row["URL"],
        caption="\n".join(found for part in parts if (found := decoded(part))) or None,
        author=text(row.get("User Name")),
        author_id=other_identifier(row.get("Facebook Id"), "Facebook Id"),
        posted_at=_created(row["Post Created"]),
        counts=counts(stated),
        media_type=kind,
    )


def _api_post(record: Mapping[str, Any]) -> Post:
    platform = (text(record.get("platform")) or "").lower()
    if platform not in ("facebook", "instagram"):
        raise Rejected("the record is no post of Facebook or Instagram")
    actual = child(child(record, "statistics"), "actual")
    kind = _kind(record.get("type"))
    views = inside(record, "videoLengthMS") and actual.get("viewCount")
    return _post(
        platform,
        record.get("postUrl"),
        caption=decoded(record.get("message") or record.get("description")),
        author=text(inside(record, "account", "handle")),
        author_id=other_identifier(inside(record, "account", "platformId"), "account.platformId"),
        posted_at=moment(record.get("date"), "date"),
        counts=counts(
            {
                "views": views,
                "likes": actual.get("likeCount", actual.get("favoriteCount")),
                "comments": actual.get("commentCount"),
                "shares": actual.get("shareCount"),
            }
        ),
        media_type=kind,
    )


def _post(platform: str, link: object, posted_at: datetime | None, **stated: Any) -> Post:
    url = text(link) or ""
    post_id = post_of_url(url)[1] if platform == "instagram" else facebook.post_id_of_url(url)
    if post_id is None:
        raise Rejected("the URL shows no post")
    return known_post(
        Post(
            source=CROWDTANGLE,
            platform=platform,
            post_id=post_id,
            url=post_url(platform, post_id) or facebook.post_url(post_id),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            **stated,
        )
    )


def _kind(stated: object) -> str | None:
    kind = (text(stated) or "").lower().replace("_", " ")
    return "video" if VIDEOS.fullmatch(kind) else KINDS.get(kind)


def _created(written: str) -> datetime | None:
    """A time with the abbreviation of its zone behind it; unknown where several zones share the abbreviation."""
    clock, _, zone = written.strip().rpartition(" ")
    if not zone.isalpha():
        return moment(written, "Post Created")
    offset, found = zone_offset(zone), moment(clock, "Post Created")
    return found - offset if found and offset is not None else None
