"""A post as a source states it, before it is stored: handles are plain here, and nowhere after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.records.clip import Source
from pipeline.records.row import Seconds

TEXT_COLUMNS = (
    "platform", "id", "url", "caption", "author", "author_id", "sound_id", "sound_title", "sound_artist",
)  # fmt: skip
COUNTS = ("views", "likes", "comments", "shares", "saves")
#: What a post shows: a carousel holds images alone, a mixed one videos too, a slideshow is images with a sound.
MEDIA_TYPES = ("video", "image", "carousel", "mixed", "slideshow", "text")
WITHOUT_VIDEO = frozenset({"image", "carousel", "slideshow", "text"})
SLIDESHOW = "slideshow"


@dataclass(frozen=True, slots=True)
class Note:
    """What was corrected or left out of a row as it was read, and the value that made it so."""

    reason: str  # the same for all values of the kind, so that notes can be counted
    example: str = ""

    @property
    def sentence(self) -> str:
        """Both."""
        return f"{self.reason} ({self.example})" if self.example else self.reason


@dataclass(frozen=True, slots=True)
class Post:
    """A post as its source states it: author ids are still plain, nothing unknown is filled in."""

    source: str  # csv, info_json or yt_dlp
    platform: str | None = None
    post_id: str | None = None
    url: str | None = None
    caption: str | None = None
    author: str | None = None  # handle
    author_id: str | None = None
    posted_at: datetime | None = None
    posted_precision: str | None = None
    duration_s: Seconds | None = None
    language: str | None = None  # ISO 639-1
    sound_id: str | None = None
    sound_title: str | None = None
    sound_artist: str | None = None
    counted_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    media_type: str | None = None  # one of MEDIA_TYPES
    is_ad: bool | None = None
    notes: tuple[Note, ...] = ()  # what was corrected or left out as it was read; not stored with the clip

    @property
    def lacks_count_time(self) -> bool:
        """Whether it states counts, and not when they were read: no age can be given to them."""
        return bool(self.counts) and self.counted_at is None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a post was found: the name of the source, and the row of a file."""

    source: str
    file_sha256: str | None = None
    file_row: int | None = None  # from 1
    format_version: int = 1


@dataclass(frozen=True, slots=True)
class SourcedPost:
    """One clip as the sources list it."""

    clip_id: str
    source: Source
    post: Post
    place: Provenance


def is_fetched(media_type: str | None, slideshow_sound: bool) -> bool:
    """Whether a platform is asked for media of a post that shows this: not where it is known to hold none."""
    return media_type not in WITHOUT_VIDEO or (slideshow_sound and media_type == SLIDESHOW)
