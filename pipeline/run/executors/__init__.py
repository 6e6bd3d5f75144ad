"""Where stages run: one contract, one error boundary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from pipeline.records import Clip, Outcome
from pipeline.stage import StagePlan

CHUNK_CLIPS = 64  # clips that go through all stages together: bounds the disk of media, and what waits to be seen


class Executor(Protocol):
    """Maps a stage over clips somewhere, and gives exactly one outcome a clip, in any order."""

    chunk_clips: int  # clips that are to go through all stages together, so that every worker has enough to do

    def map(self, plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Outcome]:
        """Run a stage on clips; a clip that fails gives an outcome with its reason, never an exception."""

    def map_all(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        """Run stages that do not need each other, one after another or side by side."""

    def close(self) -> None:
        """Stop the workers."""
