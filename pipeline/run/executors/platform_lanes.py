"""Lanes: one polite worker a platform, beside each other and beside the analysis."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.errors import Reason
from pipeline.records import Seconds
from pipeline.run.executors.isolated_call import Child
from pipeline.sources.platforms.rate_limit import Pace

HOLD_S: Seconds = 1.0  # between two looks at what holds a lane back
LOCAL = "other"  # the lane of URLs that no platform owns: they fail here, or belong to tests


class Clock:
    """The time that lanes go by."""

    def now(self) -> Seconds:
        """Seconds that never go back."""
        return time.monotonic()

    def wait(self, changed: threading.Condition, seconds: Seconds) -> None:
        """Let so much time pass, or less if something changes."""
        changed.wait(seconds)


CLOCK = Clock()


class LaneResult(Protocol):
    """What a lane must know of what came back."""

    @property
    def reason(self) -> str | None:
        """None for a success, else a word of the closed list."""

    @property
    def retry_after_s(self) -> Seconds | None:
        """The pause that the site asks for."""


@dataclass(frozen=True)
class Job:
    """Something to ask a platform for: a call for another process, and what to make of its answer."""

    name: str
    function: Callable[..., LaneResult]
    arguments: tuple[Any, ...]
    deadline_s: Seconds
    lost: Callable[[Reason, str], LaneResult]  # the answer where the process gave none
    deliver: Callable[[Any], None]  # called in the lane's thread, before the next request


@dataclass(frozen=True, slots=True)
class LaneState:
    """How a lane stands."""

    platform: str
    waiting: int
    pause_s: Seconds = 0.0  # until the next request
    why: str | None = None  # what it pauses or has stopped for
    stopped: bool = False


@dataclass
class Lane:
    """The jobs of one platform, one at a time, with the platform's pace between them.

    Jobs that are due stand in order; one that waits for its time lets others pass. A lane stops when a pause would be
    longer than the run's patience, or when nothing of the platform can be read any more: what is left waits for the
    next run.
    """

    platform: str
    pace: Pace
    patience_s: Seconds
    canary: Job | None = None  # a post that is known to be good
    watch: Callable[[LaneState], None] = lambda _: None
    hold: Callable[[], str | None] = lambda: None  # why nothing may be asked just now; None if it may
    _jobs: list[tuple[float, int, Job]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _child: Child = field(default_factory=Child)
    _clock: Clock = field(default_factory=lambda: CLOCK)
    _added: int = 0
    _ready_at: float = 0.0  # monotonic, when the pace allows the next request
    _held_at: float | None = None  # monotonic, since when something outside holds the lane back
    _why: str | None = None
    _busy: bool = False
    _stopped: bool = False
    _error: BaseException | None = None

    def start(self) -> None:
        """Begin to work through the jobs."""
        self._thread = threading.Thread(target=self._live, name=f"lane {self.platform}", daemon=True)
        self._thread.start()

    def add(self, job: Job, wait_s: Seconds = 0.0) -> None:
        """Put a job into the lane, due after so many seconds; those that were added first go first."""
        with self._changed:
            self._added += 1
            heapq.heappush(self._jobs, (self._clock.now() + wait_s if wait_s else 0.0, self._added, job))
            self._changed.notify_all()

    def pause(self, wait: Seconds, reason: str | None) -> None:
        """Ask nothing for so many seconds, and for longer if the lane pauses longer already."""
        if wait > self.patience_s:
            self._end(f"the platform wants a pause of {wait / 60:.0f} min ({reason}): the next run goes on")
        with self._changed:
            if self._clock.now() + wait > self._ready_at:
                self._ready_at, self._why = self._clock.now() + wait, reason

    @property
    def idle(self) -> bool:
        """True when nothing is left to do, or the lane has stopped."""
        if self._error is not None:
            raise self._error
        with self._changed:
            return self._stopped or not (self._busy or self._jobs)

    @property
    def waiting(self) -> int:
        """Jobs that have not had their turn."""
        with self._changed:
            return len(self._jobs)

    def stop(self) -> None:
        """End at once: the request that runs is abandoned."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._child.stop()
        self._thread.join()

    def _live(self) -> None:
        try:
            while (job := self._next()) is not None:
                answer = self._ask(job)
                if self._stopped:
                    return
                job.deliver(answer)
                self._settle(answer)
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._busy, self._stopped = False, True

    def _next(self) -> Job | None:
        """The next job that is due, once the pace allows it; None when the lane is to end."""
        with self._changed:
            self._busy = False
            while not self._stopped:
                if self._jobs:
                    due = max(self._jobs[0][0], self._ready_at)
                    wait = due - self._clock.now()
                    if wait <= 0 and self._may_ask():
                        self._busy = True
                        return heapq.heappop(self._jobs)[2]
                    if wait <= 0:
                        wait = HOLD_S
                    else:
                        self.watch(self._state(wait))
                    self._clock.wait(self._changed, min(wait, 1.0))
                else:
                    self._clock.wait(self._changed, 1.0)
        return None

    def _may_ask(self) -> bool:
        """Whether nothing outside holds the lane back; if that lasts longer than the run's patience, the lane stops."""
        why = self.hold()
        if why is None:
            self._held_at = None
            return True
        now = self._clock.now()
        self._held_at = now if self._held_at is None else self._held_at
        if now - self._held_at > self.patience_s:
            self._why, self._stopped = why, True
        self.watch(LaneState(self.platform, len(self._jobs), 0.0, why, self._stopped))
        return False

    def _ask(self, job: Job) -> LaneResult:
        self.watch(self._state(0.0))
        try:
            answer: LaneResult = self._child.call(job.function, job.arguments, job.deadline_s)
        except TimeoutError:
            return job.lost(Reason.TIMEOUT, f"took longer than {job.deadline_s:g} s")
        except ChildProcessError:
            return job.lost(Reason.WORKER_DIED, "its process died")
        return answer

    def _settle(self, answer: LaneResult) -> None:
        """Wait as the pace says; where only a known post can tell what is wrong, ask for that first."""
        wait = self.pace.after(answer.reason, answer.retry_after_s)
        self.pause(wait, answer.reason)
        if not self.pace.doubts or self._stopped:
            return
        if self.canary is None:
            if self.pace.is_broken:
                self._end("most of the last posts cannot be read: yt-dlp needs an update, or the platform has changed")
            self.pace.doubts = False  # the next post is the probe
            return
        self._doubt()

    def _doubt(self) -> None:
        """Ask for the post that is known to be good, and again after each pause, until it comes or the lane ends."""
        canary = self.canary
        while canary is not None and self.pace.doubts and self._sleep():
            answer = self._ask(canary)
            self.pace.probed(answer.reason)
            if answer.reason == Reason.EXTRACTOR_BROKEN:
                self._end("the post that is known to be good cannot be read: yt-dlp needs an update")
            elif answer.reason is not None:
                self.pause(self.pace.after(answer.reason, answer.retry_after_s), answer.reason)
            else:
                self.pause(self.pace.after(None), None)

    def _sleep(self) -> bool:
        """Wait until the pace allows a request; False when the lane is to end."""
        with self._changed:
            while not self._stopped and (wait := self._ready_at - self._clock.now()) > 0:
                self.watch(self._state(wait))
                self._clock.wait(self._changed, min(wait, 1.0))
            return not self._stopped

    def _end(self, why: str) -> None:
        with self._changed:
            self._why, self._stopped = why, True
        self.watch(self._state(0.0))

    def _state(self, pause: Seconds) -> LaneState:
        return LaneState(self.platform, len(self._jobs), pause, self._why, self._stopped)
