"""The manners of one platform's lane: how long it waits after each answer, and when it stops asking."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping

from pipeline.errors import Reason
from pipeline.records import Seconds
from pipeline.sources.platforms.failures import HOUR_S, MINUTE_S, POLICIES, Action

#: Seconds between two posts, drawn evenly: yt-dlp's own advice and what other collectors found to be tolerated.
PACES: Mapping[str, tuple[Seconds, Seconds]] = {"tiktok": (3, 8), "instagram": (8, 15), "youtube": (10, 20)}
LONGEST_PAUSE_S = HOUR_S
JITTER = 0.1  # a pause is up to this share longer, so that lanes of several machines do not come back together
BREAKER_FAILURES = 10  # in a row, of the platform and not of a post: the lane pauses, then asks once
BROKEN_WINDOW = 20  # posts
BROKEN_SHARE = 0.5  # of them that the extractor cannot read: it is the extractor
#: Failures that speak of the platform or the way to it, not of a post.
OF_THE_LANE = frozenset({Reason.RATE_LIMITED, Reason.BOT_CHECK, Reason.NETWORK, Reason.SERVER_ERROR, Reason.TIMEOUT})


class Pace:
    """Waits and pauses of one lane; every answer is told to it, and it says how long to wait before the next one."""

    def __init__(
        self, between: tuple[Seconds, Seconds], draw: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._between = between
        self._draw = draw
        self._refusals = 0  # in a row: answers that ask for a pause
        self._failures = 0  # in a row, of the lane
        self._recent: deque[bool] = deque(maxlen=BROKEN_WINDOW)  # whether the extractor could not read a post
        self.doubts = False  # True when only a post that is known to be good can tell what is wrong

    def after(self, reason: str | None, retry_after_s: Seconds | None = None) -> Seconds:
        """Seconds to wait after an answer; a Retry-After of the site is never undercut."""
        self._recent.append(reason == Reason.EXTRACTOR_BROKEN)
        self._failures = self._failures + 1 if reason in OF_THE_LANE else 0
        wait = self._draw(*self._between)
        if reason is None or POLICIES.get(Reason(reason)) is None:
            self._refusals = 0
            return wait
        policy = POLICIES[Reason(reason)]
        if policy.action is Action.PAUSE_LANE:
            self._refusals += 1
            pause = min(policy.wait_s * 2 ** (self._refusals - 1), LONGEST_PAUSE_S)
            wait = max(wait, self._jittered(pause if retry_after_s is None else retry_after_s))
        elif reason not in OF_THE_LANE:
            self._refusals = 0  # the platform answered
        self.doubts = self.doubts or reason == Reason.BOT_CHECK or self.is_broken
        if self._failures >= BREAKER_FAILURES:
            self._failures, self.doubts = 0, True
            wait = max(wait, self._jittered(HOUR_S))
        return wait

    def probed(self, reason: str | None) -> None:
        """Note the answer for the post that is known to be good."""
        if reason is None:
            self.doubts = False
            self._failures = self._refusals = 0
            self._recent.clear()

    @property
    def is_broken(self) -> bool:
        """True when the extractor could read less than half of the last posts."""
        full = len(self._recent) == BROKEN_WINDOW
        return full and sum(self._recent) > BROKEN_SHARE * BROKEN_WINDOW

    def _jittered(self, pause: Seconds) -> Seconds:
        return pause + self._draw(0.0, JITTER * max(pause, MINUTE_S / 60))
