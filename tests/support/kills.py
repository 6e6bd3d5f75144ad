"""Kill -9 of whole runs, at points of their progress."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.study.config import Study
from tests.support.rig import until
from tests.support.zygote import Zygote

AFTER_S = 0.05  # at most, from the point of its progress to the kill


def run_and_kill(
    zygote: Zygote, study: Study, goals: Sequence[int], progress: Callable[[], int], draw: random.Random, **told: Any
) -> int:
    """Run a study, kill -9 it whenever its progress exceeds a goal, let the last run end; how often it was killed."""
    kills = 0
    while True:
        run = zygote.fork(study, **told)
        if kills < len(goals):
            goal = goals[kills]
            assert until(lambda goal=goal, run=run: progress() > goal or not is_alive(run))
            time.sleep(draw.uniform(0, AFTER_S))
            os.kill(run, signal.SIGKILL)
        code = zygote.wait(run)
        if code == 0:
            return kills
        assert code == -signal.SIGKILL
        kills += 1


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that nobody has waited for is not gone."""
    return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
