"""What donations of all platforms share: the post that a link names, and when it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.values import moment
from pipeline.sources.post_urls import post_of_url


def post_behind(link: object) -> tuple[str, str] | None:
    """Platform and id of the post that a link names; None for any other link, and for what is none."""
    if not isinstance(link, str) or not link.strip().lower().startswith(("https://", "http://")):
        return None
    place, post_id = post_of_url(link.strip())
    return (place, post_id) if place and post_id else None


def exposure(donor: str, kind: str, link: object, seen_at: object) -> Exposure:
    """One exposure; `Rejected` if the link names no post. The message leaves out the link, which is the donor's."""
    found = post_behind(link)
    if found is None:
        raise Rejected(f"a {kind} row has no link to a video")
    when = seen_at if isinstance(seen_at, datetime) else moment(seen_at, "Date")
    return Exposure(donor=donor, kind=kind, platform=found[0], post_id=found[1], seen_at=when)


def texts_inside(value: object, depth: int = 6) -> Iterator[str]:
    """All texts of a JSON value, however deep they lie."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_inside(part, depth - 1)
