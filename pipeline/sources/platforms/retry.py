"""When a failed fetch is tried again, decided by the reasons of the attempts so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pipeline.errors import Reason
from pipeline.records import Seconds
from pipeline.sources.platforms.failures import DAY_S, POLICIES, Action, Policy

#: Transient failures: they say nothing about the post, so after the quick tries it is tried once a day, without end.
TRANSIENT = frozenset({Reason.NETWORK, Reason.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Step:
    """The next step for a post that could not be fetched."""

    action: Action
    wait_s: Seconds | None = None  # None: no further try is scheduled

    @property
    def is_last(self) -> bool:
        """True when no further try is scheduled."""
        return self.wait_s is None


def next_step(reasons: Sequence[str | None], retry_after_s: Seconds | None = None) -> Step:
    """The step after a post's attempts so far, given as their reasons, oldest first; None is an attempt that passed.

    The last reason, how often it came in a row, and the pause that the site asked for decide.
    """
    last = Reason(str(reasons[-1]))
    policy = POLICIES.get(last, Policy(Action.PERMANENT, tries=0))
    times = sum(1 for _ in takewhile(lambda reason: reason == last, reversed(reasons)))
    # What stops the run, such as a full disk, says nothing about the post: it is due at once.
    if policy.action is Action.STOP_RUN:
        return Step(Action.RETRY, 0.0)
    # A refusal concerns the lane, so it uses up none of the post's tries.
    if policy.action is Action.PAUSE_LANE:
        return Step(Action.PAUSE_LANE, policy.wait_s if retry_after_s is None else retry_after_s)
    if policy.action is Action.RETRY and times <= policy.tries:
        return Step(Action.RETRY, policy.wait_s * 2 ** (times - 1))
    # A removed post is tried once more after a day, because a single refusal proves little.
    if policy.action is Action.LOOK_AGAIN and times <= policy.tries:
        return Step(Action.LOOK_AGAIN, policy.wait_s)
    # The quick tries are used up, but a transient failure never becomes permanent.
    if last in TRANSIENT:
        return Step(Action.LOOK_AGAIN, DAY_S)
    # No date helps here: the post waits until the versions of the tools or the cookies change.
    if policy.action is Action.HOLD:
        return Step(Action.HOLD)
    return Step(Action.PERMANENT)
