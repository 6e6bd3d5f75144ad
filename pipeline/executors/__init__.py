"""Where stages run: one contract, one error boundary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pipeline.records import Clip, Outcome
from pipeline.stage import StagePlan


class Executor(Protocol):
    """Maps a stage over clips somewhere, and gives exactly one outcome a clip, in any order."""

    def map(self, plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Outcome]:
        """Run a stage on clips; a clip that fails gives an outcome with its reason, never an exception."""

    def close(self) -> None:
        """Let the workers go."""
