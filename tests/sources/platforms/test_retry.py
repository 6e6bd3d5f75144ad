"""What follows from a post that did not arrive."""

from __future__ import annotations

import pytest

from pipeline.errors import Reason
from pipeline.sources.platforms.failures import DAY_S, POLICIES, Action
from pipeline.sources.platforms.retry import next_step


def waits(reason: Reason, times: int) -> list[float | None]:
    return [next_step([reason] * number).wait_s for number in range(1, times + 1)]


def test_trouble_of_the_network_is_tried_again_sooner_and_later() -> None:
    assert waits(Reason.NETWORK, 7) == [10, 20, 40, 80, 160, DAY_S, DAY_S]


def test_what_times_out_three_times_is_left_alone() -> None:
    assert waits(Reason.TIMEOUT, 3) == [60, 120, None]
    assert next_step([Reason.TIMEOUT] * 3).action is Action.PERMANENT


def test_bad_media_is_fetched_once_more() -> None:
    assert waits(Reason.BAD_MEDIA, 2) == [60, None]


def test_another_reason_in_between_begins_the_count_again() -> None:
    assert next_step([Reason.TIMEOUT, Reason.TIMEOUT, Reason.NETWORK, Reason.TIMEOUT]).wait_s == 60
    assert next_step([Reason.TIMEOUT, Reason.TIMEOUT, None, Reason.TIMEOUT]).wait_s == 60


def test_a_limit_of_the_platform_is_no_fault_of_the_post() -> None:
    assert waits(Reason.RATE_LIMITED, 50) == [60] * 50
    assert next_step([Reason.RATE_LIMITED], 7).wait_s == 7


@pytest.mark.parametrize("reason", [Reason.REMOVED, Reason.REGION_OR_REMOVED])
def test_a_vanished_post_is_looked_at_once_more_after_a_day(reason: Reason) -> None:
    assert next_step([reason]).action is Action.LOOK_AGAIN
    assert waits(reason, 2) == [DAY_S, None]


@pytest.mark.parametrize("reason", [Reason.LOGIN_REQUIRED, Reason.EXTRACTOR_BROKEN, Reason.INTERNAL_ERROR])
def test_some_posts_are_held_until_the_tools_change(reason: Reason) -> None:
    assert next_step([reason]).action is Action.HOLD
    assert next_step([reason]).wait_s is None


@pytest.mark.parametrize(
    "reason", [Reason.PRIVATE, Reason.ROUNDED_ID, Reason.NO_VIDEO, Reason.UNSUPPORTED_URL, Reason.EXCLUDED]
)
def test_some_losses_are_final(reason: Reason) -> None:
    assert next_step([reason]).action is Action.PERMANENT


@pytest.mark.parametrize("reason", list(POLICIES))
def test_no_post_is_tried_without_end(reason: Reason) -> None:
    steps = [next_step([reason] * times) for times in range(1, 30)]
    quick = [step for step in steps if step.action is Action.RETRY and step.wait_s]
    assert len(quick) <= 5
