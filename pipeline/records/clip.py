"""What passes between stages: a clip with what is stored of it, and what became of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.records.row import Row, RowT, Seconds


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of a clip come from: a local file or a URL."""

    kind: str  # "file", "url", or "post" for one that is known by its metadata alone
    location: str  # absolute path, or the URL
    stamp: str  # changes when the content does: size and time of a file, "" for a URL


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip on its way through the stages, with the rows that earlier stages stored."""

    clip_id: str
    source: Source
    media_path: Path | None  # the media file once it is there
    audio_path: Path  # mono 16 kHz 16-bit WAV, there once the audio stage has passed
    declared_duration_s: Seconds | None = None
    caption: str | None = None
    declared_language: str | None = None  # of the caption, where the platform states it
    media_type: str | None = None  # one of MEDIA_TYPES, where a source says
    stored: Mapping[str, Sequence[Row]] = dataclasses.field(default_factory=dict)

    def rows(self, kind: type[RowT]) -> tuple[RowT, ...]:
        """The stored rows of one table, in the order of their grain; empty if there are none."""
        return tuple(row for row in self.stored.get(kind.table, ()) if isinstance(row, kind))

    def row(self, kind: type[RowT]) -> RowT:
        """The only stored row of a table with one row a clip; `LookupError` without one."""
        found = self.rows(kind)
        if len(found) != 1:
            raise LookupError(f"{self.clip_id} has {len(found)} rows in {kind.table}, expected one")
        return found[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a stage for one clip: rows, or a failure with its reason."""

    clip_id: str
    rows: tuple[Row, ...] = ()  # of a failure: what is known of the post in spite of it
    reason: str | None = None  # None when the stage passed
    message: str | None = None
    seconds: Seconds = 0.0  # processing time, set by the executor
    trace: str | None = None  # of an internal error
    retry_after_s: Seconds | None = None  # pause that the site of a post requests
    tools: str | None = None  # versions of what fetched a post, as JSON

    @property
    def ok(self) -> bool:
        """True when the stage passed, with or without rows."""
        return self.reason is None
