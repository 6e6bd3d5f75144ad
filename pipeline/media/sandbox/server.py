"""The server of the sandbox: runs each request in a limited process, and kills that with all that it has started.

It reads no media itself, so nothing in a file can change how it treats the next one. Requests and endings are lines
of JSON; it exits when the client closes the pipe.
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

EXECUTE = "execute"  # the call whose arguments are a command; every other is one of `worker.CALLS`
MAX_OUTPUT_BYTES = 65_536  # of a process's output, counted from its end
CHUNK_BYTES = 65_536
REQUESTS, ENDINGS = 0, 1  # file descriptors
MOST_FILES = 65_536  # descriptors that a child closes at most
FAILED = 70  # exit code of a call that raised an unexpected error

Request = dict[str, Any]
Ending = dict[str, Any]


class CallerGone(Exception):
    """The client has closed the pipe: nobody waits for the answer."""


def main() -> None:
    """Serve on standard input and output until the client closes them."""
    serve(REQUESTS, ENDINGS)


def take_over(requests: int, endings: int) -> None:
    """Turn a forked process into a server that keeps no file of its parent open."""
    os.dup2(requests, REQUESTS)
    os.dup2(endings, ENDINGS)
    _close_inherited(os.open(os.devnull, os.O_WRONLY), first=2)
    main()


def serve(requests: int, endings: int) -> None:
    """Send what the sandbox enforces, then answer one request after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what Ctrl-C means
    # Before PyAV is imported, which may start threads: a process with several cannot leave the network.
    offline = limits.leave_network()
    limits.adopt_orphans()
    with contextlib.suppress(CallerGone, OSError):
        _write_message(endings, {"offline": offline, "limited": limits.has_limits()})
        # Imported once, before any fork.
        import av  # noqa: F401 - for the processes that are forked from here

        while (request := _read_request(requests)) is not None:
            _write_message(endings, run(request, requests))


def run(request: Request, requests: int) -> Ending:
    """Run one request in a process of its own: the end of its output, its exit code (negative: a signal), and whether
    the deadline ended it. Raises `CallerGone`, with nothing left alive, when the client is gone.
    """
    if not hasattr(os, "fork"):
        return run_unlimited(request)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _run_confined(request, theirs)
    os.close(theirs)
    late = True
    try:
        output, late = _collect_output(ours, requests, request["deadline_s"])
    finally:
        os.close(ours)
        _kill_group(child)
        # A descendant becomes a child of this process when its parent has ended, so orphans are killed after this wait.
        _, status, usage = os.wait4(child, 0)
        _kill_orphans()
    code = os.waitstatus_to_exitcode(status)
    return {"output": output, "code": code, "late": late, "peak_kib": usage.ru_maxrss}


def run_unlimited(request: Request) -> Ending:
    """Run one request on a system without fork: the client keeps the deadline, and kills this process at it."""
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


def _run_confined(request: Request, output: int) -> None:
    """The body of a limited process: confine itself, run the request and exit; it never returns."""
    try:
        # A session of its own is a process group that can be killed as a whole.
        os.setsid()
        _close_inherited(output)
        limits.confine(request["deadline_s"], request["written_bytes"])
        if request["call"] == EXECUTE:
            os.execv(request["arguments"][0], request["arguments"])  # noqa: S606 - no shell is what is wanted
        _write_bytes(2, worker.answer(request["call"], request["arguments"]))
        # _exit: a fork must neither return into the server's loop nor run its exit handlers.
        os._exit(0)
    # An error that nobody foresaw is reported as output, and costs one file.
    except Exception as error:
        _write_bytes(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(FAILED)


def _close_inherited(output: int, first: int = 0) -> None:
    """Close what was inherited: descriptors from `first` to 1 become the null device, 2 becomes `output`."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(first, 2):
        os.dup2(nowhere, number)
    os.dup2(output, 2)
    os.closerange(3, min(os.sysconf("SC_OPEN_MAX"), MOST_FILES))


def _collect_output(output: int, requests: int, deadline_s: float) -> tuple[str, bool]:
    """The last `MAX_OUTPUT_BYTES` of a process's output until it closes it; True if the deadline came first."""
    until = time.monotonic() + deadline_s
    said = b""
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([output, requests], [], [], left)
        # The client sends nothing before it has its answer: a readable pipe means that it was closed.
        if requests in ready:
            raise CallerGone
        if output in ready:
            chunk = os.read(output, CHUNK_BYTES)
            if not chunk:
                return said.decode("utf-8", "replace"), False
            said = (said + chunk)[-MAX_OUTPUT_BYTES:]
    return said.decode("utf-8", "replace"), True


def _kill_group(child: int) -> None:
    """Kill a process and its group, in which are the processes that it has started."""
    # By its own pid too: it may not have made its group yet.
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _kill_orphans() -> None:
    """Kill descendants that left the group and outlived their parent; needs /proc."""
    # `adopt_orphans` has made them children of this process.
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):
        while orphans := children.read_text(encoding="ascii").split():
            for orphan in map(int, orphans):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _read_request(requests: int) -> Request | None:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(requests, CHUNK_BYTES)
        if not chunk:
            return None
        line += chunk
    request: Request = json.loads(line)
    return request


def _write_message(endings: int, message: Ending) -> None:
    _write_bytes(endings, json.dumps(message).encode() + b"\n")


def _write_bytes(target: int, content: bytes) -> None:
    while content:
        content = content[os.write(target, content) :]
