"""One call in a process group of its own, with a deadline; nothing of it outlives the call or this process."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pipeline.media.sandbox.client import decoder
from pipeline.records import Seconds

#: What every call needs, imported once and for all of them: starting one then takes milliseconds.
PRELOAD = [
    "pipeline.cli",
    "pipeline.stages.download",
    "pipeline.sources.platforms.listing",
    "yt_dlp",
    "curl_cffi",
    "av",
]


class Child:
    """Runs calls one after the other, each in a new process; `stop` from another thread ends the one that runs."""

    def __init__(self) -> None:
        self._context = _context()
        self._process: Any = None
        self._stopped = False

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], deadline_s: Seconds) -> Any:
        """What the function gives; `TimeoutError` beyond the deadline, `ChildProcessError` if its process died."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, function, arguments), daemon=True)
        process.start()
        self._process = process
        theirs.close()
        try:
            if self._stopped or not ours.poll(deadline_s):
                self._kill()
                raise TimeoutError
            return ours.recv()
        except EOFError as error:
            raise ChildProcessError from error
        finally:
            ours.close()  # the child ends itself and its group
            process.join()
            self._process = None

    def stop(self) -> None:
        """End the call that runs, and let no other begin."""
        self._stopped = True
        self._kill()

    def _kill(self) -> None:
        """End the process and all that it has started; those are in its group."""
        process = self._process
        if process is None or not process.is_alive():
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _context() -> Any:
    """A server that forks where there is one; elsewhere each call starts from nothing."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


def _serve(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what Ctrl-C means
    if "av" in sys.modules:  # forked from the server below, so a fork of it reads media as soon as it is asked
        decoder().fork()
    watcher = threading.Thread(target=_end_with_caller, args=(connection,), daemon=True)
    watcher.start()
    answer = function(*arguments)
    with contextlib.suppress(OSError):
        connection.send(answer)
    watcher.join()


def _end_with_caller(connection: Connection) -> None:
    """The other end closes when the call is over or its process was killed: then this group goes too."""
    with contextlib.suppress(EOFError, OSError):
        connection.recv()
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)
