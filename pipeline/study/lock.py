"""One writer a study: the operating system releases the lock however its process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipeline.errors import StudyBusy
from pipeline.study.folder import StudyFolder


@contextmanager
def held(folder: StudyFolder) -> Iterator[None]:
    """Hold the lock of a study; `StudyBusy` if another run has it."""
    path = folder.lock
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        part = f"shard {folder.shard} of " if folder.shard else ""
        raise StudyBusy(
            f"another run is working on {part}the study {folder.name!r}: wait for it to end "
            "(`cliptone status` shows how far it is)"
        ) from error
    try:
        yield
    finally:
        lock.release()
