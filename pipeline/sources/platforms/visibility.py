"""Check a post again without fetching its media: whether it is still public, and its current counts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import Reason, StageError
from pipeline.records import Seconds
from pipeline.records.post import Post
from pipeline.sources.platforms.failures import of_rounded_id
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.urls import platform_of
from pipeline.sources.platforms.ytdlp import GENERIC, described, refusal, ytdlp_client
from pipeline.sources.post_fields import from_info

PUBLIC, VANISHED, UNKNOWN = "public", "vanished", "unknown"
GONE = frozenset({Reason.REMOVED, Reason.PRIVATE})


@dataclass(frozen=True, slots=True)
class VisibilityAnswer:
    """The result of one check of a post."""

    state: str  # public, vanished or unknown
    reason: str | None  # None for a public post
    message: str | None
    retry_after_s: Seconds | None
    post: Post | None  # with its current counts; None where the platform gave none


def check_visibility(
    url: str, options: DownloadOptions, overrides: Mapping[str, Any] | None = None
) -> VisibilityAnswer:
    """Fetch the metadata of a post and nothing else; errors are part of the answer.

    A post is vanished when its platform calls it removed or private. `region_or_removed` (TikTok does not tell the
    two apart) stays unknown here; `state_after` calls it vanished when an earlier check found the post removed too.
    """
    try:
        if GENERIC not in options.extractors:
            platform_of(url)
        with ytdlp_client(options, {}, overrides or {}) as client:
            info = described(client, url)
    # The check has a process of its own, which ends here: an error raised from here would be lost.
    except Exception as error:
        why = refusal(of_rounded_id(error, url) if isinstance(error, StageError) else error)
        if why.reason == Reason.NO_VIDEO:  # a post of pictures, which is public
            return VisibilityAnswer(PUBLIC, None, None, None, None)
        state = VANISHED if why.reason in GONE else UNKNOWN
        return VisibilityAnswer(state, why.reason, why.message, why.retry_after_s, None)
    return VisibilityAnswer(PUBLIC, None, None, None, from_info({"epoch": time.time(), **info}, "yt_dlp"))


def state_after(answer: VisibilityAnswer, earlier: Sequence[str | None]) -> str:
    """The state of a post, given the reasons of earlier checks, oldest first."""
    twice = answer.reason == Reason.REGION_OR_REMOVED and bool(earlier)
    if twice and earlier[-1] in (Reason.REGION_OR_REMOVED, Reason.REMOVED):
        return VANISHED
    return answer.state
