"""What a process that reads a stranger's file may use: memory, processor time, bytes on disk, and no network."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from contextlib import suppress

from pipeline.records import Seconds

MEMORY_BYTES = 2 << 30  # address space, of which a decoder of short clips uses a tenth
PROCESSOR_SHARE = 2.0  # seconds of processor time for one of the deadline: the deadline decides, this is what is left

try:
    import resource
except ImportError:  # there the deadline is the only limit
    resource = None  # type: ignore[assignment]

# Linux, from linux/sched.h and linux/prctl.h
NEW_USERS, NEW_NETWORK = 0x10000000, 0x40000000
DIE_WITH_PARENT, ADOPT_ORPHANS, NO_NEW_RIGHTS = 1, 36, 38


def confine(deadline_s: Seconds, written_bytes: int) -> None:
    """Limit this process for good: address space, processor time, size of what it writes; no core dump, no new rights.

    On Linux it also dies with the process that started it.
    """
    seconds = math.ceil(deadline_s * PROCESSOR_SHARE)
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: written_bytes,
        resource.RLIMIT_AS: MEMORY_BYTES,
    }
    for limit, value in wanted.items():
        with suppress(ValueError, OSError):  # one that this system does not know, or that is stricter already
            resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.prctl(DIE_WITH_PARENT, signal.SIGKILL)
        library.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0)


def adopt_orphans() -> None:
    """Make this process, on Linux, the parent of whatever the processes that it starts leave behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)


def has_limits() -> bool:
    """Whether this system limits what a process uses."""
    return resource is not None


def leave_network() -> bool:
    """Move this process, which has one thread, into a network of its own without a way out; False where it cannot.

    Tried in a child first: a move that ends half-way would leave a process that can write no files.
    """
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        os._exit(0 if _leave() else 1)
    return os.waitpid(child, 0)[1] == 0 and _leave()


def _leave() -> bool:
    library = ctypes.CDLL(None)
    if library.unshare(NEW_NETWORK) == 0:  # allowed to the administrator, whose rights to files stay as they are
        return True
    user, group = os.getuid(), os.getgid()
    if library.unshare(NEW_USERS | NEW_NETWORK) != 0:
        return False
    try:  # files are written as the same user and group
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is not needed here
                file.write(line)
    except OSError:
        return False
    return True
