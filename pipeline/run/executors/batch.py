"""What an executor hands to a worker: clips that go through one stage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.records import Clip
from pipeline.stage import StagePlan


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips that go through a stage together, and how many workers they have cost."""

    plan: StagePlan
    clips: Sequence[Clip]
    losses: int = 0
