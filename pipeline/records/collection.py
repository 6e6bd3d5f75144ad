"""How posts came into a study and why others did not, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records.row import Row, Seconds, column


@dataclass(frozen=True, slots=True)
class ProvenanceRow(Row):
    """One place that names a post: a source of the study file, and the row of a file."""

    table: ClassVar[str] = "provenance"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "source", "file_sha256", "file_row")

    clip_id: str = column("the post")
    source: str = column("name of the source in the study file, or import for `cliptone import`")
    format: str = column("csv, info_json, yt_dlp, url, file, or the format of an export")
    format_version: int = column("version of the reader of that format")
    file_sha256: str | None = column("digest of the file that names the post; NULL without a file")
    file_row: int | None = column("line, record or file in it, from 1; NULL without rows")
    first_seen_at: datetime = column("when this study first read it there", "UTC")


@dataclass(frozen=True, slots=True)
class ImportRow(Row):
    """One file of another tool that was read into the study."""

    table: ClassVar[str] = "imports"
    grain: ClassVar[tuple[str, ...]] = ("file_sha256", "format", "format_version")

    file_sha256: str = column("digest of the file")
    file_name: str = column("name of the file, without its folder; of a donation, the donor_key")
    format: str = column("the format")
    format_version: int = column("version of the reader of that format")
    imported_at: datetime = column("when it was first read", "UTC")
    posts: int = column("rows that name a post", "count")
    exposures: int = column("rows that name a video that a donor saw", "count")
    rejected: int = column("rows that could not be read", "count")
    new_posts: int = column("posts that the study did not know before", "count")


@dataclass(frozen=True, slots=True)
class ExposureRow(Row):
    """One video that a donor of their data saw, liked or passed on; it says nothing of the video's author."""

    table: ClassVar[str] = "exposures"
    grain: ClassVar[tuple[str, ...]] = ("donor_key", "clip_id", "kind", "seen_at")

    donor_key: str = column("pseudonym of the donor, never joined with `author_key`")
    clip_id: str = column("the video")
    kind: str = column("watched, liked, saved, reposted, shared, commented, or posted by the donor")
    seen_at: datetime | None = column("when; NULL where the donation does not say", "UTC")
    file_sha256: str = column("digest of the donated file")
    file_row: int = column("record in it, from 1")


@dataclass(frozen=True, slots=True)
class ListingRow(Row):
    """One look at an account, a channel or a hashtag page: what it showed, and why the look ended."""

    table: ClassVar[str] = "listings"
    grain: ClassVar[tuple[str, ...]] = ("listing_id",)

    listing_id: int = column("number of the listing in this study, from 1")
    run_id: int = column("the run")
    source: str = column("name of the source in the study file")
    platform: str = column("tiktok or youtube")
    listed_at: datetime = column("when it was listed", "UTC")
    seconds: Seconds = column("how long that took", "s")
    posts: int = column("posts that it showed", "count")
    new_posts: int = column("posts that the study did not know before", "count")
    stopped: str = column("why it ended: end, max_posts, since, known, max_minutes or failed")
    reason: str | None = column("why it failed: a word of the closed list")
    message: str | None = column("the same as a sentence")
    tools: str = column("versions of the tools that checked", "JSON")


@dataclass(frozen=True, slots=True)
class ShortLinkRow(Row):
    """One short link that was followed to its post: wherever it is named, that post is meant."""

    table: ClassVar[str] = "short_links"
    grain: ClassVar[tuple[str, ...]] = ("link_id",)

    link_id: str = column("what stood for the post before: `url:` and a digest of the short link")
    clip_id: str = column("the post that it leads to")
    followed_at: datetime = column("when it was followed", "UTC")


@dataclass(frozen=True, slots=True)
class ExclusionRow(Row):
    """One post that a filter of the study keeps out, so that nothing of it is fetched or analysed."""

    table: ClassVar[str] = "exclusions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the post")
    rule: str = column("the key of the study file's [filters] that excludes it")
    message: str = column("what was found, as a sentence")
    excluded_at: datetime = column("when this was first decided", "UTC")


@dataclass(frozen=True, slots=True)
class TombstoneRow(Row):
    """One post or account that was forgotten: it is never stored again, and nothing here tells which it was."""

    table: ClassVar[str] = "tombstones"
    grain: ClassVar[tuple[str, ...]] = ("clip_key",)

    clip_key: str = column(
        "keyed pseudonym of the post's id, or of the account; an account has one for each way to write it"
    )
    forgotten_at: datetime = column("when it was forgotten", "UTC")
    cause: str = column("why: vanished, opt_out, or the study's own decision")
    kind: str | None = column("post, account or donor; NULL where an older version left it", default=None)
