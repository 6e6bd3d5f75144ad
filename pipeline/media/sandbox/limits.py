"""What a process that reads an untrusted file may use: memory, processor time, bytes on disk, and no network."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from contextlib import suppress

from pipeline.records import Seconds

MEMORY_BYTES = 2 << 30  # address space, of which a decoder of short clips uses a tenth
PROCESSOR_SHARE = 2.0  # seconds of processor time for each of the deadline, which is the tighter limit

try:
    import resource
except ImportError:  # on Windows the deadline is the only limit
    resource = None  # type: ignore[assignment]

# Linux, from linux/sched.h (CLONE_NEWUSER, CLONE_NEWNET) and linux/prctl.h (PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER,
# PR_SET_NO_NEW_PRIVS)
NEW_USERS, NEW_NETWORK = 0x10000000, 0x40000000
DIE_WITH_PARENT, ADOPT_ORPHANS, NO_NEW_RIGHTS = 1, 36, 38


def confine(deadline_s: Seconds, written_bytes: int) -> None:
    """Limit this process irrevocably: address space, processor time, size of files; no core dump, no new privileges.

    On Linux it is also killed when the process that started it ends.
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
    """On Linux, make this process the parent of its descendants whose own parent has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)


def has_limits() -> bool:
    """Whether this system can limit the resources of a process."""
    return resource is not None


def leave_network() -> bool:
    """Move this process, which must have one thread, into an empty network namespace; False where it cannot."""
    if sys.platform != "linux":
        return False
    # Tried in a child first: a process that fails between unshare() and its id maps can write no files any more.
    child = os.fork()
    if child == 0:
        os._exit(0 if _unshare_network() else 1)
    return os.waitpid(child, 0)[1] == 0 and _unshare_network()


def _unshare_network() -> bool:
    library = ctypes.CDLL(None)
    # Only root may do this without a user namespace; its rights to files stay as they are.
    if library.unshare(NEW_NETWORK) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if library.unshare(NEW_USERS | NEW_NETWORK) != 0:
        return False
    # In the new user namespace the process keeps its user and group, so files keep their owner.
    try:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is not needed here
                file.write(line)
    except OSError:
        return False
    return True
