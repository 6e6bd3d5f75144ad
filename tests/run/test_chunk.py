"""A wave: what stages need is there when they begin, whatever the order in which outcomes come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline.records import Clip, Outcome
from pipeline.run.chunk import needing, side_by_side
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Setting, Stage, StagePlan
from pipeline.stages import STAGES
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.store import Store
from pipeline.study.config import load_study
from tests.conftest import Collecting, write_study, write_wav
from tests.support.fake_stages import Aside, Double, Length

CHOSEN: tuple[type[Stage], ...] = (Download, Audio, Length, Aside, Double)


class Interleaving(LocalExecutor):
    """Gives an outcome of each stage in turn, the last stage first, and all clips at a time when asked."""

    def __init__(self, chunk_clips: int) -> None:
        super().__init__(0)
        self.chunk_clips = chunk_clips
        self.groups: list[list[str]] = []

    def map_all(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        self.groups.append([plan.name for plan, _ in work])
        streams = [(plan, self.map(plan, clips)) for plan, clips in reversed(work)]
        while streams:
            for plan, stream in list(streams):
                outcome = next(stream, None)
                if outcome is None:
                    streams.remove((plan, stream))
                else:
                    yield plan, outcome


def test_groups_of_the_shipped_stages_keep_the_order_that_they_need() -> None:
    groups = side_by_side(STAGES)
    assert sorted(stage.name for group in groups for stage in group) == sorted(stage.name for stage in STAGES)
    before: set[str] = set()
    for group in groups:
        assert all(set(stage.needs) <= before for stage in group)
        before |= {stage.name for stage in group}
    assert any({"transcribe", "embed", "acoustics"} <= {stage.name for stage in group} for group in groups)


def test_a_stage_alone_needs_nobody() -> None:
    assert side_by_side([Double]) == [[Double]]
    assert side_by_side([Length, Double]) == [[Length], [Double]]
    assert side_by_side([]) == []


def test_what_falls_away_with_a_stage() -> None:
    plans = [StagePlan(stage, stage.Options(), Setting(), {}, {}, "") for stage in CHOSEN]
    assert needing(plans[1], plans) == ["length", "aside", "double"]
    assert needing(plans[2], plans) == ["double"]
    assert needing(plans[3], plans) == []


@pytest.mark.slow
@pytest.mark.parametrize(("chunk_clips", "chunks"), [(64, 1), (2, 2)])
def test_outcomes_that_come_in_turn_are_stored_where_they_belong(tmp_path: Path, chunk_clips: int, chunks: int) -> None:
    for number in range(4):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000 * (number + 1)))
    body = '[[sources]]\nfolder = "clips"\n[length]\ntrouble = "clip1=fail"\n'
    study = load_study(write_study(tmp_path, body), {stage.name: stage for stage in CHOSEN})
    executor, watcher = Interleaving(chunk_clips), Collecting()
    report = run_study(study, watcher, executor=executor, stages=CHOSEN)
    assert executor.groups == chunks * [["download"], ["audio"], ["length", "aside"], ["double"]]
    assert report.passed == {"download": 4, "audio": 4, "length": 3, "aside": 4, "double": 3}
    assert watcher.total == len(watcher.outcomes) + watcher.skipped
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        found = connection.execute(
            "SELECT clip_id, halves, doubled FROM lengths JOIN doubles USING (clip_id) ORDER BY 1"
        )
        assert found.fetchall() == [(f"file:clip{n}.wav", 2 * (n + 1), 4 * (n + 1)) for n in (0, 2, 3)]
        assert connection.execute("SELECT count(*) FROM asides").fetchone() == (4,)


@pytest.mark.slow
def test_outcomes_of_a_stage_that_has_ended_do_not_wait_for_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.run.batch_writer.SAVE_EVERY_S", 0.05)
    saved: list[str] = []
    save_all = Store.save_all

    def note(self: Store, plan: StagePlan, outcomes: Sequence[Outcome]) -> None:
        saved.extend(plan.name for _ in outcomes)
        save_all(self, plan, outcomes)

    monkeypatch.setattr(Store, "save_all", note)
    for number in range(4):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000))
    stages = (Download, Audio, Aside, Length)
    body = '[[sources]]\nfolder = "clips"\n[length]\npause_s = 0.1\n'
    study = load_study(write_study(tmp_path, body), {stage.name: stage for stage in stages})
    run_study(study, executor=LocalExecutor(0), stages=stages)
    second = [number for number, name in enumerate(saved) if name == "length"][1]
    assert "aside" not in saved[second:], "the first slow outcome has what waited stored too"
    assert saved.count("aside") == saved.count("length") == 4
