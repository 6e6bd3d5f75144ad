"""Who watches a run, and what a run did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.records import Outcome, Seconds
from pipeline.run.executors.platform_lanes import LaneState


@dataclass
class RunSummary:
    """What a run did."""

    listed: int = 0
    new: int = 0
    excluded: int = 0
    without_count_time: int = 0  # posts whose counts have no time, where the sources were read
    rejected: int = 0  # rows of exports that could not be read
    followed: int = 0  # short links that led to their post
    accounts: tuple[str, ...] = ()  # what became of the rows of each source, where the sources were read
    notes: tuple[str, ...] = ()  # what does not fit together in the sources
    passed: Counter[str] = field(default_factory=Counter)  # by stage
    failed: dict[str, Counter[str]] = field(default_factory=dict)  # by stage, then by reason
    without_media: int = 0  # decoded clips whose audio is to be kept and is gone, with the media that would give it
    failed_before: Counter[str] = field(default_factory=Counter)  # by reason, failures of earlier runs that stand
    waiting: int = 0  # posts that did not arrive and are tried again by a later run
    blocked: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by chosen stage, those it waits for
    lanes: dict[str, str] = field(default_factory=dict)  # by platform, why its lane stopped before its end
    seconds: Seconds = 0.0

    @property
    def idle(self) -> bool:
        """True when there was nothing to do."""
        return not self.passed and not self.failed and not self.new and not self.followed

    def add(self, stage: str, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.reason is None:
            self.passed[stage] += 1
        else:
            self.failed.setdefault(stage, Counter())[outcome.reason] += 1


class Observer(Protocol):
    """Who watches a run; lanes call it from threads of their own."""

    def begin(self, clips: int, steps: int) -> None:
        """The run has this many clips with work to do, in at most this many steps (a clip at a stage)."""

    def more(self, clips: int, steps: int) -> None:
        """A listing has found more."""

    def stage(self, name: str) -> None:
        """A stage begins on a wave of clips."""

    def step(self, stage: str, outcome: Outcome, skipped: int) -> None:
        """One step is done; a failed clip skips that many later ones."""

    def lane(self, state: LaneState) -> None:
        """A platform's lane moves on, pauses or stops."""


class NoProgress:
    """An observer that ignores everything."""

    def begin(self, clips: int, steps: int) -> None:
        """Nothing."""

    def more(self, clips: int, steps: int) -> None:
        """Nothing."""

    def stage(self, name: str) -> None:
        """Nothing."""

    def step(self, stage: str, outcome: Outcome, skipped: int) -> None:
        """Nothing."""

    def lane(self, state: LaneState) -> None:
        """Nothing."""
