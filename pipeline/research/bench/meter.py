"""What a command costs: wall time, processor time and peak memory of the whole tree of its processes."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.errors import CliptoneError
from pipeline.records import Seconds

LOOK_S: Seconds = 0.25  # between two measurements of the memory
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command took."""

    wall_s: Seconds
    cpu_s: Seconds  # of it and all processes that it started
    peak_mib: float  # memory of the tree, what processes share counted once (PSS)


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end and measure it; `CliptoneError` with the end of its output when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **environment})
        peak = _Peak(process.pid)
        peak.start()
        code = process.wait()
    wall_s = time.perf_counter() - began
    peak.ended.set()
    peak.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        raise CliptoneError(f"{' '.join(command[:4])} … failed: {log.read_text(errors='replace')[-600:]}")
    return Cost(wall_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, peak.mib)


class _Peak(threading.Thread):
    """Measures the memory of a tree of processes every `LOOK_S`, and keeps the maximum."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self.ended = threading.Event()
        self.mib = 0.0

    def run(self) -> None:
        while not self.ended.wait(LOOK_S):
            with contextlib.suppress(psutil.Error):
                self.mib = max(self.mib, sum(map(_memory, self._tree())) / MIB)

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]


def _memory(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        found = process.memory_full_info()
        return int(getattr(found, "pss", found.uss))  # only Linux reports PSS, which counts shared memory once
    return 0
