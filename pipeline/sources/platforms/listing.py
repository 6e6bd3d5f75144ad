"""Listing an account, a channel or a hashtag page lazily: nothing is asked for beyond what the study wants."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, Reason
from pipeline.records import Seconds
from pipeline.records.post import Post
from pipeline.sources.platforms.failures import MINUTE_S
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.rate_limit import PACES
from pipeline.sources.platforms.tool_versions import tools
from pipeline.sources.platforms.urls import listing_platform
from pipeline.sources.platforms.ytdlp import Messages, asking, described, refusal
from pipeline.sources.post_fields import from_info

EXTRACTORS = ("tiktok:user", "youtube:tab")
POSTS_OF = ("TikTok", "Youtube")  # extractors of single posts: a page can show playlists and channels too
#: Posts in a row that end a listing when all are known, or all too old: pinned posts, older ones, stand first.
IN_A_ROW = 30
END, MAX_POSTS, SINCE, KNOWN, MAX_MINUTES, FAILED = "end", "max_posts", "since", "known", "max_minutes", "failed"


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """What is to be listed, and how far."""

    source: str  # name of the source in the study file
    address: str
    platform: str
    max_posts: int
    since: date | None  # UTC; posts of earlier days are not wanted
    max_minutes: float
    known: frozenset[str] = frozenset()  # clip ids of this study, such as "tiktok:73…"


@dataclass(frozen=True, slots=True)
class ListingAnswer:
    """What a listing showed, and why it ended."""

    request: ListingRequest
    posts: tuple[Post, ...]  # in the order of the page, known ones too; those that came before a failure as well
    stopped: str  # end, max_posts, since, known, max_minutes or failed
    reason: str | None  # of a failure: a word of the closed list
    message: str | None
    retry_after_s: Seconds | None
    seconds: Seconds
    tools: str  # versions of what looked, as JSON


class Late(Exception):
    """The minutes of a listing are over."""


class Clock(Messages):
    """A logger for yt-dlp that ends a listing in time.

    yt-dlp tells it of each page before it asks for it, and pages without a new post follow each other unseen:
    TikTok goes back week by week to 2016 through an account that has paused, and has sent one page again and again.
    """

    def __init__(self, max_minutes: float) -> None:
        super().__init__()
        self.started = time.monotonic()
        self._max_s = max_minutes * MINUTE_S

    @property
    def seconds(self) -> Seconds:
        """How long the listing has taken."""
        return time.monotonic() - self.started

    def check(self) -> None:
        """Raise `Late` once the time is over."""
        if self.seconds >= self._max_s:
            raise Late

    def debug(self, message: str) -> None:
        """Look at the clock: yt-dlp is about to do something."""
        super().debug(message)
        self.check()


@dataclass
class Listing:
    """A listing on its way."""

    request: ListingRequest
    posts: list[Post] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _known: int = 0  # in a row
    _older: int = 0  # in a row

    def take(self, post: Post) -> str | None:
        """Take the next post of the page; says why the listing ends with it, None if it goes on."""
        clip_id = f"{post.platform}:{post.post_id}"
        again = clip_id in self._seen
        older = self._is_older(post)
        self._known = self._known + 1 if again or clip_id in self.request.known else 0
        self._older = self._older + 1 if older else 0
        self._seen.add(clip_id)
        if not again and not older:
            self.posts.append(post)
        if len(self.posts) >= self.request.max_posts:
            return MAX_POSTS
        if self._older >= IN_A_ROW:
            return SINCE
        return KNOWN if self._known >= IN_A_ROW else None

    def _is_older(self, post: Post) -> bool:
        """Whether it is known to be too old; YouTube's pages tell no dates, so nothing of theirs is."""
        since = self.request.since
        return since is not None and post.posted_at is not None and post.posted_at.date() < since


def list_posts(
    request: ListingRequest, options: DownloadOptions, overrides: Mapping[str, Any] | None = None
) -> ListingAnswer:
    """List the posts of an address until the end, a cap or a failure; whatever happens is the answer.

    Between two pages it waits as between two posts.
    """
    listing, clock, wait_s = Listing(request), Clock(request.max_minutes), None
    reason: str | None = None
    message: str | None = None
    try:
        stopped = _read_listing(listing, clock, options, overrides or {})
    except Late:
        stopped = MAX_MINUTES
    except ConfigError as error:
        stopped, reason, message = FAILED, Reason.UNSUPPORTED_URL, str(error)
    except Exception as error:  # it is the end of a process of its own: what is raised here is lost
        why = refusal(error)
        stopped, reason, message, wait_s = FAILED, why.reason, why.message, why.retry_after_s
        if reason == Reason.NO_VIDEO:  # an account without posts is listed to its end
            stopped, reason = END, None
    versions = tools(Path(options.cookie_file).expanduser() if options.cookie_file else None)
    return ListingAnswer(request, tuple(listing.posts), stopped, reason, message, wait_s, clock.seconds, versions)


def _read_listing(listing: Listing, clock: Clock, options: DownloadOptions, overrides: Mapping[str, Any]) -> str:
    platform = listing_platform(listing.request.address)
    pause = options.paces.get(platform, PACES[platform])[0]
    own = {"allowed_extractors": list(EXTRACTORS), "sleep_interval_requests": pause}
    if listing.request.max_posts < 1:
        return MAX_POSTS
    with asking(options, own, overrides, clock) as client:
        for entry in _listed_posts(described(client, listing.request.address)):
            stopped = listing.take(from_info(entry, "yt_dlp"))
            if stopped is not None:
                return stopped
            clock.check()
    return END


def _listed_posts(info: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The posts of a page as yt-dlp comes upon them, each with what it says of single posts elsewhere."""
    for entry in info.get("entries") or ():
        extractor = entry.get("ie_key")
        if extractor in POSTS_OF:
            yield {**entry, "extractor_key": extractor, "webpage_url": entry.get("url"), "epoch": time.time()}
