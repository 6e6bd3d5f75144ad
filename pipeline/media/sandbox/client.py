"""The client of the sandbox: starts a server of limited processes at first use, sends it one request at a time."""

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

GRACE_S: Seconds = 10.0  # after a deadline, before a server that has not answered is killed
START_S: Seconds = 60.0  # a loaded machine may take that long to start a server
SERVER = "from pipeline.media.sandbox.server import main; main()"
#: The only environment variables that a server inherits; none holds a key or a token.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
# A process with several threads cannot move into a user namespace, and so cannot leave the network.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a limited process ended."""

    output: str  # the end of it
    code: int  # negative: the signal that ended it
    late: bool  # the deadline ended it
    peak_kib: int  # the most memory that it held


@dataclass(frozen=True, slots=True)
class Protection:
    """What the sandbox can enforce on this machine."""

    offline: bool  # its processes have no network
    limited: bool  # memory, processor time and disk


class Decoder:
    """Runs calls in limited processes, one at a time; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Pid of the process that started the server: a fork of that process must start its own.
        self._owner: int | None = None
        self._server = self._requests = self._endings = -1  # its pid, and the pipes to and from it
        self._protection: Protection | None = None

    def run(self, call: str, arguments: Sequence[str], deadline_s: Seconds, written_bytes: int = 0) -> Ending:
        """Run a call of `worker.CALLS`, or a command (`EXECUTE`), that may write files of at most `written_bytes`.

        Raises `ChildProcessError` when the server itself died; the next call starts a new one.
        """
        request = {
            "call": call,
            "arguments": list(arguments),
            "deadline_s": deadline_s,
            "written_bytes": written_bytes,
        }
        with self._lock:
            self._ensure_server()
            return Ending(**self._exchange(json.dumps(request).encode() + b"\n", deadline_s + GRACE_S))

    def look(self) -> Protection:
        """What the sandbox enforces here, found by starting a server."""
        with self._lock:
            return self._ensure_server()

    def fork(self) -> None:
        """Start the server as a fork of this process, which takes milliseconds.

        The process must be small and have one thread. Without fork, the first call starts a new interpreter.
        """
        if hasattr(os, "fork"):
            with self._lock:
                self._start_server(_forked_server)

    def close(self) -> None:
        """Stop the server."""
        with self._lock:
            self._stop_server()

    def _ensure_server(self) -> Protection:
        if self._owner != os.getpid() or self._protection is None:
            self._start_server(_spawned_server)
        assert self._protection is not None  # noqa: S101 - for the type checker: a server greets with it
        return self._protection

    def _start_server(self, start: Callable[[int, int], int]) -> None:
        (requests, self._requests), (self._endings, endings) = os.pipe(), os.pipe()
        try:
            self._server = start(requests, endings)
        finally:
            os.close(requests)
            os.close(endings)
        self._owner = os.getpid()
        self._protection = Protection(**self._exchange(b"", START_S))

    def _exchange(self, request: bytes, patience_s: Seconds) -> Any:
        """Send one line and read one; a server that has not answered after `patience_s` is killed."""
        # A blocked read has no time limit of its own: the timer kills the server, and its closed pipe ends the read.
        timer = threading.Timer(patience_s, self._kill_server)
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
            # After half an answer the next one could not be told from its rest: the next call starts a new server.
            if not answer.endswith(b"\n"):
                self._stop_server()
        if not answer:
            raise ChildProcessError("the process that reads media files died")
        return json.loads(answer)

    def _kill_server(self) -> None:
        with suppress(OSError):
            os.kill(self._server, signal.SIGTERM)

    def _stop_server(self) -> None:
        """Close the pipes, on which the server exits, and wait for it."""
        # A fork has inherited the descriptors and must leave the server of its parent alone.
        if self._owner == os.getpid():
            for number in (self._requests, self._endings):
                os.close(number)
            with suppress(OSError):
                os.waitpid(self._server, 0)
        self._owner = self._protection = None


def _spawned_server(requests: int, endings: int) -> int:
    """Start a server in a new interpreter, with little of this process's environment; returns its pid."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        # -P: otherwise a file in the working folder could take a module's place.
        [sys.executable, "-P", "-c", SERVER],
        stdin=requests,
        stdout=endings,
        stderr=subprocess.DEVNULL,
        env={**kept, **ONE_THREAD, "PYTHONPATH": paths},
        # In a session of its own it does not receive the terminal's Ctrl-C.
        start_new_session=True,
    )
    # Marked as ended, so that `Popen` never waits for it: `Decoder` waits for its pid.
    process.returncode = 0
    return process.pid


def _forked_server(requests: int, endings: int) -> int:
    """Fork this process into a server; returns its pid."""
    server_id = os.fork()
    if server_id == 0:
        try:
            server.take_over(requests, endings)
        finally:
            os._exit(0)
    return server_id


@cache
def decoder() -> Decoder:
    """The one decoder of this process, closed at its exit."""
    made = Decoder()
    atexit.register(made.close)
    return made
