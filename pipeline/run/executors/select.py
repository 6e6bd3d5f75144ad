"""Which executor a study asks for, and how many workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.run.executors import Executor
from pipeline.run.executors.crash_marker import CrashMarker
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.study.config import Study, StudyFile
from pipeline.study.machine import cores


def executor_of(study: Study) -> Executor:
    """Where the stages of a study run, as its file says; joins or starts a Ray cluster where that is the engine."""
    options = study.file.run
    if options.engine == "local":
        count = workers_of(study.file)
        return LocalExecutor(count, CrashMarker(study.folder.crash_marker) if count == 0 else None)
    is_whole_cluster = options.ray.address is not None and options.workers == "auto"
    workers = None if is_whole_cluster else max(1, workers_of(study.file))
    return RayExecutor([study.folder.working.parent, *_folders(study.file)], options.ray, workers)


def workers_of(file: StudyFile) -> int:
    """How many worker processes a study uses: as its file says, or one a core."""
    named = file.run.workers
    if named != "auto":
        return named
    return cores()


def _folders(file: StudyFile) -> Iterator[Path]:
    """Every folder that stages read from, where the study file names it."""
    yield file.path.parent
    if file.models_folder:
        yield file.models_folder
    for source in file.sources:
        if source.folder:
            yield file.resolve(source.folder)
        if source.glob:
            yield file.resolve(source.glob.partition("*")[0] or ".").parent
