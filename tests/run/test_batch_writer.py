"""Saving: outcomes that come quickly are stored together, slow ones one by one, and none is lost on the way out."""

from __future__ import annotations

import pytest

from pipeline.records import Outcome
from pipeline.run import batch_writer
from pipeline.run.batch_writer import SAVE_CLIPS, SAVE_EVERY_S, BatchWriter
from pipeline.stage import Setting, StagePlan, plan_stage
from pipeline.stages.download import Download

PLAN: StagePlan = plan_stage(Download, Download.Options(), Setting(), {}, {})


class Kept:
    """A store that counts the outcomes of each transaction."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def save_all(self, _: StagePlan, outcomes: list[Outcome]) -> None:
        self.batches.append(len(outcomes))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A time that passes when a test says so, in s."""
    time = [0.0]
    monkeypatch.setattr(batch_writer.time, "monotonic", lambda: time[0])
    return time


def test_quick_outcomes_are_stored_together(clock: list[float]) -> None:
    store = Kept()
    with BatchWriter(store, PLAN) as writer:  # type: ignore[arg-type]
        for number in range(2 * SAVE_CLIPS + 3):
            writer.add(Outcome(str(number)))
    assert store.batches == [SAVE_CLIPS, SAVE_CLIPS, 3]


def test_slow_outcomes_are_stored_as_they_come(clock: list[float]) -> None:
    store = Kept()
    with BatchWriter(store, PLAN) as writer:  # type: ignore[arg-type]
        for number in range(3):
            clock[0] += SAVE_EVERY_S
            writer.add(Outcome(str(number)))
            assert store.batches == [1] * (number + 1)


def test_what_is_finished_is_stored_when_the_run_is_stopped(clock: list[float]) -> None:
    store = Kept()
    writer = BatchWriter(store, PLAN)  # type: ignore[arg-type]

    def stopped() -> None:
        with writer:
            writer.add(Outcome("1"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert store.batches == [1]


def test_nothing_is_stored_of_nothing(clock: list[float]) -> None:
    store = Kept()
    with BatchWriter(store, PLAN):  # type: ignore[arg-type]
        pass
    assert store.batches == []
