"""Stopping a run: by signals, after a time, within seconds, with the exit code that says which it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipeline.cli.stopping import Terminated, TimeUp, after, on_sigterm, seconds_of
from pipeline.errors import UserError
from pipeline.store.signals import uninterrupted
from pipeline.study.config import Study
from tests.support.paths import ROOT
from tests.support.rig import calls, study_of, until

WITHIN_S = 15.0  # 5 s on a machine of its own; tests share theirs with others

#: The command with stages that take their time.
COMMAND = """
import pipeline.run.runner, pipeline.stages
from tests.support.rig import BY_NAME, STAGES
pipeline.stages.BY_NAME = BY_NAME
pipeline.run.runner.run_study.__defaults__ = (None, (), False, None, STAGES)
if __name__ == "__main__":
    from pipeline.cli import main
    main()
"""
CLIPS = 20


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1_800), ("8h", 28_800), ("1.5d", 129_600)])
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["8", "h", "-1h", "0s", "1w", "8 hours", ""])
def test_what_is_no_duration_is_said(text: str) -> None:
    with pytest.raises(UserError, match="as in 8h"):
        seconds_of(text)


def test_sigterm_is_told_from_the_end_of_the_time() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with on_sigterm() as heard:
        with pytest.raises(Terminated), after(60):
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard.is_set()
    with on_sigterm() as heard:
        with pytest.raises(TimeUp), after(0.1):
            [time.sleep(0.01) for _ in range(3_000)]
        assert not heard.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_end_of_the_time_waits_for_a_transaction() -> None:
    reached: list[str] = []

    def work() -> None:
        with after(0.05), uninterrupted():
            time.sleep(0.3)
            reached.append("the end")

    with pytest.raises(TimeUp):
        work()
    assert reached == ["the end"]


def test_a_block_that_is_left_in_time_is_not_stopped_later() -> None:
    with after(0.1):
        pass
    time.sleep(0.2)


def started(folder: Path, *options: str, pause_s: float = 1.0) -> tuple[Study, subprocess.Popen[str]]:
    """The command at work on a study whose clips take their time."""
    study = study_of(folder / "study", CLIPS, f"[run]\nworkers = 2\n[length]\npause_s = {pause_s}\n")
    (folder / "command.py").write_text(COMMAND, encoding="utf-8")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    process = subprocess.Popen(
        [sys.executable, str(folder / "command.py"), "run", str(study.file.path), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    return study, process


def wait_for_work(study: Study, clips: int = 4) -> None:
    """Until the slow stage is at work on that many clips."""
    assert until(lambda: sum(call.startswith("length") for call in calls(study)) >= clips)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_within_five_seconds_and_what_was_done_is_published(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    study, process = started(tmp_path)
    wait_for_work(study)
    began = time.monotonic()
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert time.monotonic() - began < WITHIN_S
    assert process.returncode == code, complaint
    assert "the next run goes on" in complaint
    assert "Traceback" not in complaint
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        decoded, lengths = connection.execute("SELECT (SELECT count(*) FROM audio), count(*) FROM lengths").fetchall()[
            0
        ]
    assert decoded == CLIPS
    assert 0 < lengths < CLIPS


@pytest.mark.slow
def test_the_second_signal_stops_at_once(tmp_path: Path) -> None:
    study, process = started(tmp_path, pause_s=30.0)
    wait_for_work(study, 2)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)  # it waits for its workers now
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=60)
    assert time.monotonic() - began < WITHIN_S / 3
    assert process.returncode == 143, complaint


@pytest.mark.slow
def test_a_run_stops_after_its_time_and_that_is_no_failure(tmp_path: Path) -> None:
    _, process = started(tmp_path, "--stop-after", "5s", pause_s=30.0)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert "The time is up" in said
    assert complaint == ""
