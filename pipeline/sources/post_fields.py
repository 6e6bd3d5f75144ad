"""The fields of a post from yt-dlp's description of it, and what a language code states."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pipeline.records.post import Post

#: Platforms with several extractors in yt-dlp, as for reels, live videos and single posts: the names of all begin so.
PLATFORMS = (
    "tiktok", "instagram", "youtube", "facebook", "twitter", "snapchat", "pinterest", "twitch", "vimeo", "dailymotion",
    "bilibili", "soundcloud",
)  # fmt: skip


#: What yt-dlp calls the handle of an author, where not `uploader`, and the platform's own id, where not `uploader_id`.
HANDLES = {"instagram": "channel", "youtube": "uploader_id", "twitter": "uploader_id"}
IDS = {"youtube": "channel_id", "twitter": "channel_id"}
WITHOUT_HANDLE = ("facebook",)  # `uploader` is a name for display, or what stands over the post
#: Titles that yt-dlp or the platform makes up for a post without words; they may name its author.
MADE_TITLE = re.compile(r"\w+ video #\w+|(?:video|post|photo|reel|clip|story) by .+|.+ on reels", re.IGNORECASE)


def from_info(info: Mapping[str, Any], source: str) -> Post:
    """A post from yt-dlp's description of a video: an allow-list of its fields, never signed URLs."""
    platform = platform_of(str(info.get("extractor_key") or info.get("extractor") or ""))
    description, title = _text_or_none(info.get("description")), _text_or_none(info.get("title"))
    if platform == "youtube" and title and description:
        description = f"{title}\n{description}"
    if title and platform in ("tiktok", "instagram", "facebook", "twitter") and MADE_TITLE.fullmatch(title):
        title = None
    # Instagram swaps two: its `uploader` is the full name and `channel` the account's name.
    handle = None if platform in WITHOUT_HANDLE else info.get(HANDLES.get(platform or "", "uploader"))
    author_id = info.get(IDS.get(platform or "", "uploader_id"))
    posted_at, precision = _posted_at(info)
    counts = {
        "views": info.get("view_count"),
        "likes": info.get("like_count"),
        "comments": info.get("comment_count"),
        "shares": info.get("repost_count"),
        "saves": info.get("save_count"),
    }
    artists = info.get("artists") or [info.get("artist")]
    return Post(
        source=source,
        platform=platform,
        post_id=_text_or_none(info.get("id")),
        url=_text_or_none(info.get("webpage_url")),
        caption=description or title,
        author=_text_or_none(handle),
        author_id=_text_or_none(author_id),
        posted_at=posted_at,
        posted_precision=precision,
        duration_s=_number_or_none(info.get("duration")),
        language=language_of(_text_or_none(info.get("language"))),
        sound_title=_text_or_none(info.get("track")),
        sound_artist=", ".join(str(artist) for artist in artists if artist) or None
        if isinstance(artists, list)
        else None,
        counted_at=_epoch_time(info.get("epoch")),  # when yt-dlp fetched it
        counts={name: int(count) for name, value in counts.items() if (count := _number_or_none(value)) is not None},
    )


def platform_of(extractor: str) -> str | None:
    """The platform behind a yt-dlp extractor's name; None if it is not known."""
    name = extractor.lower()
    return next((platform for platform in PLATFORMS if name.startswith(platform)), name or None)


def media_type_of(info: Mapping[str, Any], platform: str | None) -> str | None:
    """A video if it has a picture; of TikTok, sound without a picture is that of a slideshow."""
    formats = info.get("formats")
    found = [info, *(formats if isinstance(formats, list) else ())]
    codecs = [one["vcodec"] for one in found if isinstance(one, dict) and isinstance(one.get("vcodec"), str)]
    if platform == "youtube" or any(codec != "none" for codec in codecs):
        return "video"
    return "slideshow" if codecs and platform == "tiktok" else None


def language_of(code: str | None) -> str | None:
    """The ISO 639-1 code that a platform's own begins with (`en-US`, `zh_Hans`); None for anything else."""
    found = re.match(r"([A-Za-z]{2})(?:[-_]|$)", code or "")
    return found[1].lower() if found and found[1].lower() != "un" else None


def _posted_at(info: Mapping[str, Any]) -> tuple[datetime | None, str | None]:
    exact = _epoch_time(info.get("timestamp"))
    if exact is not None:
        return exact, "second"
    day = _text_or_none(info.get("upload_date"))
    if day is not None and len(day) == len("20260131") and day.isdigit():
        with suppress(ValueError):  # a day that no month has
            return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC), "day"
    return None, None


def _epoch_time(value: object) -> datetime | None:
    seconds = _number_or_none(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):  # no time that a calendar has
        return None


def _number_or_none(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _text_or_none(value: object) -> str | None:
    text = "" if value is None else str(value)
    return text or None
