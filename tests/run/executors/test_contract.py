"""What every executor does with a stage: one outcome a clip, and one bad clip costs one clip."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from pipeline.errors import ModelMissing, Reason
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.stage import Stage
from pipeline.study.config import RayOptions
from tests.support.executors import NAMES, clip, outcomes, plan
from tests.support.fake_stages import Batched, Length, LengthRow, Unbuildable

Executor = LocalExecutor | RayExecutor
WITHOUT_RAY = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install '.[ray]'")


@pytest.fixture(
    scope="module", params=["in this process", "workers", pytest.param("ray", marks=(WITHOUT_RAY, pytest.mark.slow))]
)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Each executor in turn, with two workers where it has some."""
    made: Executor
    if request.param == "ray":
        made = RayExecutor([], RayOptions(), 2)
    else:
        made = LocalExecutor(2 if request.param == "workers" else 0)
    yield made
    made.close()


#: For what would end this very process.
with_workers = pytest.mark.parametrize(
    "executor", ["workers", pytest.param("ray", marks=(WITHOUT_RAY, pytest.mark.slow))], indirect=True
)


def test_rows_come_back_whole_and_no_clips_is_no_work(executor: Executor) -> None:
    found = outcomes(executor, plan(factor=4), NAMES)
    assert found["clip3"].rows == (LengthRow("clip3", 8, None),)
    assert all(outcome.ok for outcome in found.values())
    assert list(executor.map(plan(), [])) == []


@pytest.mark.parametrize("stage", [Length, Batched])
def test_failures_bugs_and_numbers_that_are_none_cost_one_clip(executor: Executor, stage: type[Stage]) -> None:
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


def test_a_mistake_in_the_study_stops_everything_with_its_sentence(executor: Executor) -> None:
    with pytest.raises(ModelMissing, match="neither here nor reachable"):
        list(executor.map(plan(Unbuildable), [clip("clip0")]))


def test_one_executor_serves_several_stages(executor: Executor) -> None:
    for factor in (1, 2, 3):
        found = outcomes(executor, plan(factor=factor), NAMES[:2])
        assert found["clip0"].rows == (LengthRow("clip0", 2 * factor, None),)


@pytest.mark.slow
@with_workers
def test_a_clip_that_ends_every_worker_is_left_alone_and_its_companions_pass(executor: Executor) -> None:
    found = outcomes(executor, plan(Batched, trouble="clip2=die"), NAMES)
    assert {name for name, outcome in found.items() if not outcome.ok} == {"clip2"}
    assert found["clip2"].reason == Reason.QUARANTINED
    assert "--retry-failed" in (found["clip2"].message or "")


@pytest.mark.slow
@with_workers
def test_a_hanging_clip_is_stopped_at_its_deadline(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("local", "ray_actors"):
        monkeypatch.setattr(f"pipeline.run.executors.{module}.BUILD_ALLOWANCE_S", 20.0)  # a new worker has to import
    found = outcomes(executor, plan(trouble="clip0=hang"), NAMES)
    assert found["clip0"].reason == Reason.TIMEOUT
    assert sum(outcome.ok for outcome in found.values()) == len(NAMES) - 1
