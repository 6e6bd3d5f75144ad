"""One call in a process group of its own: it answers, or nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.run.executors.isolated_call import Child
from tests.support.paths import ROOT


def double(number: int) -> int:
    return 2 * number


def own_group() -> bool:
    return os.getpgrp() == os.getpid()


def die() -> None:
    os.kill(os.getpid(), 9)


def hang_with_company(path: str) -> None:
    """Start another process that outlives its parent, and hang."""
    company = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(company.pid), encoding="utf-8")
    time.sleep(600)


def answer_with_company(path: str) -> int:
    company = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(company.pid), encoding="utf-8")
    return 7


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[1].split()[:1]:
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_it_answers_from_a_group_of_its_own() -> None:
    child = Child()
    assert child.call(double, (21,), 30) == 42
    assert child.call(own_group, (), 30)


def test_a_dead_process_is_said() -> None:
    with pytest.raises(ChildProcessError):
        Child().call(die, (), 30)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_beyond_the_deadline_everything_that_it_started_is_gone(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        Child().call(hang_with_company, (str(tmp_path / "pid"),), 1.0)
    assert time.monotonic() - started < 5
    assert gone(int((tmp_path / "pid").read_text(encoding="utf-8")))


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_nothing_is_left_behind_an_answer(tmp_path: Path) -> None:
    assert Child().call(answer_with_company, (str(tmp_path / "pid"),), 30) == 7
    assert gone(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_another_thread_can_stop_it(tmp_path: Path) -> None:
    child = Child()
    threading.Timer(0.5, child.stop).start()
    started = time.monotonic()
    with pytest.raises((TimeoutError, ChildProcessError)):
        child.call(hang_with_company, (str(tmp_path / "pid"),), 60)
    assert time.monotonic() - started < 5


KILLED = """
import sys
from pipeline.run.executors.isolated_call import Child
from tests.run.executors.test_isolated_call import hang_with_company
if __name__ == "__main__":
    Child().call(hang_with_company, (sys.argv[1],), 60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(KILLED, encoding="utf-8")
    root = str(ROOT)
    run = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pid")], env={**os.environ, "PYTHONPATH": root})
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    run.kill()
    run.wait()
    assert gone(int((tmp_path / "pid").read_text(encoding="utf-8")))
