"""A lane asks one thing at a time, in order, with pauses, and never gives up more than it must."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.run.executors.platform_lanes import Job, Lane, LaneState
from pipeline.sources.platforms.rate_limit import BROKEN_WINDOW, Pace


@dataclass(frozen=True)
class Said:
    """What came back."""

    name: str
    reason: str | None = None
    retry_after_s: float | None = None


def say(name: str, reason: str | None = None, retry_after_s: float | None = None) -> Said:
    return Said(name, reason, retry_after_s)


def hang(name: str) -> Said:
    time.sleep(600)
    return Said(name)


def die(name: str) -> Said:
    os.kill(os.getpid(), 9)
    return Said(name)


class Line:
    """A lane with what it delivered and when."""

    def __init__(self, pace: Pace | None = None, patience_s: float = 60.0, canary: Job | None = None) -> None:
        self.answers: list[Said] = []
        self.times: list[float] = []
        self.states: list[LaneState] = []
        self.lane = Lane("tiktok", pace or Pace((0, 0)), patience_s, canary, self.states.append)

    def deliver(self, answer: Said) -> None:
        self.answers.append(answer)
        self.times.append(time.monotonic())

    def job(self, name: str, function: Any = say, *arguments: Any, deadline_s: float = 30.0) -> Job:
        return Job(name, function, (name, *arguments), deadline_s, partial(self.lost, name), self.deliver)

    def lost(self, name: str, reason: Reason, message: str) -> Said:
        return Said(name, reason)

    def finish(self, within_s: float = 30.0) -> None:
        until = time.monotonic() + within_s
        while not self.lane.idle and time.monotonic() < until:
            time.sleep(0.01)
        assert self.lane.idle

    @property
    def names(self) -> list[str]:
        return [answer.name for answer in self.answers]


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.lane.stop()


@pytest.mark.slow
def test_jobs_come_in_order_and_one_that_waits_lets_others_pass(line: Line) -> None:
    for name in "abc":
        line.lane.add(line.job(name))
    line.lane.add(line.job("later"), wait_s=1.5)
    line.lane.add(line.job("d"))
    line.lane.start()
    line.finish()
    assert line.names == ["a", "b", "c", "d", "later"]


def test_the_pace_lies_between_requests() -> None:
    line = Line(Pace((0.3, 0.3)))
    for name in "abc":
        line.lane.add(line.job(name))
    line.lane.start()
    line.finish()
    line.lane.stop()
    gaps = [later - earlier for earlier, later in zip(line.times, line.times[1:], strict=False)]
    assert min(gaps) >= 0.29


@pytest.mark.slow
def test_nothing_is_asked_inside_the_pause_that_a_site_asks_for() -> None:
    line = Line(Pace((0, 0)))
    line.lane.add(line.job("a", say, Reason.RATE_LIMITED, 1.0))
    line.lane.add(line.job("b"))
    line.lane.start()
    line.finish()
    line.lane.stop()
    assert line.times[1] - line.times[0] >= 1.0


def test_a_lane_whose_platform_wants_more_patience_than_there_is_stops(line: Line) -> None:
    line.lane.add(line.job("a", say, Reason.RATE_LIMITED, 86_400.0))
    line.lane.add(line.job("b"))
    line.lane.start()
    line.finish()
    assert line.names == ["a"]
    assert line.states[-1].stopped
    assert "rate_limited" in (line.states[-1].why or "")
    assert line.lane.waiting == 1, "the next run has it"


def test_what_hangs_or_dies_is_an_answer_too(line: Line) -> None:
    line.lane.add(line.job("hang", hang, deadline_s=0.5))
    line.lane.add(line.job("die", die))
    line.lane.add(line.job("fine"))
    line.lane.start()
    line.finish()
    assert [(answer.name, answer.reason) for answer in line.answers] == [
        ("hang", Reason.TIMEOUT), ("die", Reason.WORKER_DIED), ("fine", None),
    ]  # fmt: skip


def test_stopping_is_quick_and_delivers_nothing_more(line: Line) -> None:
    line.lane.add(line.job("hang", hang, deadline_s=600))
    line.lane.start()
    time.sleep(0.5)
    started = time.monotonic()
    line.lane.stop()
    assert time.monotonic() - started < 5
    assert line.answers == []


@pytest.mark.slow
def test_without_a_known_post_a_broken_extractor_ends_the_lane(line: Line) -> None:
    for number in range(2 * BROKEN_WINDOW):
        line.lane.add(line.job(str(number), say, Reason.EXTRACTOR_BROKEN))
    line.lane.start()
    line.finish()
    assert len(line.names) == BROKEN_WINDOW
    assert "yt-dlp" in (line.states[-1].why or "")


@pytest.mark.slow
@pytest.mark.parametrize(("canary", "asked"), [(None, 2 * BROKEN_WINDOW), (Reason.EXTRACTOR_BROKEN, BROKEN_WINDOW)])
def test_a_known_post_tells_a_broken_extractor_from_odd_posts(canary: str | None, asked: int) -> None:
    probes: list[Said] = []
    job = Job("canary", say, ("canary", canary), 30.0, lambda reason, _: Said("canary", reason), probes.append)
    line = Line(canary=job)
    for number in range(2 * BROKEN_WINDOW):
        line.lane.add(line.job(str(number), say, Reason.EXTRACTOR_BROKEN))
    line.lane.start()
    line.finish()
    line.lane.stop()
    assert len(line.names) == asked


def test_an_error_in_the_delivery_reaches_the_run(line: Line) -> None:
    def full(_: Said) -> None:
        raise OSError(28, "No space left on device")

    line.lane.add(Job("a", say, ("a",), 30.0, partial(line.lost, "a"), full))
    line.lane.start()
    with pytest.raises(OSError, match="No space"):
        line.finish()


@pytest.mark.slow
def test_a_lane_that_is_held_back_waits_says_why_and_goes_on(line: Line) -> None:
    looks = iter(["no room", "no room"])
    line.lane.hold = lambda: next(looks, None)
    line.lane.add(line.job("a"))
    started = time.monotonic()
    line.lane.start()
    line.finish()
    assert line.names == ["a"], "nothing failed for it"
    assert time.monotonic() - started >= 1.5
    assert [(state.why, state.waiting) for state in line.states[:2]] == [("no room", 1), ("no room", 1)]


def test_a_lane_that_is_held_back_for_longer_than_the_patience_leaves_its_jobs_to_the_next_run() -> None:
    line = Line(patience_s=0.5)
    line.lane.hold = lambda: "no room"
    line.lane.add(line.job("a"))
    line.lane.start()
    line.finish()
    line.lane.stop()
    assert line.names == []
    assert line.states[-1].stopped
    assert (line.states[-1].why, line.lane.waiting) == ("no room", 1)
