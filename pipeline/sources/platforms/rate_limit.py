"""The pace of one platform's lane: how long it waits after each response, and when it stops requesting."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping

from pipeline.errors import Reason
from pipeline.records import Seconds
from pipeline.sources.platforms.failures import HOUR_S, MINUTE_S, POLICIES, Action

#: Seconds between two posts, drawn uniformly: yt-dlp's own advice and what other collectors found to be tolerated.
PACES: Mapping[str, tuple[Seconds, Seconds]] = {"tiktok": (3, 8), "instagram": (8, 15), "youtube": (10, 20)}
LONGEST_PAUSE_S = HOUR_S
JITTER = 0.1  # a pause is up to this share longer, so that lanes of several machines do not resume together
BREAKER_FAILURES = 10  # lane failures in a row after which the lane pauses, then probes once
BROKEN_WINDOW = 20  # last posts that are counted
BROKEN_SHARE = 0.5  # of them unreadable: above it the extractor is broken, not the posts
#: Lane failures: they are caused by the platform or the network, not by a post.
OF_THE_LANE = frozenset({Reason.RATE_LIMITED, Reason.BOT_CHECK, Reason.NETWORK, Reason.SERVER_ERROR, Reason.TIMEOUT})


class Pace:
    """Waits and pauses of one lane: it takes each response's reason and gives the wait before the next request."""

    def __init__(
        self, between: tuple[Seconds, Seconds], draw: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._between = between
        self._draw = draw
        self._refusals = 0  # responses in a row that demand a pause
        self._failures = 0  # lane failures in a row
        self._recent: deque[bool] = deque(maxlen=BROKEN_WINDOW)  # whether the extractor could not read a post
        # True when only a probe, a request for a post that is known to be public, can show what is wrong.
        self.doubts = False

    def after(self, reason: str | None, retry_after_s: Seconds | None = None) -> Seconds:
        """Seconds to wait after a response, never less than the site's Retry-After."""
        self._recent.append(reason == Reason.EXTRACTOR_BROKEN)
        self._failures = self._failures + 1 if reason in OF_THE_LANE else 0
        wait = self._draw(*self._between)
        if reason is None or POLICIES.get(Reason(reason)) is None:
            self._refusals = 0
            return wait
        policy = POLICIES[Reason(reason)]
        # Each refusal in a row doubles the pause, up to an hour; a pause that the site states itself counts instead.
        if policy.action is Action.PAUSE_LANE:
            self._refusals += 1
            pause = min(policy.wait_s * 2 ** (self._refusals - 1), LONGEST_PAUSE_S)
            wait = max(wait, self._jittered(pause if retry_after_s is None else retry_after_s))
        # A failure of the post itself is still a response: the platform does not refuse this lane.
        elif reason not in OF_THE_LANE:
            self._refusals = 0
        self.doubts = self.doubts or reason == Reason.BOT_CHECK or self.is_broken
        # So many lane failures in a row are not chance: pause for an hour, then probe before any other post.
        if self._failures >= BREAKER_FAILURES:
            self._failures, self.doubts = 0, True
            wait = max(wait, self._jittered(HOUR_S))
        return wait

    def probed(self, reason: str | None) -> None:
        """Record the response to a probe, the request for a post that is known to be public."""
        if reason is None:
            self.doubts = False
            self._failures = self._refusals = 0
            self._recent.clear()

    @property
    def is_broken(self) -> bool:
        """True when the extractor failed on more than half of the last `BROKEN_WINDOW` posts."""
        full = len(self._recent) == BROKEN_WINDOW
        return full and sum(self._recent) > BROKEN_SHARE * BROKEN_WINDOW

    def _jittered(self, pause: Seconds) -> Seconds:
        return pause + self._draw(0.0, JITTER * max(pause, MINUTE_S / 60))
