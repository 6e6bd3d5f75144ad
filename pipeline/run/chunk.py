"""Some clips on their way through all stages: those that do not need each other run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from pipeline.errors import DISK_FULL, DiskFull, Reason
from pipeline.records import Clip, Outcome
from pipeline.run.batch_writer import BatchWriter, PeriodicPublisher
from pipeline.run.executors import Executor
from pipeline.run.progress import Observer, RunSummary
from pipeline.stage import Stage, StagePlan
from pipeline.store.store import Store
from pipeline.study.config import Study


@dataclass
class Chunk:
    """The clips of one wave, the stages chosen for them, and who is told what became of them."""

    clip_ids: Sequence[str]
    chosen: Sequence[StagePlan]
    steps: Mapping[str, Mapping[str, None]]  # by stage, the clips that it has still to do
    study: Study
    store: Store
    observer: Observer
    report: RunSummary
    publisher: PeriodicPublisher
    lost: dict[str, set[str]] = field(default_factory=dict)  # by stage, the clips that did not get through it
    silent: set[str] = field(default_factory=set)  # clips with a caption in which no sound was found now

    def go(self, pool: Executor) -> None:
        """Take the clips through the stages; one that fails a stage skips the stages that need it.

        Stages that read captions run on a clip without sound too.
        """
        self.store.follow(self.clip_ids)
        plans = {plan.name: plan for plan in self.chosen}
        for group in side_by_side([plan.stage for plan in self.chosen]):
            due = [(plans[stage.name], self._due(plans[stage.name])) for stage in group]
            self._run(pool, [(plan, clip_ids) for plan, clip_ids in due if clip_ids])

    def _due(self, plan: StagePlan) -> list[str]:
        """Clips that a stage can run on now; those that do not come so far are lost to it too."""
        blocked = {clip_id for need in plan.stage.needs for clip_id in self.lost.get(need, ())}
        self.lost[plan.name] = blocked = blocked - self.silent if plan.stage.uses_caption else blocked
        steps_here = self.steps.get(plan.name, {})
        due = [clip_id for clip_id in self.clip_ids if clip_id in steps_here and clip_id not in blocked]
        if plan.name == "download":  # what lanes brought has passed it
            files = self.store.of_kind("file", due)
            due = [clip_id for clip_id in due if clip_id in files]
        return due

    def _run(self, pool: Executor, work: Sequence[tuple[StagePlan, Sequence[str]]]) -> None:
        """Run stages that do not need each other, and store what they give as it comes."""
        with ExitStack() as stack:
            writers = {plan.name: stack.enter_context(BatchWriter(self.store, plan)) for plan, _ in work}
            for plan, outcome in pool.map_all([(plan, self._clips(plan, clip_ids)) for plan, clip_ids in work]):
                writers[plan.name].add(outcome)
                self._note(plan, outcome)
                for writer in writers.values():
                    writer.save_now_and_then()
                self.publisher.publish_now_and_then()

    def _clips(self, plan: StagePlan, clip_ids: Sequence[str]) -> Iterator[Clip]:
        """Clips with what is stored of them, read when the stage begins."""
        self.observer.stage(plan.name)
        yield from self.store.clips(self.study.folder, plan, clip_ids)

    def _note(self, plan: StagePlan, outcome: Outcome) -> None:
        """Report one outcome; `DiskFull` ends the run."""
        self.report.add(plan.name, outcome)
        skipped = 0
        if not outcome.ok:
            self.lost[plan.name].add(outcome.clip_id)
            if outcome.reason == Reason.NO_AUDIO:
                self.silent |= self.store.have_caption([outcome.clip_id])
            reading = {other.name for other in self.chosen if other.stage.uses_caption}
            later = set(needing(plan, self.chosen)) - (reading if outcome.clip_id in self.silent else set())
            skipped = sum(outcome.clip_id in self.steps.get(name, ()) for name in later)
        self.observer.step(plan.name, outcome, skipped)
        if outcome.reason == Reason.DISK_FULL:
            raise DiskFull(DISK_FULL)


def side_by_side(stages: Sequence[type[Stage]]) -> list[list[type[Stage]]]:
    """Stages in groups: none needs another of its group, and each comes after all that it needs."""
    groups: list[list[type[Stage]]] = []
    place: dict[str, int] = {}
    for stage in stages:
        place[stage.name] = max((place[need] + 1 for need in stage.needs if need in place), default=0)
        groups += [[] for _ in range(place[stage.name] + 1 - len(groups))]
        groups[place[stage.name]].append(stage)
    return groups


def needing(plan: StagePlan, chosen: Sequence[StagePlan]) -> list[str]:
    """Later stages that cannot do without this one, directly or through others."""
    reached = [plan.name]
    for other in chosen:
        if set(other.stage.needs) & set(reached):
            reached.append(other.name)
    return reached[1:]
