"""What a study knows of posts, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records.row import Row, Seconds, column


@dataclass(frozen=True, slots=True)
class ClipRow(Row):
    """One post: where it comes from and what its author wrote."""

    table: ClassVar[str] = "clips"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("platform and post id, always text (`tiktok:73…`), or `file:` and the path of a local file")
    platform: str = column("tiktok, instagram, youtube, another site's name, or file")
    url: str | None = column("address of the post, with the author's handle removed when pseudonymised")
    caption: str | None = column("what the author wrote beside the video")
    hashtags: tuple[str, ...] = column("hashtags of the caption, lower case, without #")
    mentions: tuple[str, ...] = column("accounts named in the caption, as pseudonyms unless the study says otherwise")
    posted_at: datetime | None = column("when it was posted", "UTC")
    posted_precision: str | None = column("how exactly `posted_at` is known: second or day")
    declared_duration_s: Seconds | None = column("duration that the platform or the sidecar states", "s")
    sound_id: str | None = column("the platform's id of the sound under the video")
    sound_title: str | None = column("title of that sound")
    sound_artist: str | None = column("artist of that sound")
    author_key: str | None = column(
        "pseudonym of the author (keyed HMAC-SHA256), or the id itself if the study says so"
    )
    metadata_source: str | None = column(
        "where these fields come from: csv, info_json, yt_dlp or the format of an export"
    )


@dataclass(frozen=True, slots=True)
class ObservationRow(Row):
    """Counts of one post at one time; NULL where the source does not state a count."""

    table: ClassVar[str] = "observations"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "counted_at", "count_source")

    clip_id: str = column("the post")
    counted_at: datetime | None = column("when the counts were read; NULL where the source does not say", "UTC")
    count_source: str = column("where the counts come from: csv, info_json, yt_dlp or the format of an export")
    views: int | None = column("views or plays", "count")
    likes: int | None = column("likes", "count")
    comments: int | None = column("comments", "count")
    shares: int | None = column("shares or reposts", "count")
    saves: int | None = column("saves or bookmarks", "count")
