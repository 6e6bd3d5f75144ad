"""Ctrl-C and SIGTERM wait while something must not be torn: DuckDB would break off in the middle of a transaction."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class UninterruptedLock:
    """A lock for the threads of a run; whoever holds it in the main thread is not interrupted until it lets go.

    A second signal interrupts at once.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0  # of the main thread

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold it, for as long as the block lasts; blocks may stand inside each other."""
        if threading.current_thread() is not threading.main_thread():
            with self._lock:
                yield
            return
        with uninterrupted(outermost=self._depth == 0):
            self._depth += 1
            try:
                with self._lock:
                    yield
            finally:
                self._depth -= 1


@contextmanager
def uninterrupted(*, outermost: bool = True) -> Iterator[None]:
    """Hold back the first signal to stop until the end of the block; in the main thread alone."""
    if not outermost:
        yield
        return
    asked: list[int] = []
    before: dict[int, Callable[[int, FrameType | None], object]] = {}

    def wait(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            before[number](number, frame)

    for number in map(int, STOPPING):
        now = signal.getsignal(number)
        if callable(now):  # a job in the background ignores Ctrl-C, and a script may leave SIGTERM to the system
            before[number] = now
    for number in before:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        before[asked[0]](asked[0], None)
