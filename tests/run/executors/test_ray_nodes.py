"""A cluster of two nodes: what they give is what one machine gives, also when one of them is lost in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.errors import Reason, StageError, UserError
from pipeline.records import Clip, Outcome
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.run.executors.ray_cluster import LOOPBACK, SETTINGS
from pipeline.run.runner import run_study
from pipeline.stage import Result
from pipeline.study.config import RayOptions
from tests.conftest import Collecting
from tests.run.executors.test_ray_actors import MoreOptions, plan
from tests.support.demo_part import demo_part, rows_of_part
from tests.support.executors import clip
from tests.support.fake_stages import Length

# Not imported here: Ray reads its settings as it is imported.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install '.[ray]'"),
]

OBJECT_STORE_BYTES = 100 << 20
#: A lost node is noticed within a second or two, not in half a minute.
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 2,
}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster on the loopback address with one core: this machine's node."""
    for name, value in {**SETTINGS, **LOOPBACK}.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_system_config": QUICK_TO_NOTICE,
        },
    )
    yield made
    made.shutdown()


class Sight(Length):
    """Tells which GPUs its worker sees."""

    Options = MoreOptions

    def one(self, clip: Clip) -> Result:
        return StageError(Reason.NOT_MEDIA, os.environ.get("CUDA_VISIBLE_DEVICES", ""))


class Killer(Collecting):
    """Takes a node away once a stage has given its first outcome."""

    def __init__(self, cluster: Any, node: Any, stage: str) -> None:
        super().__init__()
        self._cluster, self._node, self._stage = cluster, node, stage

    def step(self, stage: str, outcome: Outcome, skipped: int) -> None:
        super().step(stage, outcome, skipped)
        if stage == self._stage and self._node is not None:
            node, self._node = self._node, None
            self._cluster.remove_node(node, allow_graceful=False)

    @property
    def is_done(self) -> bool:
        """Whether the node is gone."""
        return self._node is None


@pytest.mark.model
def test_a_node_lost_in_the_middle_costs_no_clip(
    tmp_path: Path, weights: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = demo_part(tmp_path / "alone")
    run_study(alone)
    losses: list[str] = []
    lost = RayExecutor._lost

    def note(self: RayExecutor, batch: Any, *rest: Any) -> list[Outcome]:
        losses.extend(clip.clip_id for clip in batch.clips) if batch else None
        return lost(self, batch, *rest)

    monkeypatch.setattr(RayExecutor, "_lost", note)
    second = cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE_BYTES)
    shared = demo_part(tmp_path / "shared", like=alone)
    shared.folder.working.parent.mkdir(parents=True, exist_ok=True)
    executor = RayExecutor([shared.folder.working.parent], RayOptions(address=cluster.address))
    assert executor._room[False] == 2
    killer = Killer(cluster, second, "evidence")
    run_study(shared, killer, executor=executor)
    assert killer.is_done
    assert losses, "a clip was on the node that went away"
    assert rows_of_part(shared) == rows_of_part(alone)


def test_a_node_that_does_not_see_the_study_ends_the_run_at_once(tmp_path: Path, cluster: Any) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(UserError, match=f"does not see {absent}"):
        RayExecutor([tmp_path, absent], RayOptions(address=cluster.address))
    assert not list(tmp_path.iterdir()), "nothing is left in the folder"


def test_a_node_that_joins_later_gets_work(tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.executors.ray_actors.LOOK_S", 0.2)
    executor = RayExecutor([tmp_path], RayOptions(address=cluster.address))
    outcomes = executor.map(plan(pause_s=0.2), (clip(f"clip{number}") for number in range(1_000)))
    assert next(outcomes).ok
    assert executor._room[False] == 1
    cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE_BYTES)
    until = time.monotonic() + 60
    while time.monotonic() < until and sum(worker.greeted for worker in executor._workers) < 2:
        assert next(outcomes).ok
    assert [worker.greeted for worker in executor._workers] == [True, True]
    outcomes.close()  # type: ignore[attr-defined]
    executor.close()


def test_stages_for_a_gpu_have_workers_of_their_own(tmp_path: Path, cluster: Any) -> None:
    executor = RayExecutor([tmp_path], RayOptions(address=cluster.address, gpus=0.5))
    with pytest.raises(UserError, match="no GPU, which stage length asks for"):
        list(executor.map(plan(Sight, device="cuda"), [clip("clip0")]))
    executor.close()
    cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=OBJECT_STORE_BYTES)
    executor = RayExecutor([tmp_path], RayOptions(address=cluster.address, gpus=0.5))
    assert executor._room == {False: 2, True: 2}, "two to a GPU"
    on_gpu, on_cpu = plan(Sight, device="cuda"), plan(Sight)
    seen: dict[str, set[str | None]] = {"cuda": set(), "cpu": set()}
    clips = [clip(f"clip{number}") for number in range(4)]
    for made, outcome in executor.map_all([(on_gpu, clips), (on_cpu, clips)]):
        seen["cuda" if made is on_gpu else "cpu"].add(outcome.message)
    executor.close()
    assert seen == {"cuda": {"0"}, "cpu": {""}}


@pytest.mark.model
def test_ctrl_c_ends_the_run_and_its_ray(tmp_path: Path, weights: Path) -> None:
    study = demo_part(tmp_path)
    command = [
        sys.executable,
        "-c",
        "from pipeline.cli import main; main()",
        "run",
        str(study.file.path),
        "--engine",
        "ray",
    ]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 120
    while not list((study.folder.root / "work").glob("audio/*.wav")) and time.monotonic() < until:
        time.sleep(0.1)
    mine = psutil.Process(process.pid).children(recursive=True)
    assert any("raylet" in child.name() for child in mine)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that it has started
    _, said = process.communicate(timeout=60)
    assert b"the next run goes on from here" in said
    assert b"Traceback" not in said
    _, left = psutil.wait_procs(mine, timeout=30)
    assert left == []
    assert run_study(study).passed
