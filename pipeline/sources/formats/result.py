"""The result of an import: posts or exposures with their row numbers, and the rows that were rejected."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import numpy as np

from pipeline.records import Source
from pipeline.records.post import Note, Post, Provenance, SourcedPost, is_fetched
from pipeline.sources.formats.columns import ColumnChoice
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.spool import Spool, in_order, pack_as_values
from pipeline.sources.formats.values import EARLIEST, shown
from pipeline.sources.media_ids import instagram_shortcode
from pipeline.sources.post_urls import short_link_url

#: The form of an id, by platform; of other platforms, anything that is safe inside a path or a URL.
IDS = {
    "tiktok": re.compile(r"\d{1,20}", re.ASCII),
    "youtube": re.compile(r"[\w-]{11}", re.ASCII),
    "instagram": re.compile(r"[\w-]{1,64}", re.ASCII),
}
GRAPH_ID = re.compile(r"1(?:78|79|80)\d{14}", re.ASCII)  # of media and accounts in Meta's interfaces
OTHER_IDS = re.compile(r"(?!\.+$)[^\s/\\:\x00-\x1f\x7f]{1,200}")
PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
OWN_PLATFORMS = ("file", "url")  # local files, and URLs that show no id
MOST_REASONS = 8  # in a message
UNRESOLVED_CHARACTERS = 16  # of the digest of such a URL

#: URLs that a study can fetch from, by platform; TikTok needs no handle.
URL_PATTERNS = {
    "tiktok": "https://www.tiktok.com/@_/video/{id}",
    "instagram": "https://www.instagram.com/p/{id}/",
    "youtube": "https://www.youtube.com/watch?v={id}",
}


#: Platforms whose media is fetched, and short links that lead to their posts.
FETCHED = frozenset({*URL_PATTERNS, "url"})


@dataclass(frozen=True, slots=True)
class Exposure:
    """One video that a donor of their data watched, liked or passed on; it states nothing about the video's author."""

    donor: str  # the code that the researcher gave
    kind: str  # watched, liked, saved, reposted, shared, commented or posted
    platform: str
    post_id: str
    seen_at: datetime | None  # UTC
    number: int = 0  # of the record in the file, from 1; set once it is read
    notes: tuple[Note, ...] = ()  # what was left out as it was read; not stored

    @property
    def clip_id(self) -> str:
        """The clip that was seen."""
        return f"{self.platform}:{self.post_id}"


@dataclass(frozen=True, slots=True)
class NumberedPost:
    """A post and where it stands in the file."""

    number: int
    post: Post


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was rejected, or taken with a note, and why."""

    number: int
    reason: str  # the same for all of its kind
    example: str = ""  # the value that it is about

    @property
    def sentence(self) -> str:
        """Why, with the value."""
        return Note(self.reason, self.example).sentence


for _kind in (Note, Post, NumberedPost, Exposure, Reject):
    pack_as_values(_kind)


class PostTally:
    """What is counted of the posts of a file while they are read, a few bytes for each."""

    def __init__(self, posts: Iterable[NumberedPost] = ()) -> None:
        self.is_in_order = True  # by the times when counts were read
        self._counted_at = EARLIEST
        self._counted = {is_dated: array("q") for is_dated in (True, False)}  # hashes of ids of posts with counts
        self.notes = Spool[Reject]()  # rows that were taken with a correction, or without a cell, and why
        self._named = array("q")  # hashes of ids
        for post in posts:
            self.add(post)

    def add(self, found: NumberedPost) -> None:
        """Count a post."""
        name = hash((found.post.platform, found.post.post_id))
        self._named.append(name)
        if found.post.counts:
            self._counted[not found.post.lacks_count_time].append(name)
        counted_at = found.post.counted_at or EARLIEST
        self.is_in_order &= self._counted_at <= counted_at
        self._counted_at = counted_at
        self.note(found.number, found.post.notes)

    def note(self, number: int, notes: Iterable[Note]) -> None:
        """Count what was corrected or left out of a row."""
        self.notes.extend(Reject(number, note.reason, note.example) for note in notes)

    @property
    def undated(self) -> int:
        """How many posts have counts, and no row that says when they were read."""
        dated, undated = (np.array(self._counted[is_dated], np.int64) for is_dated in (True, False))
        return len(np.setdiff1d(undated, dated))

    @property
    def repeated(self) -> int:
        """How many posts name one that came before."""
        return len(self._named) - len(np.unique(np.frombuffer(self._named, np.int64))) if self._named else 0


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Everything that one file held; long sequences lie on the disk."""

    path: Path
    sha256: str  # of the file; of names and digests for a folder
    format: str
    version: int  # of the reader
    unit: str  # what the numbers count: line, record or file
    posts: Sequence[NumberedPost]
    exposures: Sequence[Exposure]
    rejects: Sequence[Reject]
    tally: PostTally
    donor: str | None = None  # the code of who donated the file
    columns: ColumnChoice | None = None  # of a table

    @property
    def rows(self) -> int:
        """How many rows were read: each is a post, an exposure or a reject."""
        return len(self.posts) + len(self.exposures) + len(self.rejects)

    @property
    def repeated(self) -> int:
        """How many rows name a post that another row of the file names too."""
        return self.tally.repeated

    @property
    def notes(self) -> Sequence[Reject]:
        """Rows that were taken with a correction, or without a cell, and why."""
        return self.tally.notes

    def reasons(self) -> Counter[str]:
        """How many rows were rejected for each reason."""
        return Counter(reject.reason for reject in self.rejects)


def reason_lines(found: Iterable[Reject], *, examples: bool = True) -> list[str]:
    """Why rows were rejected or corrected: each reason once, with how many rows it concerns and the first example."""
    first: dict[str, str] = {}
    rows = Counter[str]()
    for one in found:
        first.setdefault(one.reason, one.example)
        rows[one.reason] += 1
    shown_first = {reason: f" (as in {example})" for reason, example in first.items() if example and examples}
    most = rows.most_common(MOST_REASONS)
    lines = [f"{number} × {reason}{shown_first.get(reason, '')}" for reason, number in most]
    left = rows.total() - sum(number for _, number in most)
    return [*lines, f"and {left} more for {len(rows) - MOST_REASONS} other reasons"] if left else lines


def known_post(post: Post) -> Post:
    """The post, if it has a platform, a well-formed id and a URL; `Rejected` says what it lacks."""
    if not post.platform or not post.post_id:
        raise Rejected(f"the row has no {'platform' if post.post_id else 'id'}")
    if post.platform in OWN_PLATFORMS:
        raise Rejected("the row names no platform of posts", shown(post.platform))
    if post.platform == "instagram" and GRAPH_ID.fullmatch(post.post_id):
        raise Rejected(
            "the id is one of Meta's Graph API, which leads to no post: give its permalink", shown(post.post_id)
        )
    if post.platform == "instagram" and (code := instagram_shortcode(post.post_id)) is not None:
        post = dataclasses.replace(post, post_id=code, url=post_url("instagram", code))
    if not post.post_id or not IDS.get(post.platform or "", OTHER_IDS).fullmatch(post.post_id):
        raise Rejected(f"the row has no id of {shown(post.platform)[1:-1]}", shown(post.post_id))
    return well_formed(post)


def well_formed(post: Post) -> Post:
    """The post, if its platform and id, where stated, can form a clip's id; `Rejected` if not."""
    if post.platform is not None and not PLATFORM.fullmatch(post.platform):
        raise Rejected("`platform` is no name of a platform", shown(post.platform))
    if post.post_id is not None and not OTHER_IDS.fullmatch(post.post_id):
        raise Rejected("the row has no id", shown(post.post_id))
    return post


def unresolved_id(location: str) -> str:
    """The substitute id of a post whose URL does not show its id: the same for every way to write a short link."""
    return digest_of_url(short_link_url(location) or location)


def digest_of_url(location: str) -> str:
    """A short digest of a URL as it is written."""
    return hashlib.sha256(location.encode()).hexdigest()[:UNRESOLVED_CHARACTERS]


def post_url(platform: str, post_id: str) -> str | None:
    """The URL of a post, without its author's handle; None for an unknown platform."""
    pattern = URL_PATTERNS.get(platform)
    return pattern.format(id=post_id) if pattern else None


def sourced_posts(
    result: ImportResult, source: str, fetch: bool, slideshow_sound: bool = False
) -> Iterator[SourcedPost]:
    """Every post of a result with its provenance, in the order of collection: the newest comes last.

    A video that a donor saw comes once, at the first row that names it. With `fetch`, media is fetched from the
    posts' URLs, of those that hold a video on a platform that is fetched, and with `slideshow_sound` of slideshows;
    else the file's metadata is stored alone.
    """
    posts: Iterable[NumberedPost] = result.posts
    if not result.tally.is_in_order:
        posts = in_order(posts, key=lambda found: found.post.counted_at or EARLIEST)
    for found in chain(posts, _seen_posts(result)):
        post = found.post
        place = Provenance(source, result.sha256, found.number, result.version)
        may_fetch = fetch and post.platform in FETCHED and is_fetched(post.media_type, slideshow_sound)
        bytes_from = Source("url" if may_fetch else "post", post.url or "", "")
        yield SourcedPost(f"{post.platform}:{post.post_id}", bytes_from, post, place)


def donation_stem(sha256: str) -> str:
    """What replaces the name of a donated file in the name of another file."""
    return f"donation-{sha256[:16]}"


def _seen_posts(result: ImportResult) -> Iterator[NumberedPost]:
    """The videos that a donor saw, each at the first row that names it."""
    named: set[int] = set()
    for exposure in result.exposures:
        if (name := hash(exposure.clip_id)) not in named:
            named.add(name)
            yield NumberedPost(exposure.number, _exposure_post(exposure, result.format))


def _exposure_post(exposure: Exposure, format_name: str) -> Post:
    return Post(
        source=format_name,
        platform=exposure.platform,
        post_id=exposure.post_id,
        url=post_url(exposure.platform, exposure.post_id),
    )
