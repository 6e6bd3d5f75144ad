"""The manners of a lane: pauses grow, a Retry-After is never undercut, and doubt asks a known post first."""

from __future__ import annotations

import pytest

from pipeline.errors import Reason
from pipeline.sources.platforms.failures import HOUR_S
from pipeline.sources.platforms.rate_limit import BREAKER_FAILURES, BROKEN_WINDOW, LONGEST_PAUSE_S, PACES, Pace


def shortest(low: float, high: float) -> float:
    return low


def longest(low: float, high: float) -> float:
    return high


def test_posts_are_apart_as_the_platform_tolerates() -> None:
    for low, high in PACES.values():
        waits = [Pace((low, high)).after(None) for _ in range(50)]
        assert all(low <= wait <= high for wait in waits)
        assert len(set(waits)) > 1, "a fixed rhythm is a robot's"


@pytest.mark.parametrize("draw", [shortest, longest])
def test_the_pause_that_a_site_asks_for_is_never_undercut(draw: object) -> None:
    for asked in (1.0, 30.0, 400.0):
        wait = Pace((0, 1), draw).after(Reason.RATE_LIMITED, asked)  # type: ignore[arg-type]
        assert asked <= wait <= 1.1 * asked + 1


def test_pauses_double_up_to_an_hour_and_begin_again_after_a_success() -> None:
    pace = Pace((0, 0), shortest)
    waits = [pace.after(Reason.RATE_LIMITED) for _ in range(8)]
    assert waits[:4] == [60, 120, 240, 480]
    assert waits[-1] == LONGEST_PAUSE_S
    pace.after(None)
    assert pace.after(Reason.RATE_LIMITED) == 60


def test_failures_of_a_post_are_no_reason_to_pause() -> None:
    pace = Pace((2, 2))
    assert [pace.after(reason) for reason in (Reason.REMOVED, Reason.PRIVATE, Reason.NO_VIDEO)] == [2, 2, 2]
    assert not pace.doubts


def test_ten_failures_of_the_lane_in_a_row_open_the_circuit() -> None:
    pace = Pace((0, 0), shortest)
    waits = [pace.after(Reason.NETWORK) for _ in range(BREAKER_FAILURES)]
    assert waits == [0] * (BREAKER_FAILURES - 1) + [HOUR_S]
    assert pace.doubts
    pace.probed(None)
    assert not pace.doubts


def test_a_success_in_between_keeps_the_circuit_closed() -> None:
    pace = Pace((0, 0), shortest)
    for _ in range(3):
        for _ in range(BREAKER_FAILURES - 1):
            assert pace.after(Reason.SERVER_ERROR) == 0
        pace.after(None)


def test_an_extractor_is_broken_when_most_posts_cannot_be_read() -> None:
    pace = Pace((0, 0))
    for number in range(BROKEN_WINDOW):
        assert not pace.is_broken
        pace.after(Reason.EXTRACTOR_BROKEN if number % 3 else None)
    assert pace.is_broken
    assert pace.doubts
    half = Pace((0, 0))
    for number in range(2 * BROKEN_WINDOW):
        half.after(Reason.EXTRACTOR_BROKEN if number % 2 else None)
    assert not half.is_broken


def test_a_bot_check_is_doubted_at_once() -> None:
    pace = Pace((0, 0), shortest)
    assert pace.after(Reason.BOT_CHECK) == HOUR_S
    assert pace.doubts
