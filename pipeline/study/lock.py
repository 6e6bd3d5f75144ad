"""One writer a study: the lock goes with the process, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipeline.errors import StudyBusy
from pipeline.study.config import Study


@contextmanager
def held(study: Study) -> Iterator[None]:
    """Hold a study; `StudyBusy` if another run does."""
    path = study.working.with_name("run.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        part = f"shard {study.shard} of " if study.shard else ""
        raise StudyBusy(
            f"another run holds {part}the study {study.name!r}: wait for it to end "
            "(`cliptone status` shows how far it is)"
        ) from error
    try:
        yield
    finally:
        lock.release()
