"""A process with everything imported that forks a run of a study for each line it is told: starting one costs nothing.

`PROGRAM` serves; `Zygote` is the other end, in the tests.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import duckdb

from pipeline import stages as shipped
from pipeline.errors import DiskFull, StudyBusy, UserError
from pipeline.run import batch_writer
from pipeline.run.executors import isolated_call
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Stage
from pipeline.study.config import load_study
from tests.conftest import Collecting
from tests.support import rig
from tests.support.paths import ROOT
from tests.support.platform import crowd

#: The stages that a run can be told to have.
STAGES: dict[str, Sequence[type[Stage]]] = {
    "fakes": rig.STAGES,
    "fakes in batches": rig.IN_BATCHES,
    "collecting": crowd.STAGES,
    "shipped": shipped.STAGES,
}

PROGRAM = "from tests.support.zygote import serve; serve()"  # in no file: workers have none to import first
DISK_FULL, BUSY, MISTAKE, BROKEN = 74, 75, 2, 1
JUMPS_S = (-3_600, 0, 86_400)  # of the clock
JUMP_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Told:
    """What a run is to do, and what is to go wrong."""

    study: str
    command: Sequence[str] = ()  # of the command line, in place of a call of the runner
    says_into: str = ""  # a file for what it shows, and one with `.err` for what it complains of
    workers: int = 0
    stages: str = "fakes"
    as_its_file_says: bool = False  # the executor
    retry_failed: bool = False
    save_every_s: float | None = None
    publish_every_s: float | None = None
    start_at: float = 0.0  # monotonic
    fail_at: int = 0  # the call of the system that fails
    fail_with: int = 0
    fails_on: bool = False
    clock_jumps: bool = False
    count_into: str = ""  # a file for the number of calls of the system that can fail
    measure_into: str = ""  # a file for a line of memory and open files at every stage of a wave
    note_into: str = ""  # a file for a line at every step


class Measuring(Collecting):
    """Writes down how much the process holds, whenever a stage begins on a wave."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def stage(self, name: str) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        files = len(list(Path("/proc/self/fd").iterdir()))
        with self._path.open("a", encoding="ascii") as file:
            file.write(f"{pages * os.sysconf('SC_PAGE_SIZE')} {files}\n")

    def step(self, stage: str, outcome: Any, skipped: int) -> None:
        """Nothing is kept: this is about memory."""


class Noting(Collecting):
    """Writes down every step, so that others see how far the run is."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def step(self, stage: str, outcome: Any, spared: int) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{stage} {outcome.clip_id}\n")


def serve() -> None:
    """Fork a run for each line, and say its number; `wait NUMBER` says how it ended."""
    _start_forkserver()
    for line in sys.stdin:
        if line.startswith("wait"):
            _, status = os.waitpid(int(line.split()[1]), 0)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
            sys.stdout.flush()
            continue
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)
            forkserver._forkserver.ensure_running = lambda: None  # that of this process's parent serves it too
            code = BROKEN
            try:
                told = Told(**json.loads(line))
                code = run_command(told) if told.command else run(told)
            finally:
                os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _start_forkserver() -> None:
    """Start the server that forks isolated calls, once for all runs: each would import everything anew."""
    isolated_call._context()
    forkserver.ensure_running()


def run(told: Told) -> int:
    """Run a study as told; gives the exit code."""
    if told.save_every_s is not None:
        batch_writer.SAVE_EVERY_S = told.save_every_s
    if told.publish_every_s is not None:
        batch_writer.PUBLISH_EVERY_S, batch_writer.PUBLISH_SHARE = told.publish_every_s, 1.0
    shim: Any = ctypes.CDLL(None)
    stages = STAGES[told.stages]
    study = load_study(Path(told.study), {stage.name: stage for stage in stages})
    time.sleep(max(0.0, told.start_at - time.monotonic()))
    if told.clock_jumps:
        threading.Thread(target=_jump, args=(shim,), daemon=True).start()
    if told.fail_at or told.count_into:
        shim.shim_arm(ctypes.c_long(told.fail_at), told.fail_with, int(told.fails_on))
    code = 0
    try:
        executor = None if told.as_its_file_says else LocalExecutor(told.workers)
        run_study(study, _watcher(told), retry_failed=told.retry_failed, executor=executor, stages=stages)
    except DiskFull:
        code = DISK_FULL
    except StudyBusy:
        code = BUSY
    except (UserError, OSError, duckdb.Error) as error:
        sys.stderr.write(f"{type(error).__name__}: {str(error).splitlines()[0]}\n")
        code = MISTAKE if isinstance(error, UserError) else BROKEN
    if told.count_into:
        calls = int(shim.shim_calls())
        shim.shim_arm(ctypes.c_long(0), 0, 0)
        Path(told.count_into).write_text(str(calls), encoding="ascii")
    return code


def run_command(told: Told) -> int:
    """Run a command as told, as a process of its own would; gives the exit code."""
    from pipeline.cli import main

    for number, path in ((1, told.says_into), (2, f"{told.says_into}.err")):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    stages = STAGES[told.stages]
    shipped.BY_NAME = {stage.name: stage for stage in stages}
    run_study.__defaults__ = (None, (), False, None, stages)
    sys.argv = ["cliptone", *told.command]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return int(str(code))


def _watcher(told: Told) -> Collecting | None:
    if told.measure_into:
        return Measuring(Path(told.measure_into))
    return Noting(Path(told.note_into)) if told.note_into else None


def _jump(shim: Any) -> None:
    while True:
        for offset in JUMPS_S:
            shim.shim_clock(ctypes.c_long(offset))
            time.sleep(JUMP_EVERY_S)


class Zygote:
    """The process that forks; runs that are still there end with it."""

    def __init__(self, shim: Path | None = None, environment: dict[str, str] | None = None) -> None:
        preload = {"LD_PRELOAD": str(shim)} if shim else {}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT, env={**os.environ, **preload, **(environment or {})},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._running: set[int] = set()

    def fork(self, study: Any, **told: Any) -> int:
        """Begin a run; gives the number of its process."""
        pid = self._ask(json.dumps({"study": str(study.file.path), **told}))
        self._running.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """The exit code of a run, once it has ended; negative for a signal."""
        self._running.discard(pid)
        return self._ask(f"wait {pid}")

    def run(self, study: Any, **told: Any) -> int:
        """Run a study to its end; gives the exit code."""
        return self.wait(self.fork(study, **told))

    def close(self) -> None:
        """End it."""
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
