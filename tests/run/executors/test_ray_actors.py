"""Actors of a Ray on this machine: lost workers, GPUs, order, and a Ray that ends with the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import Field

from pipeline.errors import Reason, StageError, UserError
from pipeline.records import Clip
from pipeline.run.executors.local import ENVIRONMENT, LocalExecutor
from pipeline.run.executors.ray_actors import TRIES, Batch, Queue, RayExecutor, wants_gpu
from pipeline.stage import Result, Setting, Stage, StagePlan, plan_stage
from pipeline.study.config import RayOptions
from tests.support.executors import NAMES, clip, outcomes
from tests.support.fake_stages import Aside, AsideRow, Batched, Length, LengthOptions, LengthRow

# Not imported here: Ray reads its settings as it is imported.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install '.[ray]'"),
]


class MoreOptions(LengthOptions):
    """Options of the stages below."""

    device: str = Field("cpu", description="where it runs")
    folder: str = Field("", description="where marks are left")


class Unlucky(Length):
    """Loses its worker at the first try of each clip, as on a node that goes away."""

    Options = MoreOptions
    options: MoreOptions

    def one(self, clip: Clip) -> Result:
        mark = Path(self.options.folder) / clip.clip_id
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().one(clip)


class Surroundings(Length):
    """Tells what its worker's environment is."""

    Options = MoreOptions

    def one(self, clip: Clip) -> Result:
        return StageError(Reason.NOT_MEDIA, ", ".join(f"{name}={os.environ.get(name)}" for name in ENVIRONMENT))


def plan(stage: type[Stage] = Length, **options: object) -> StagePlan:
    made = MoreOptions(**options)  # type: ignore[arg-type]
    return plan_stage(stage, made, Setting(), {}, {"audio": "x"})


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    made = RayExecutor([], RayOptions(), 2)
    yield made
    made.close()


def test_of_a_clip_that_kills_every_worker_it_says_how_many(executor: RayExecutor) -> None:
    found = outcomes(executor, plan(Batched, trouble="clip2=die"), NAMES)
    assert f"{TRIES} workers" in (found["clip2"].message or "")


def test_clips_of_a_lost_worker_go_to_another(executor: RayExecutor, tmp_path: Path) -> None:
    found = outcomes(executor, plan(Unlucky, folder=str(tmp_path)), NAMES[:2])
    assert all(outcome.ok for outcome in found.values())
    assert found["clip1"].rows == (LengthRow("clip1", 4, None),)


def test_stages_that_do_not_need_each_other_run_side_by_side(executor: RayExecutor) -> None:
    until = time.monotonic() + 60
    while sum(worker.greeted for worker in executor._workers) < 2 and time.monotonic() < until:
        outcomes(executor, plan(pause_s=0.1), NAMES)  # tests before may have cost a worker
    slow, quick = plan(pause_s=1.5), plan(Aside)
    clips = [clip(name) for name in NAMES[:3]]
    came = list(executor.map_all([(slow, clips), (quick, clips)]))
    assert sorted((plan.name, outcome.clip_id) for plan, outcome in came) == sorted(
        (name, clip_id) for name in ("length", "aside") for clip_id in NAMES[:3]
    )
    assert all(isinstance(outcome.rows[0], AsideRow if plan is quick else LengthRow) for plan, outcome in came)
    order = [plan for plan, _ in came]
    assert order.index(quick) < len(order) - 1 - order[::-1].index(slow), "the quick stage waits for no slow clip"


def test_work_that_nobody_waits_for_any_more_is_not_mixed_with_the_next(executor: RayExecutor) -> None:
    first = executor.map(plan(pause_s=0.3), [clip(name) for name in NAMES])
    assert next(first).ok
    first.close()  # type: ignore[attr-defined]
    assert set(outcomes(executor, plan(factor=3), ["other"])) == {"other"}


def test_numbers_are_those_of_this_machine_as_its_environment_is(executor: RayExecutor) -> None:
    local = LocalExecutor(1)
    try:
        here = outcomes(local, plan(Surroundings), ["clip0"])
    finally:
        local.close()
    assert outcomes(executor, plan(Surroundings), ["clip0"])["clip0"].message == here["clip0"].message
    assert "OMP_NUM_THREADS=1" in (here["clip0"].message or "")


def test_a_stage_for_a_gpu_asks_for_one(executor: RayExecutor) -> None:
    assert wants_gpu(plan(device="cuda"))
    assert wants_gpu(plan(device="cuda:1"))
    assert not wants_gpu(plan(device="cpu"))
    assert not wants_gpu(plan_stage(Aside, Aside.Options(), Setting(), {}, {"audio": "x"}))
    executor._room[True] = 0
    executor._looked_at = time.monotonic()
    with pytest.raises(UserError, match="no GPU, which stage length asks for"):
        list(executor.map(plan(device="cuda"), [clip("clip0")]))


def test_waves_grow_with_the_cluster(executor: RayExecutor) -> None:
    assert executor.chunk_clips >= LocalExecutor.chunk_clips


def test_what_lost_its_worker_comes_first() -> None:
    one, two, again = (Batch(plan(), [clip(name)]) for name in NAMES[:3])
    queue = Queue(iter([one, two]))
    assert queue.take() is one
    queue.put_back([again])
    assert queue.first is again
    assert [queue.take(), queue.take()] == [again, two]
    assert queue.first is None


OWN_RAY = """
import psutil
from pipeline.study.config import RayOptions
from pipeline.run.executors.ray_actors import RayExecutor
made = RayExecutor([], RayOptions(), 1)
mine = psutil.Process().children(recursive=True)
session = made._cluster._session
there = session.is_dir()
doors = [door for process in (psutil.Process(), *mine) for door in process.net_connections("inet")]
made.close()
_, left = psutil.wait_procs(mine, timeout=20)
heard_at = {door.laddr.ip.removeprefix("::ffff:") for door in doors}
print(there, session.exists(), len(mine) > 1, len(left), *heard_at)
"""


def test_a_ray_of_our_own_is_silent_listens_to_this_machine_alone_and_ends_with_the_run() -> None:
    """In a process of its own: one process holds one Ray."""
    ended = subprocess.run([sys.executable, "-c", OWN_RAY], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.strip() == "True False True 0 127.0.0.1"
    assert not ended.stderr.strip()
