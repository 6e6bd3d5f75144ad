"""kill -9 at random moments, then `cliptone run`: the tables end as those of an undisturbed run."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.run.runner import run_study
from pipeline.stages import BY_NAME, STAGES
from pipeline.study.config import Study, load_study
from tests.conftest import write_study

pytestmark = [pytest.mark.model, pytest.mark.slow]

KILLS = 10
BETWEEN_S = (1.0, 6.0)  # from the start of the process to the kill
CLIPS = ("english_quick", "silence", "no_audio", "spanish")


def study_of(folder: Path, demo_clips: Path) -> Study:
    (folder / "clips").mkdir(parents=True)
    for name in CLIPS:
        shutil.copy(demo_clips / f"{name}.mp4", folder / "clips")
    return load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n'), BY_NAME)


def content(study: Study) -> dict[str, list[Any]]:
    with duckdb.connect(str(study.published), read_only=True) as connection:
        tables = ["clips", *(kind.table for stage in STAGES for kind in stage.tables)]
        return {table: connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables}


def killed_or_done(study: Study, seconds: float) -> bool:
    """Run the command on a study; True if it was still at work after that time, and was killed with all it had."""
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "run", str(study.path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def test_killed_at_ten_random_points(tmp_path: Path, demo_clips: Path, weights: Path) -> None:
    undisturbed = study_of(tmp_path / "undisturbed", demo_clips)
    run_study(undisturbed)
    wanted = content(undisturbed)
    moments, kills, study = random.Random(20), 0, study_of(tmp_path / "killed0", demo_clips)
    while kills < KILLS:
        if killed_or_done(study, moments.uniform(*BETWEEN_S)):
            kills += 1
        else:  # it came through in spite of all: the next kills meet a new one
            assert content(study) == wanted
            study = study_of(tmp_path / f"killed{kills}", demo_clips)
    run_study(study)
    assert content(study) == wanted
    assert run_study(study).idle
    assert not list((study.output / "work").rglob("*.part"))
