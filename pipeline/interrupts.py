"""Ctrl-C waits while something must not be torn: DuckDB would break off in the middle of a transaction."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Alone:
    """A lock for the threads of a run; whoever holds it in the main thread is not interrupted until it lets go.

    A second Ctrl-C interrupts at once.
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
    """Hold back the first Ctrl-C until the end of the block; in the main thread alone."""
    if not outermost or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background ignores it
        yield
        return
    asked: list[bool] = []

    def wait(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    before = signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
