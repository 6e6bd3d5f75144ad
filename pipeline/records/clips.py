"""What a study knows of posts, as rows."""

from __future__ import annotations

from collections.abc import Mapping
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
    kind: str = column(
        "file: its media came from a folder; url: it is fetched; post: it is known by its metadata alone"
    )
    url: str | None = column("URL of the post, with the author's handle removed when pseudonymised")
    caption: str | None = column("what the author wrote beside the video")
    hashtags: tuple[str, ...] = column("hashtags of the caption, lower case, without #")
    mentions: tuple[str, ...] = column("accounts named in the caption, as pseudonyms unless the study says otherwise")
    posted_at: datetime | None = column("when it was posted", "UTC")
    posted_precision: str | None = column("how exactly `posted_at` is known: second or day")
    declared_duration_s: Seconds | None = column("duration that the platform or the sidecar states", "s")
    declared_language: str | None = column("language that the platform or the sidecar states", "ISO 639-1")
    sound_id: str | None = column("the platform's id of the sound under the video")
    sound_title: str | None = column("title of that sound")
    sound_artist: str | None = column("artist of that sound")
    media_type: str | None = column(
        "video, image, carousel (of images alone), mixed (a carousel with videos), slideshow (images with a sound) or "
        "text; NULL where no source says"
    )
    is_ad: bool | None = column("whether a source marks it as an advertisement; NULL where none says")
    author_key: str | None = column(
        "pseudonym of the author (keyed HMAC-SHA256), or the id itself if the study says so"
    )
    field_sources: Mapping[str, str] = column(
        "where each of these fields comes from: csv, info_json, yt_dlp, url or the format of an export; "
        "`provenance` names the file and the row"
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


@dataclass(frozen=True, slots=True)
class PlatformCaptionRow(Row):
    """One line of the captions that a platform gives with a video: a second transcript, by people or by machine."""

    table: ClassVar[str] = "platform_captions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "language", "kind", "line")

    clip_id: str = column("the clip")
    language: str = column("language as the platform names it, such as en or eng-US")
    kind: str = column("automatic, or stated: by the author, or of an origin that the platform does not tell")
    line: int = column("number of the line, from 0", "count")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    text: str = column("the words")


@dataclass(frozen=True, slots=True)
class VisibilityRow(Row):
    """Whether a post was still public when it was checked again."""

    table: ClassVar[str] = "visibility"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "looked_at")

    clip_id: str = column("the post")
    looked_at: datetime = column("when it was checked", "UTC")
    state: str = column("public; vanished: removed or private now; or unknown: the platform did not tell")
    reason: str | None = column("why it is not public, or not known: a word of the closed list")
    rule: str | None = column("what the study did with a vanished post: keep, delete_media or forget")
