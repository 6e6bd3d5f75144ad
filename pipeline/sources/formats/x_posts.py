"""Posts of X as its pages hold them (Zeeschuimer saves them)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import several
from pipeline.sources.formats.records import inside
from pipeline.sources.formats.result import known_post
from pipeline.sources.formats.values import child, counts, decoded, identifier, moment, other_identifier, seconds, text
from pipeline.sources.formats.written_times import MILLISECONDS
from pipeline.sources.post_fields import language_of

KINDS = {"photo": "image", "video": "video", "animated_gif": "video"}


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from a record of X; its media is not fetched."""
    tweet = child(record, "tweet") or record
    said, post_id = child(tweet, "legacy"), identifier(tweet.get("rest_id") or tweet.get("id"), "rest_id")
    user = inside(tweet, "core", "user_results", "result")
    posted_at = moment(said.get("created_at"), "created_at")
    media = inside(said, "extended_entities", "media")
    media = [part for part in media if isinstance(part, dict)] if isinstance(media, list) else []
    length = inside(media[0], "video_info", "duration_millis") if len(media) == 1 else None
    return known_post(
        Post(
            source=source,
            platform="twitter",  # as yt-dlp calls it
            post_id=post_id,
            url=f"https://x.com/i/status/{post_id}" if post_id else None,
            caption=decoded(
                inside(tweet, "note_tweet", "note_tweet_results", "result", "text") or said.get("full_text")
            ),
            author=text(inside(user, "core", "screen_name") or inside(user, "legacy", "screen_name")),
            author_id=other_identifier(inside(user, "rest_id"), "user.rest_id"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=(seconds(length, "duration_millis") or 0) / MILLISECONDS or None,
            language=language_of(text(said.get("lang"))),
            counted_at=counted_at,
            counts=counts(
                {
                    "views": inside(tweet, "views", "count"),
                    "likes": said.get("favorite_count"),
                    "comments": said.get("reply_count"),
                    "shares": said.get("retweet_count"),
                    "saves": said.get("bookmark_count"),
                }
            ),
            media_type=_media_type(media) if said else None,
            is_ad=True if record.get("promotedMetadata") else None,
        )
    )


def _media_type(media: list[dict[str, Any]]) -> str | None:
    kinds = [KINDS.get(str(part.get("type"))) for part in media]
    return "text" if not kinds else kinds[0] if len(kinds) == 1 else several(kinds)
