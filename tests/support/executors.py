"""Work for executors: a plan of a fake stage, clips, and what becomes of each."""

from __future__ import annotations

from pathlib import Path

from pipeline.records import AudioRow, Clip, Outcome, Source
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.stage import Setting, Stage, StagePlan, plan_stage
from tests.support.fake_stages import Length, LengthOptions

NAMES = [f"clip{number}" for number in range(8)]


def plan(stage: type[Stage] = Length, **options: object) -> StagePlan:
    """A plan of a fake stage."""
    return plan_stage(stage, LengthOptions(**options), Setting(), {}, {"audio": "x"})  # type: ignore[arg-type]


def clip(name: str, seconds: float = 2.0) -> Clip:
    """A clip whose audio was decoded."""
    row = AudioRow(name, "wav", None, None, None, "pcm", 16_000, 1, seconds, None, None, None, None, 0.0)
    return Clip(name, Source("file", name, ""), None, Path(name), stored={"audio": [row]})


def outcomes(executor: LocalExecutor | RayExecutor, plan: StagePlan, names: list[str]) -> dict[str, Outcome]:
    """What became of clips of these names, of which each has exactly one outcome."""
    found = list(executor.map(plan, [clip(name) for name in names]))
    assert sorted(outcome.clip_id for outcome in found) == sorted(names)
    return {outcome.clip_id: outcome for outcome in found}
