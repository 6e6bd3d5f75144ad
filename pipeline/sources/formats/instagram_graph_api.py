"""Posts of Instagram from Meta's Graph API: answers with media of an account or a tag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import several
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import inside, json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import counts, decoded, moment, other_identifier, text
from pipeline.sources.post_urls import post_of_url

GRAPH_API = "instagram_graph_api"
LISTS = (("data",), ("media", "data"), ("business_discovery", "media", "data"))
KINDS = {"IMAGE": "image", "VIDEO": "video"}
ALBUM = "CAROUSEL_ALBUM"
ZONE = re.compile(r"\+0000$")


def is_graph_api(value: object) -> bool:
    """True for an answer with media, or for one of them."""
    first = next(iter(_media(value[0] if isinstance(value, list) and value else value)), None)
    return isinstance(first, dict) and "permalink" in first and not {"media_type", "timestamp"}.isdisjoint(first)


def read_graph_api(path: Path) -> Numbered[Post]:
    """The posts of answers: one, a list of them, or one a line."""
    return mapped(json_records(path, _media), _media_post)


def _media(answer: object) -> Iterable[object]:
    found = (inside(answer, *names) for names in LISTS)
    return next((media for media in found if isinstance(media, list)), [answer])


def _media_post(record: Mapping[str, Any]) -> Post:
    url = text(record.get("permalink")) or ""
    platform, code = post_of_url(url)  # `id` is a number that opens nowhere
    if platform != "instagram" or code is None:
        raise Rejected("`permalink` shows no post of Instagram")
    written = text(record.get("timestamp"))
    posted_at = moment(ZONE.sub("Z", written) if written else None, "timestamp")
    product = text(record.get("media_product_type"))
    return known_post(
        Post(
            source=GRAPH_API,
            platform="instagram",
            post_id=code,
            url=post_url("instagram", code),
            caption=decoded(record.get("caption")),
            author=text(record.get("username")),
            author_id=other_identifier(inside(record, "owner", "id"), "owner.id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            counts=counts(
                {
                    "views": record.get("view_count"),
                    "likes": record.get("like_count"),
                    "comments": record.get("comments_count"),
                }
            ),
            media_type=_media_type(record),
            is_ad=product == "AD" if product else None,
        )
    )


def _media_type(record: Mapping[str, Any]) -> str | None:
    kind = str(record.get("media_type"))
    if kind != ALBUM:
        return KINDS.get(kind)
    parts = inside(record, "children", "data")
    return several(KINDS.get(str(inside(part, "media_type"))) for part in parts) if isinstance(parts, list) else None
