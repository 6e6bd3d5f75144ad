"""A small process that starts a limited one for each request, and ends it with all that it has started.

It reads no media itself, so nothing in a file can change how it treats the next one. Requests and endings are lines
of JSON; it leaves when the other side closes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pipeline.media.sandbox import limits, worker

EXECUTE = "execute"  # the call whose arguments are a command; every other is one of `inside`
MAX_OUTPUT_BYTES = 65_536  # the end of what a limited process says
CHUNK_BYTES = 65_536
REQUESTS, ENDINGS = 0, 1  # file descriptors
MOST_FILES = 65_536  # that a process may have had open
FAILED = 70  # exit code of a call that raised what it should not

Request = dict[str, Any]
Ending = dict[str, Any]


class CallerGone(Exception):
    """The other side has closed: nobody waits for the answer."""


def main() -> None:
    """Serve on standard input and output until the other side closes."""
    serve(REQUESTS, ENDINGS)


def take_over(requests: int, endings: int) -> None:
    """Make a forked process a server, and nothing else: it keeps no file of its parent open."""
    os.dup2(requests, REQUESTS)
    os.dup2(endings, ENDINGS)
    _keep_only(os.open(os.devnull, os.O_WRONLY), first=2)
    main()


def serve(requests: int, endings: int) -> None:
    """Greet with what protects, then answer one request after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what Ctrl-C means
    offline = limits.leave_network()
    limits.adopt_orphans()
    with contextlib.suppress(CallerGone, OSError):
        _write(endings, {"offline": offline, "limited": limits.has_limits()})
        import av  # noqa: F401 - once, for every process that is forked from here

        while (request := _next(requests)) is not None:
            _write(endings, run(request, requests))


def run(request: Request, requests: int) -> Ending:
    """One request in a process of its own: the end of its output, its exit code (negative: a signal), and whether the
    deadline ended it. Raises `CallerGone`, with nothing left alive, when nobody waits any more.
    """
    if not hasattr(os, "fork"):
        return run_unlimited(request)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _work(request, theirs)
    os.close(theirs)
    late = True
    try:
        output, late = _collect(ours, requests, request["deadline_s"])
    finally:
        os.close(ours)
        _kill(child)
        _, status, usage = os.wait4(child, 0)
        _kill_orphans()
    code = os.waitstatus_to_exitcode(status)
    return {"output": output, "code": code, "late": late, "peak_kib": usage.ru_maxrss}


def run_unlimited(request: Request) -> Ending:
    """One request on a system that cannot fork: its caller keeps the deadline, and ends this process with it."""
    code = 0
    if request["call"] == EXECUTE:
        done = subprocess.run(
            request["arguments"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=request["deadline_s"], check=False,
        )  # fmt: skip
        output, code = done.stderr[-MAX_OUTPUT_BYTES:], done.returncode
    else:
        output = worker.answer(request["call"], request["arguments"])
    return {"output": output.decode("utf-8", "replace"), "code": code, "late": False, "peak_kib": 0}


def _work(request: Request, output: int) -> None:
    """The life of a limited process; it never returns."""
    try:
        os.setsid()
        _keep_only(output)
        limits.confine(request["deadline_s"], request["written_bytes"])
        if request["call"] == EXECUTE:
            os.execv(request["arguments"][0], request["arguments"])  # noqa: S606 - no shell is what is wanted
        _write_all(2, worker.answer(request["call"], request["arguments"]))
        os._exit(0)
    except Exception as error:  # what no one foresaw is said, and costs one file
        _write_all(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(FAILED)


def _keep_only(output: int, first: int = 0) -> None:
    """Close everything inherited but standard streams: nothing comes in, and messages go to `output`."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(first, 2):
        os.dup2(nowhere, number)
    os.dup2(output, 2)
    os.closerange(3, min(os.sysconf("SC_OPEN_MAX"), MOST_FILES))


def _collect(output: int, requests: int, deadline_s: float) -> tuple[str, bool]:
    """The end of what a process says until it is silent for good; True if the deadline came first."""
    until = time.monotonic() + deadline_s
    said = b""
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([output, requests], [], [], left)
        if requests in ready:  # nothing is asked before the answer is there: the other side has closed
            raise CallerGone
        if output in ready:
            chunk = os.read(output, CHUNK_BYTES)
            if not chunk:
                return said.decode("utf-8", "replace"), False
            said = (said + chunk)[-MAX_OUTPUT_BYTES:]
    return said.decode("utf-8", "replace"), True


def _kill(child: int) -> None:
    """End a process and all that it has started; those are in its group."""
    for kill in (os.killpg, os.kill):  # by its own number too: it may not have made its group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _kill_orphans() -> None:
    """End what has left its group and outlived its process: it is a child of this one now, where there is /proc."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):
        while orphans := children.read_text(encoding="ascii").split():
            for orphan in map(int, orphans):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _next(requests: int) -> Request | None:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(requests, CHUNK_BYTES)
        if not chunk:
            return None
        line += chunk
    request: Request = json.loads(line)
    return request


def _write(endings: int, message: Ending) -> None:
    _write_all(endings, json.dumps(message).encode() + b"\n")


def _write_all(target: int, content: bytes) -> None:
    while content:
        content = content[os.write(target, content) :]
