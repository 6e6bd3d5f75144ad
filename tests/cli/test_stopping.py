"""Stopping a run: by signals, after a time, within seconds, with the exit code that says which it was."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipeline.cli.stopping import Terminated, TimeUp, after, on_sigterm, seconds_of
from pipeline.errors import UserError
from pipeline.store.signals import uninterrupted
from pipeline.study.config import Study
from tests.support.rig import calls, study_of, until
from tests.support.zygote import Zygote

WITHIN_S = 30.0  # 5 s on a machine of its own; tests share theirs with others

CLIPS = 20


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1_800), ("8h", 28_800), ("1.5d", 129_600)])
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["8", "h", "-1h", "0s", "1w", "8 hours", ""])
def test_what_is_no_duration_is_said(text: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"{text!r} ") + ".* 8h"):
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


@dataclass(frozen=True)
class Command:
    """The command at work on a study whose clips take their time, in a process of its own."""

    zygote: Zygote
    study: Study
    pid: int
    said: Path

    def wait_for_work(self, clips: int) -> None:
        """Until the slow stage is at work on that many clips."""
        assert until(lambda: sum(call.startswith("length") for call in calls(self.study)) >= clips)

    def end(self) -> tuple[int, str, str]:
        """Its exit code, what it showed and what it complained of, once it has ended."""
        code = self.zygote.wait(self.pid)
        return code, self.said.read_text("utf-8"), self.said.with_name("said.err").read_text("utf-8")


@pytest.fixture
def started(zygote: Zygote, tmp_path: Path) -> Callable[..., Command]:
    def start(*options: str, pause_s: float = 1.0) -> Command:
        study = study_of(tmp_path / "study", CLIPS, f"[run]\nworkers = 2\n[length]\npause_s = {pause_s}\n")
        said = tmp_path / "said"
        return Command(
            zygote,
            study,
            zygote.fork(study, command=["run", str(study.file.path), *options], says_into=str(said)),
            said,
        )

    return start


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_within_five_seconds_and_what_was_done_is_published(
    started: Callable[..., Command], number: signal.Signals, code: int
) -> None:
    command = started()
    command.wait_for_work(4)
    began = time.monotonic()
    os.kill(command.pid, number)
    ended, _, complaint = command.end()
    assert time.monotonic() - began < WITHIN_S
    assert ended == code, complaint
    assert "cliptone: stopped" in complaint
    assert "Traceback" not in complaint
    sql = "SELECT (SELECT count(*) FROM audio), count(*) FROM lengths"
    with duckdb.connect(str(command.study.folder.published), read_only=True) as connection:
        decoded, lengths = connection.execute(sql).fetchall()[0]
    assert decoded == CLIPS
    assert 0 < lengths < CLIPS


@pytest.mark.slow
def test_the_second_signal_stops_at_once(started: Callable[..., Command]) -> None:
    command = started(pause_s=30.0)
    command.wait_for_work(2)
    os.kill(command.pid, signal.SIGTERM)
    time.sleep(0.2)  # it waits for its workers now
    began = time.monotonic()
    os.kill(command.pid, signal.SIGTERM)
    ended, _, complaint = command.end()
    assert time.monotonic() - began < WITHIN_S / 3
    assert ended == 143, complaint


@pytest.mark.slow
def test_a_run_stops_after_its_time_and_that_is_no_failure(started: Callable[..., Command]) -> None:
    ended, said, complaint = started("--stop-after", "3s", pause_s=30.0).end()
    assert ended == 0, complaint
    assert "The time is up" in said
    assert complaint == ""
