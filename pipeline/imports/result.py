"""What an import gives: posts or exposures with the rows that they stand in, and the rows that were rejected."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.imports.values import Rejected, shown
from pipeline.posts import Enrolment, Post
from pipeline.pseudonyms import observation_row
from pipeline.records import ObservationRow, Source

#: What an id looks like, by platform; of other platforms, anything without spaces.
IDS = {"tiktok": re.compile(r"\d{1,20}"), "youtube": re.compile(r"[\w-]{11}", re.ASCII)}
OTHER_IDS = re.compile(r"[^\s/:]{1,200}")

#: Addresses that a study can fetch from, by platform; TikTok needs no handle.
ADDRESSES = {
    "tiktok": "https://www.tiktok.com/@_/video/{id}",
    "instagram": "https://www.instagram.com/p/{id}/",
    "youtube": "https://www.youtube.com/watch?v={id}",
}


@dataclass(frozen=True, slots=True)
class Exposure:
    """One video that the donor of their data saw, liked or saved: it says nothing of the video's author."""

    donor: str  # the code that the researcher gave
    kind: str  # watched, liked or saved
    platform: str
    post_id: str
    seen_at: datetime | None  # UTC

    @property
    def clip_id(self) -> str:
        """The clip that was seen."""
        return f"{self.platform}:{self.post_id}"


@dataclass(frozen=True, slots=True)
class Found:
    """A post and where it stands in the file."""

    number: int
    post: Post


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became nothing, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Everything that one file held."""

    path: Path
    sha256: str  # of the file; of names and digests for a folder
    format: str
    version: int  # of the reader
    unit: str  # what the numbers count: line, record or file
    posts: tuple[Found, ...]
    exposures: tuple[Exposure, ...]
    rejects: tuple[Reject, ...]


def known_post(post: Post) -> Post:
    """A post that has a platform, a well-formed id and an address; `Rejected` says what it lacks."""
    if not post.platform or not post.post_id:
        raise Rejected(f"the row has no {'platform' if post.post_id else 'id'}")
    if not IDS.get(post.platform, OTHER_IDS).fullmatch(post.post_id):
        raise Rejected(f"{shown(post.post_id)} is no id of {post.platform}")
    return post


def address(platform: str, post_id: str) -> str | None:
    """The address of a post, without its author's handle; None for a platform that is not known."""
    pattern = ADDRESSES.get(platform)
    return pattern.format(id=post_id) if pattern else None


def enrolments(result: ImportResult) -> Iterator[Enrolment]:
    """Each clip of a result once, described by the post that was read last, to be fetched from its address."""
    seen = (Found(0, _seen(exposure)) for exposure in result.exposures)
    last: dict[str, Post] = {}
    for found in (*result.posts, *seen):
        clip_id = f"{found.post.platform}:{found.post.post_id}"
        known = last.get(clip_id)
        if known is None or _read_later(found.post, known):
            last[clip_id] = found.post
    for clip_id, post in last.items():
        yield Enrolment(clip_id, Source("url", post.url or "", ""), post)


def observations(result: ImportResult) -> list[ObservationRow]:
    """The counts of every post at every time; of those with one time, or none, the last in the file stand."""
    rows: dict[tuple[str, datetime | None], ObservationRow] = {}
    for found in result.posts:
        row = observation_row(f"{found.post.platform}:{found.post.post_id}", found.post)
        if row is not None:
            rows[row.clip_id, row.counted_at] = row
    return list(rows.values())


def write_rejects(result: ImportResult, path: Path) -> None:
    """Write number and reason of every rejected row as CSV in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((result.unit, "reason"))
        writer.writerows((reject.number, reject.reason) for reject in result.rejects)


def reasons(rejects: Iterable[Reject]) -> Mapping[str, int]:
    """How many rows were rejected for each reason, the most frequent first."""
    totals: dict[str, int] = {}
    for reject in rejects:
        totals[reject.reason] = totals.get(reject.reason, 0) + 1
    return dict(sorted(totals.items(), key=lambda pair: -pair[1]))


def _read_later(post: Post, known: Post) -> bool:
    return known.counted_at is None or (post.counted_at is not None and post.counted_at >= known.counted_at)


def _seen(exposure: Exposure) -> Post:
    return Post(
        source="tiktok_donation",
        platform=exposure.platform,
        post_id=exposure.post_id,
        url=address(exposure.platform, exposure.post_id),
    )
