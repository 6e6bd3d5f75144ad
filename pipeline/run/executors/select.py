"""Which executor a study asks for, and how many workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.run.executors import Executor
from pipeline.run.executors.crash_marker import FILE as IN_HAND
from pipeline.run.executors.crash_marker import CrashMarker
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.study.config import Study


def executor_of(study: Study) -> Executor:
    """Where the stages of a study run, as its file says; joins or starts a Ray cluster where that is the engine."""
    options = study.file.run
    if options.engine == "local":
        count = workers_of(study)
        return LocalExecutor(count, CrashMarker(study.working.with_name(IN_HAND)) if count == 0 else None)
    is_whole_cluster = options.ray.address is not None and options.workers == "auto"
    workers = None if is_whole_cluster else max(1, workers_of(study))
    return RayExecutor([study.working.parent, *_folders(study)], options.ray, workers)


def workers_of(study: Study) -> int:
    """How many worker processes a study uses: as its file says, or one a core."""
    named = study.file.run.workers
    if named != "auto":
        return named
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _folders(study: Study) -> Iterator[Path]:
    """Every folder that stages read from, where the study file names it."""
    yield study.path.parent
    if study.models_folder:
        yield study.models_folder
    for source in study.file.sources:
        if source.folder:
            yield study.resolve(source.folder)
        if source.glob:
            yield study.resolve(source.glob.partition("*")[0] or ".").parent
