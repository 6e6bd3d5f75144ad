"""Posts of Facebook as its pages hold them (Zeeschuimer saves them, 4CAT reads them), and the ids in their URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import several
from pipeline.sources.formats.records import inside
from pipeline.sources.formats.result import known_post
from pipeline.sources.formats.values import decoded, epoch, identifier, other_identifier, text

#: What names a post; a number before it is that of a page or a group.
NAMED_ID = re.compile(
    r"(?:/(?:posts|videos|reel|permalink)/|[?&](?:story_fbid|fbid|v)=)(?:[^/?&#\s]*/)?(\d+)(?![^/?&#])"
)
LAST_ID = re.compile(r"facebook\.com/(?:[^?#]*/)?(\d+)/?(?:[?#]|$)")
HANDLE = re.compile(
    r"https?://[^/]*facebook\.com/(?!profile\.php|people/|groups/)([\w.-]*[a-z][\w.-]*)/?", re.IGNORECASE
)
KINDS = {"Photo": "image", "Video": "video"}


def post_id_of_url(url: str) -> str | None:
    """The number that names a post in its URL; None where it shows none, as those with `pfbid`."""
    found = NAMED_ID.search(url) if "facebook.com/" in url else None
    if found:
        return found[1]
    found = None if "pfbid" in url else LAST_ID.search(url)
    return found[1] if found else None


def post_url(post_id: str) -> str:
    """A URL that leads to a post and does not hold the name of its page."""
    return f"https://www.facebook.com/{post_id}"


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from a record of Facebook; its media is not fetched.

    Counts are not read: which of the numbers in a record are the post's own is not known for certain.
    """
    story = inside(record, "comet_sections", "content", "story") or {}
    author = next(iter(_dicts(story.get("actors"))), {})
    shown_at = HANDLE.fullmatch(text(author.get("url")) or "")
    post_id = post_id_of_url(text(story.get("wwwURL")) or "") or identifier(story.get("post_id"), "post_id")
    posted_at = _posted_at(record)
    return known_post(
        Post(
            source=source,
            platform="facebook",
            post_id=post_id or "",
            url=post_url(post_id) if post_id else None,
            caption=decoded(inside(story, "message", "text")),
            author=shown_at[1] if shown_at else None,  # `name` is for display
            author_id=other_identifier(author.get("id"), "actors.id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            counted_at=counted_at,
            media_type=_media_type(story),
            is_ad=True if record.get("sponsored_data") else None,
        )
    )


def _posted_at(record: Mapping[str, Any]) -> datetime | None:
    header = inside(record, "comet_sections", "context_layout", "story", "comet_sections", "metadata")
    times = [inside(part, "story", "creation_time") for part in _dicts(header)]
    return epoch(next((time for time in times if time), None), "creation_time")


def _media_type(story: Mapping[str, Any]) -> str | None:
    """What is attached, where the record still names the types of its parts: some versions take them away."""
    parts = _dicts(story.get("attachments"))
    kinds = [KINDS.get(str(inside(part, "target", "__typename"))) for part in parts]
    return kinds[0] if len(kinds) == 1 else several(kinds) if kinds else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
