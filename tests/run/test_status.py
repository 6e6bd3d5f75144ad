"""Status: every clip stands in one group of each stage, under the study file as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.run.status import StageStatus, retryable, study_status
from pipeline.stage import Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Aside, Double, Length

STAGES: tuple[type[Stage], ...] = (Download, Audio, Length, Double, Aside)
TROUBLE = '[length]\ntrouble = "clip0=fail,clip1=fail,clip2=network"\n'
CLIPS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(CLIPS):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000))
    return tmp_path


def load(folder: Path, extra: str = TROUBLE) -> Study:
    body = f'[[sources]]\nfolder = "clips"\n[run]\nworkers = 0\n{extra}'
    return load_study(write_study(folder, body), {stage.name: stage for stage in STAGES})


def go(study: Study) -> None:
    run_study(study, executor=LocalExecutor(0), stages=STAGES)


def status(study: Study) -> dict[str, StageStatus]:
    return {line.stage: line for line in study_status(study, STAGES)}


@pytest.mark.slow
def test_failures_are_counted_by_reason_and_hold_up_those_that_need_the_stage(folder: Path) -> None:
    go(load(folder))
    found = status(load(folder))
    assert list(found) == [stage.name for stage in STAGES]
    assert found["length"] == StageStatus("length", 2, {"not_media": 2, "network": 1}, 0, 0)
    assert list(found["length"].failed) == ["not_media", "network"], "the most frequent first"
    assert retryable(found["length"].failed) == 1
    assert found["double"] == StageStatus("double", 2, {}, 0, 3)
    assert found["aside"] == StageStatus("aside", CLIPS, {}, 0, 0)


@pytest.mark.slow
def test_another_option_makes_a_stage_pending_and_those_after_it_not_reached(folder: Path) -> None:
    go(load(folder))
    found = status(load(folder, TROUBLE + "factor = 4\n"))
    assert found["audio"].done == CLIPS
    assert found["length"] == StageStatus("length", 0, {}, CLIPS, 0)
    assert found["double"] == StageStatus("double", 0, {}, 0, CLIPS)


@pytest.mark.slow
def test_the_last_attempt_counts(folder: Path) -> None:
    study = load(folder)
    go(study)
    go(load(folder, "[length]\nfactor = 4\n"))
    found = status(study)
    assert found["length"] == StageStatus("length", 0, {}, CLIPS, 0), "an older success no longer counts"
    store = Store(study.folder.working, STAGES)
    store.make_stale("audio", ["file:clip0.wav"])
    store.publish(study.folder.published)
    store.close()
    assert status(study)["audio"] == StageStatus("audio", CLIPS - 1, {}, 1, 0)


@pytest.mark.slow
def test_it_looks_without_importing_what_runs() -> None:
    code = """
import sys
import pipeline.cli.display, pipeline.study.retention_day, pipeline.run.status
heavy = ("torch", "ctranslate2", "pandas", "yt_dlp", "pipeline.run.runner", "pipeline.run.executors",
         "pipeline.results.export")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
