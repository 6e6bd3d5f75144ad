"""Worker processes: one outcome a clip whatever a stage does, and one bad clip costs one clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.errors import ModelMissing, Reason
from pipeline.records import AudioRow, Clip, Outcome, Source
from pipeline.run.executors.local import LocalExecutor
from pipeline.stage import Result, Setting, Stage, StagePlan, plan_stage
from tests.support.fake_stages import Batched, Length, LengthOptions, LengthRow, Unbuildable


@pytest.fixture(params=[0, 2], ids=["in this process", "two workers"])
def executor(request: pytest.FixtureRequest) -> Iterator[LocalExecutor]:
    made = LocalExecutor(request.param)
    yield made
    made.close()


@pytest.fixture
def workers() -> Iterator[LocalExecutor]:
    made = LocalExecutor(2)
    yield made
    made.close()


def plan(stage: type[Stage] = Length, **options: object) -> StagePlan:
    return plan_stage(stage, LengthOptions(**options), Setting(), {}, {"audio": "x"})  # type: ignore[arg-type]


def clip(name: str, seconds: float = 2.0) -> Clip:
    row = AudioRow(name, "wav", None, None, None, "pcm", 16_000, 1, seconds, None, None, None, None, 0.0)
    return Clip(name, Source("file", name, ""), None, Path(name), stored={"audio": [row]})


def outcomes(executor: LocalExecutor, plan: StagePlan, names: list[str]) -> dict[str, Outcome]:
    found = list(executor.map(plan, [clip(name) for name in names]))
    assert sorted(outcome.clip_id for outcome in found) == sorted(names), "exactly one outcome a clip"
    return {outcome.clip_id: outcome for outcome in found}


NAMES = [f"clip{number}" for number in range(8)]


def test_rows_come_back_whole(executor: LocalExecutor) -> None:
    found = outcomes(executor, plan(factor=4), NAMES)
    assert found["clip3"].rows == (LengthRow("clip3", 8, None),)
    assert all(outcome.ok for outcome in found.values())


@pytest.mark.parametrize("stage", [Length, Batched])
def test_failures_bugs_and_numbers_that_are_none_cost_one_clip(executor: LocalExecutor, stage: type[Stage]) -> None:
    found = outcomes(executor, plan(stage, trouble="clip1=fail,clip2=raise,clip4=nan,clip5=full"), NAMES)
    reasons = {name: outcome.reason for name, outcome in found.items() if not outcome.ok}
    assert reasons == {
        "clip1": Reason.NOT_MEDIA,
        "clip2": Reason.INTERNAL_ERROR,
        "clip4": Reason.INTERNAL_ERROR,
        "clip5": Reason.DISK_FULL,
    }
    assert "RuntimeError: a bug" in (found["clip2"].message or "")
    assert "Traceback" in (found["clip2"].trace or "")
    assert "lengths.share is not a finite number" in (found["clip4"].message or "")


@pytest.mark.parametrize("stage", [Length, Batched])
@pytest.mark.parametrize("ending", ["die", "crash", "exit"])
def test_a_clip_that_ends_every_worker_is_left_alone_and_costs_no_other(
    workers: LocalExecutor, stage: type[Stage], ending: str
) -> None:
    found = outcomes(workers, plan(stage, trouble=f"clip2={ending}"), NAMES)
    assert {name for name, outcome in found.items() if not outcome.ok} == {"clip2"}
    assert found["clip2"].reason == Reason.QUARANTINED
    said = {"die": "SIGKILL", "crash": "signal 11", "exit": "exit code 3"}[ending]
    assert f"3 worker processes died with it, the last by {said}" in (found["clip2"].message or "")


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


def test_a_hanging_clip_is_stopped_at_its_deadline(workers: LocalExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.executors.local.BUILD_ALLOWANCE_S", 1.0)
    found = outcomes(workers, plan(trouble="clip0=hang"), NAMES)
    assert found["clip0"].reason == Reason.TIMEOUT
    assert sum(outcome.ok for outcome in found.values()) == len(NAMES) - 1


def test_a_mistake_in_the_study_stops_everything(executor: LocalExecutor) -> None:
    with pytest.raises(ModelMissing, match="neither here nor reachable"):
        list(executor.map(plan(Unbuildable), [clip("clip0")]))


def test_workers_serve_several_stages_and_leave_when_asked(workers: LocalExecutor) -> None:
    for factor in (1, 2, 3):
        found = outcomes(workers, plan(factor=factor), NAMES[:2])
        assert found["clip0"].rows == (LengthRow("clip0", 2 * factor, None),)
    processes = [worker.process for worker in workers._workers]
    workers.close()
    assert not any(process.is_alive() for process in processes)


def test_no_clips_no_workers(workers: LocalExecutor) -> None:
    assert list(workers.map(plan(), [])) == []
    assert workers._workers == []
