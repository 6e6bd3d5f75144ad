"""Studies of short sounds that run in this process, with stages that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipeline.run.executors.local import LocalExecutor
from pipeline.run.progress import RunSummary
from pipeline.run.runner import run_study
from pipeline.stage import Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import Study, load_study
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Double, Length

import numpy as np  # isort: skip

STAGES: tuple[type[Stage], ...] = (Download, Audio, Length, Double)
BY_NAME = {stage.name: stage for stage in STAGES}
SOURCE = '[[sources]]\nfolder = "clips"\n'
WORKERS = "[run]\nworkers = 0\n"


def four_sounds(folder: Path) -> Path:
    """A folder with clips of 1 to 4 s."""
    for number in range(4):
        write_wav(folder / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000 * (number + 1)))
    return folder


def load(folder: Path, extra: str = "", source: str = SOURCE) -> Study:
    return load_study(write_study(folder, source + WORKERS + extra), BY_NAME)


def go(study: Study, observer: Any = None, stages: Sequence[type[Stage]] = STAGES, **options: Any) -> RunSummary:
    return run_study(study, observer, executor=LocalExecutor(0), stages=stages, **options)


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()
