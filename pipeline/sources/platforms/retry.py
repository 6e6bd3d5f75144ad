"""What follows from a post that did not arrive: when it is tried again, from the reasons it has had so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pipeline.errors import Reason
from pipeline.records import Seconds
from pipeline.sources.platforms.failures import DAY_S, POLICIES, Action, Policy

#: Of these nothing is known of the post, however often they come: after the quick tries, one a day.
OF_THE_MOMENT = frozenset({Reason.NETWORK, Reason.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Step:
    """The next step for a post that did not arrive."""

    action: Action
    wait_s: Seconds | None = None  # None: there is no date for another try

    @property
    def is_last(self) -> bool:
        """True when nothing follows by itself."""
        return self.wait_s is None


def next_step(reasons: Sequence[str | None], retry_after_s: Seconds | None = None) -> Step:
    """The step after a post's attempts so far, given as their reasons, oldest first; None is an attempt that passed.

    Only the last reason and how often it came in a row decide, and the pause that the site asked for.
    """
    last = Reason(str(reasons[-1]))
    policy = POLICIES.get(last, Policy(Action.PERMANENT, tries=0))
    times = sum(1 for _ in takewhile(lambda reason: reason == last, reversed(reasons)))
    if policy.action is Action.STOP_RUN:
        return Step(Action.RETRY, 0.0)  # it says nothing of the post
    if policy.action is Action.PAUSE_LANE:
        return Step(Action.PAUSE_LANE, policy.wait_s if retry_after_s is None else retry_after_s)
    if policy.action is Action.RETRY and times <= policy.tries:
        return Step(Action.RETRY, policy.wait_s * 2 ** (times - 1))
    if policy.action is Action.LOOK_AGAIN and times <= policy.tries:
        return Step(Action.LOOK_AGAIN, policy.wait_s)
    if last in OF_THE_MOMENT:
        return Step(Action.LOOK_AGAIN, DAY_S)
    if policy.action is Action.HOLD:
        return Step(Action.HOLD)
    return Step(Action.PERMANENT)
