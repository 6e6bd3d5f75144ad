"""Ways to stop a command that clean up as Ctrl-C does: SIGTERM, and the end of its time limit."""

from __future__ import annotations

import _thread
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import UserError

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
DURATION = re.compile(rf"(\d+(?:\.\d+)?)([{''.join(UNITS_S)}])")


class Terminated(KeyboardInterrupt):
    """SIGTERM came; it is a `KeyboardInterrupt`, so that the same code cleans up after it as after Ctrl-C."""


class TimeUp(KeyboardInterrupt):
    """The time limit that the user gave a run is reached."""


def seconds_of(text: str) -> float:
    """A duration such as 90s, 30m, 8h or 2d in seconds; `UserError` for anything else."""
    found = DURATION.fullmatch(text.strip())
    if found is None or float(found[1]) == 0:
        raise UserError(f"{text!r} is no time to stop after: write a number and s, m, h or d, as in 8h")
    return float(found[1]) * UNITS_S[found[2]]


@contextmanager
def on_sigterm() -> Iterator[threading.Event]:
    """Have SIGTERM raise `Terminated` inside the block, in the main thread; the event given is set once it came."""
    heard = threading.Event()

    def stop(*_: object) -> None:
        heard.set()
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def after(seconds: float | None) -> Iterator[None]:
    """Raise `TimeUp` inside the block, in the main thread, after so many seconds; None: never."""
    if seconds is None:
        yield
        return
    is_over = threading.Event()

    def ring() -> None:
        is_over.set()
        # A simulated signal, unlike an exception, waits where the code must not be interrupted.
        _thread.interrupt_main(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        if is_over.is_set():
            raise TimeUp
        if callable(before):
            before(number, frame)
        raise Terminated

    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    signal.signal(signal.SIGTERM, stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)
