"""Follow a short link, whose target only its platform knows: one request for where it leads, and none for the post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from pipeline.errors import Reason, StageError
from pipeline.records import Seconds
from pipeline.sources.platforms.failures import answered_url
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.urls import platform_of
from pipeline.sources.platforms.ytdlp import refusal, ytdlp_client
from pipeline.sources.post_urls import NamedByUrl, read_url

LOGIN = re.compile(r"/(?:accounts/)?login\b")


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """Where a short link leads, or why that is not known."""

    post: NamedByUrl | None
    reason: str | None = None  # None where the post is known
    message: str | None = None
    retry_after_s: Seconds | None = None


def follow_link(url: str, options: DownloadOptions, overrides: Mapping[str, Any] | None = None) -> LinkAnswer:
    """Ask a platform where a short link leads; errors are part of the answer."""
    try:
        platform = platform_of(url)
        with ytdlp_client(options, {}, overrides or {}) as client:
            target = _target(client, platform, url)
        return LinkAnswer(_post_at(target))
    # The request has a process of its own, which ends here: an error raised from here would be lost.
    except Exception as error:
        ended = read_url(answered_url(error) or "")
        if ended is not None and ended.kind == "post":  # the post refuses, but the link has led to it
            return LinkAnswer(ended)
        why = refusal(error)
        return LinkAnswer(None, why.reason, why.message, why.retry_after_s)


def _target(client: Any, platform: str, url: str) -> str:
    """The URL that a short link redirects to."""
    if platform == "tiktok":  # yt-dlp has an extractor for these
        return str(client.extract_info(url, download=False, process=False).get("url") or "")
    from yt_dlp.networking import HEADRequest
    from yt_dlp.networking.impersonate import ImpersonateTarget

    return str(client.urlopen(HEADRequest(url, extensions={"impersonate": ImpersonateTarget()})).url)


def _post_at(url: str) -> NamedByUrl:
    """The post that a followed URL names; a page to log in names it as where to go next."""
    named = read_url(url)
    if named is not None and named.kind == "page":
        further = [read_url(urljoin(url, text)) for texts in parse_qs(urlsplit(url).query).values() for text in texts]
        named = next((one for one in further if one is not None and one.kind == "post"), named)
        if named.kind == "page" and LOGIN.search(url):
            raise StageError(Reason.LOGIN_REQUIRED, "the platform tells nobody without an account where the link leads")
    if named is None:
        raise StageError(Reason.UNSUPPORTED_URL, "the short link leads to another site")
    if named.kind == "short link":
        raise StageError(Reason.EXTRACTOR_BROKEN, "the platform did not say where the short link leads")
    if named.kind != "post" or named.name is None:
        raise StageError(Reason.UNSUPPORTED_URL, f"the short link leads to no post: {named.sentence}")
    return named
