"""The side that asks: a server of limited processes that belongs to this process, started when it is first needed."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.media.sandbox import server
from pipeline.records import Seconds

GRACE_S: Seconds = 10.0  # beyond a deadline until a server that does not keep it is killed
START_S: Seconds = 60.0  # a machine under load may take that long to start one
SERVER = "from pipeline.media.sandbox.server import main; main()"
#: All that a server needs to know of this process's environment; no key and no token is among it.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # one with several cannot leave the network


@dataclass(frozen=True, slots=True)
class Ending:
    """How a limited process ended."""

    output: str  # the end of what it said
    code: int  # negative: the signal that ended it
    late: bool  # the deadline ended it
    peak_kib: int  # the most memory that it held


@dataclass(frozen=True, slots=True)
class Protection:
    """What a server could put between a file and this machine."""

    offline: bool  # its processes have no network
    limited: bool  # memory, processor time and disk


class Decoder:
    """Runs calls in limited processes; one at a time, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None  # the process that started the server: one forked from it has its own
        self._server = self._requests = self._endings = -1  # its number, and the two pipes to it
        self._protection: Protection | None = None

    def run(self, call: str, arguments: Sequence[str], deadline_s: Seconds, written_bytes: int = 0) -> Ending:
        """Run a call of `inside`, or a command (`EXECUTE`), that may write so many bytes into a file.

        Raises `ChildProcessError` when the server itself died; the next call has a new one.
        """
        request = {
            "call": call,
            "arguments": list(arguments),
            "deadline_s": deadline_s,
            "written_bytes": written_bytes,
        }
        with self._lock:
            self._start()
            return Ending(**self._exchange(json.dumps(request).encode() + b"\n", deadline_s + GRACE_S))

    def look(self) -> Protection:
        """What protects, found by starting a server."""
        with self._lock:
            return self._start()

    def fork(self) -> None:
        """Make the server a fork of this process, which is small and has one thread: it is there in milliseconds.

        Where that cannot be, the first call starts one from nothing.
        """
        if hasattr(os, "fork"):
            with self._lock:
                self._begin(_forked)

    def close(self) -> None:
        """Let the server go."""
        with self._lock:
            self._end()

    def _start(self) -> Protection:
        if self._owner != os.getpid() or self._protection is None:
            self._begin(_started)
        assert self._protection is not None  # noqa: S101 - for the type checker: a server greets with it
        return self._protection

    def _begin(self, start: Callable[[int, int], int]) -> None:
        (requests, self._requests), (self._endings, endings) = os.pipe(), os.pipe()
        try:
            self._server = start(requests, endings)
        finally:
            os.close(requests)
            os.close(endings)
        self._owner = os.getpid()
        self._protection = Protection(**self._exchange(b"", START_S))

    def _exchange(self, request: bytes, patience_s: Seconds) -> Any:
        """Send a line and read one; a server that keeps silent beyond its patience is killed."""
        timer = threading.Timer(patience_s, self._kill)
        timer.daemon = True
        timer.start()
        answer = b""
        try:
            while request:
                request = request[os.write(self._requests, request) :]
            while not answer.endswith(b"\n") and (chunk := os.read(self._endings, server.CHUNK_BYTES)):
                answer += chunk
        except OSError as error:
            raise ChildProcessError from error
        finally:
            timer.cancel()
            if not answer.endswith(b"\n"):
                self._end()
        if not answer:
            raise ChildProcessError("the process that reads media files died")
        return json.loads(answer)

    def _kill(self) -> None:
        with suppress(OSError):
            os.kill(self._server, signal.SIGTERM)

    def _end(self) -> None:
        """Close the pipes, at which the server leaves; of a forked process, those of its parent stay as they are."""
        if self._owner == os.getpid():
            for number in (self._requests, self._endings):
                os.close(number)
            with suppress(OSError):
                os.waitpid(self._server, 0)
        self._owner = self._protection = None


def _started(requests: int, endings: int) -> int:
    """A server started from nothing, with little of this process's environment; its number."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", SERVER],  # without -P, a file beside the study could take a module's place
        stdin=requests,
        stdout=endings,
        stderr=subprocess.DEVNULL,
        env={**kept, **ONE_THREAD, "PYTHONPATH": paths},
        start_new_session=True,
    )
    process.returncode = 0  # it is waited for by its number
    return process.pid


def _forked(requests: int, endings: int) -> int:
    """A server that is a fork of this process; its number."""
    server_id = os.fork()
    if server_id == 0:
        try:
            server.take_over(requests, endings)
        finally:
            os._exit(0)
    return server_id


@cache
def decoder() -> Decoder:
    """The decoder of this process."""
    made = Decoder()
    atexit.register(made.close)
    return made
