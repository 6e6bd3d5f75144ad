"""Worker processes: what ends one, what it says of a clip, and how batches are tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from pipeline.errors import Reason
from pipeline.records import Clip
from pipeline.run.executors.local import LocalExecutor
from pipeline.stage import Result, Stage
from tests.support.executors import NAMES, clip, outcomes, plan
from tests.support.fake_stages import Batched, Length


@pytest.fixture
def workers() -> Iterator[LocalExecutor]:
    made = LocalExecutor(2)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("stage", [Length, Batched])
@pytest.mark.parametrize("ending", ["die", "crash", "exit"])
def test_a_clip_that_ends_every_worker_is_left_alone_and_costs_no_other(
    workers: LocalExecutor, stage: type[Stage], ending: str
) -> None:
    found = outcomes(workers, plan(stage, trouble=f"clip2={ending}"), NAMES)
    assert {name for name, outcome in found.items() if not outcome.ok} == {"clip2"}
    assert found["clip2"].reason == Reason.QUARANTINED
    said = {"die": "SIGKILL", "crash": "signal 11", "exit": "exit code 3"}[ending]
    assert "3 worker" in (found["clip2"].message or "")
    assert said in (found["clip2"].message or "")


@pytest.mark.slow
def test_what_ends_a_worker_once_is_the_fault_of_the_machine(workers: LocalExecutor) -> None:
    running = workers.map(plan(pause_s=0.2), [clip(name) for name in NAMES])
    first = next(running)
    for worker in workers._workers:
        worker.process.kill()
    found = {outcome.clip_id: outcome for outcome in [first, *running]}
    assert sorted(found) == NAMES
    assert all(outcome.ok for outcome in found.values())


@pytest.mark.parametrize(("trouble", "sizes"), [("memory", {3, 1, 2}), ("native memory", {3, 1, 2}), ("raise", {3, 1})])
def test_a_batch_that_finds_too_little_memory_is_tried_in_halves(trouble: str, sizes: set[int]) -> None:
    seen: list[int] = []

    class Watched(Batched):
        def __call__(self, batch: Sequence[Clip]) -> list[Result]:
            seen.append(len(batch))
            return super().__call__(batch)

    found = outcomes(LocalExecutor(0), plan(Watched, trouble=f"clip1={trouble}"), NAMES)
    assert sum(outcome.ok for outcome in found.values()) == len(NAMES) - 1
    assert set(seen[:4]) == sizes
    if "memory" in trouble:
        assert found["clip1"].reason == Reason.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("CUDA failed with error out of memory"), True),
        (RuntimeError("Failed to allocate memory for requested buffer of size 8"), True),
        (RuntimeError("std::bad_alloc"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("the model has no memory of it"), False),
        (ValueError("out of memory"), False),
        (OSError(5, "Input/output error"), False),
    ],
)
def test_what_native_libraries_say_of_memory_is_understood(error: Exception, is_one: bool) -> None:
    class Raising(Length):
        def one(self, clip: Clip) -> Result:
            raise error

    found = outcomes(LocalExecutor(0), plan(Raising), NAMES[:1])
    assert found["clip0"].reason == (Reason.OUT_OF_MEMORY if is_one else Reason.INTERNAL_ERROR)


def test_workers_leave_when_asked(workers: LocalExecutor) -> None:
    outcomes(workers, plan(), NAMES[:2])
    processes = [worker.process for worker in workers._workers]
    workers.close()
    assert not any(process.is_alive() for process in processes)


def test_no_clips_no_workers(workers: LocalExecutor) -> None:
    assert list(workers.map(plan(), [])) == []
    assert workers._workers == []
