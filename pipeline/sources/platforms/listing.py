"""List an account, a channel or a hashtag page lazily: nothing is requested beyond what the study wants."""

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
from pipeline.sources.platforms.ytdlp import Messages, described, refusal, ytdlp_client
from pipeline.sources.post_fields import from_info

EXTRACTORS = ("tiktok:user", "youtube:tab")
POSTS_OF = ("TikTok", "Youtube")  # extractors of single posts: a page can list playlists and channels too
#: A listing ends after so many posts in a row that are known or too old; fewer could be pinned posts, which come first.
IN_A_ROW = 30
END, MAX_POSTS, SINCE, KNOWN, MAX_MINUTES, FAILED = "end", "max_posts", "since", "known", "max_minutes", "failed"


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """What is to be listed, and its limits."""

    source: str  # name of the source in the study file
    url: str
    platform: str
    max_posts: int
    since: date | None  # UTC; posts of earlier days are not wanted
    max_minutes: float
    known: frozenset[str] = frozenset()  # clip ids of this study, such as "tiktok:73…"


@dataclass(frozen=True, slots=True)
class ListingAnswer:
    """The posts of a listing, and why it ended."""

    request: ListingRequest
    posts: tuple[Post, ...]  # in the order of the page, with known ones, and with those listed before a failure
    stopped: str  # end, max_posts, since, known, max_minutes or failed
    reason: str | None  # of a failure, from the closed list
    message: str | None
    retry_after_s: Seconds | None
    seconds: Seconds
    tools: str  # versions of the tools that listed, as JSON


class Late(Exception):
    """The time limit of a listing is reached."""


class ListingClock(Messages):
    """A logger for yt-dlp that ends a listing at its time limit.

    yt-dlp logs each page before it requests it, so the limit holds where page after page has no new post: TikTok goes
    back week by week to 2016 through an account that has paused, and has sent one page again and again.
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
        """Raise `Late` once the time limit is reached."""
        if self.seconds >= self._max_s:
            raise Late

    def debug(self, message: str) -> None:
        """Check the time: yt-dlp logs before each request."""
        super().debug(message)
        self.check()


@dataclass
class Listing:
    """A listing in progress."""

    request: ListingRequest
    posts: list[Post] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _known: int = 0  # in a row
    _older: int = 0  # in a row

    def take(self, post: Post) -> str | None:
        """Add the next post of the page; gives the reason why the listing ends here, or None if it goes on."""
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
        """Whether a post is known to be too old; YouTube's pages show no dates, so none of theirs is."""
        since = self.request.since
        return since is not None and post.posted_at is not None and post.posted_at.date() < since


def list_posts(
    request: ListingRequest, options: DownloadOptions, overrides: Mapping[str, Any] | None = None
) -> ListingAnswer:
    """List the posts of a URL until the end, a limit or a failure; errors are part of the answer.

    Pauses between pages are as long as between posts.
    """
    listing, clock, wait_s = Listing(request), ListingClock(request.max_minutes), None
    reason: str | None = None
    message: str | None = None
    try:
        stopped = _read_listing(listing, clock, options, overrides or {})
    except Late:
        stopped = MAX_MINUTES
    except ConfigError as error:
        stopped, reason, message = FAILED, Reason.UNSUPPORTED_URL, str(error)
    # The listing has a process of its own, which ends here: an error raised from here would be lost.
    except Exception as error:
        why = refusal(error)
        stopped, reason, message, wait_s = FAILED, why.reason, why.message, why.retry_after_s
        if reason == Reason.NO_VIDEO:  # an account without posts is listed to its end
            stopped, reason = END, None
    versions = tools(Path(options.cookie_file).expanduser() if options.cookie_file else None)
    return ListingAnswer(request, tuple(listing.posts), stopped, reason, message, wait_s, clock.seconds, versions)


def _read_listing(listing: Listing, clock: ListingClock, options: DownloadOptions, overrides: Mapping[str, Any]) -> str:
    platform = listing_platform(listing.request.url)
    pause = options.paces.get(platform, PACES[platform])[0]
    own = {"allowed_extractors": list(EXTRACTORS), "sleep_interval_requests": pause}
    if listing.request.max_posts < 1:
        return MAX_POSTS
    with ytdlp_client(options, own, overrides, clock) as client:
        for entry in _listed_posts(described(client, listing.request.url)):
            stopped = listing.take(from_info(entry, "yt_dlp"))
            if stopped is not None:
                return stopped
            clock.check()
    return END


def _listed_posts(info: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The posts of a page as yt-dlp finds them, each with the fields that its descriptions of single posts have."""
    for entry in info.get("entries") or ():
        extractor = entry.get("ie_key")
        if extractor in POSTS_OF:
            yield {**entry, "extractor_key": extractor, "webpage_url": entry.get("url"), "epoch": time.time()}
