"""A run of a study: what is pending goes through an executor and is saved, wave by wave; then it is published."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from pipeline import models, pseudonyms
from pipeline.config import Study, work_name
from pipeline.errors import DiskFull, Reason, StudyBusy, UserError
from pipeline.executors import Executor
from pipeline.executors.local import LocalExecutor
from pipeline.records import Outcome, Seconds
from pipeline.sources import read_sources
from pipeline.stage import Setting, Stage, StagePlan, plan_stage
from pipeline.stages import STAGES
from pipeline.store import Store

WAVE_CLIPS = (
    64  # clips that go through all stages together: bounds the disk that media takes, and what waits to be seen
)
PUBLISH_EVERY_S: Seconds = 30.0  # readers of a long run see news this often


@dataclass
class Report:
    """What a run did."""

    listed: int = 0
    new: int = 0
    passed: Counter[str] = field(default_factory=Counter)  # by stage
    failed: dict[str, Counter[str]] = field(default_factory=dict)  # by stage, then by reason
    seconds: Seconds = 0.0

    @property
    def idle(self) -> bool:
        """True when there was nothing to do."""
        return not self.passed and not self.failed

    def add(self, stage: str, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.reason is None:
            self.passed[stage] += 1
        else:
            self.failed.setdefault(stage, Counter())[outcome.reason] += 1


class Observer(Protocol):
    """Who watches a run."""

    def begin(self, clips: int, steps: int) -> None:
        """The run has this many clips with work to do, in at most this many steps (a clip at a stage)."""

    def stage(self, name: str) -> None:
        """A stage begins on a wave of clips."""

    def step(self, stage: str, outcome: Outcome, spared: int) -> None:
        """One step is done; a failed clip spares that many later ones."""


class Silent:
    """An observer that looks away."""

    def begin(self, clips: int, steps: int) -> None:
        """Nothing."""

    def stage(self, name: str) -> None:
        """Nothing."""

    def step(self, stage: str, outcome: Outcome, spared: int) -> None:
        """Nothing."""


def setting_of(study: Study) -> Setting:
    """What the stages of a study may know of this machine."""
    key = pseudonyms.key_for(study.name) if study.file.privacy.pseudonymise else None
    return Setting(models_folder=study.models_folder, key=key, download_folder=study.downloads)


def plan_stages(study: Study, setting: Setting, stages: Sequence[type[Stage]] = STAGES) -> list[StagePlan]:
    """Every stage with its options and fingerprint, in run order; loads no model."""
    plans: list[StagePlan] = []
    fingerprints: dict[str, str] = {}
    for stage in stages:
        options = study.options[stage.name]
        names = stage.models(options, setting)
        digests = {name: models.identity(name, setting.models_folder) for name in names}
        plan = plan_stage(stage, options, setting, digests, fingerprints)
        fingerprints[stage.name] = plan.fingerprint
        plans.append(plan)
    return plans


def run_study(
    study: Study,
    observer: Observer | None = None,
    only: Sequence[str] = (),
    retry_failed: bool = False,
    executor: Executor | None = None,
    stages: Sequence[type[Stage]] = STAGES,
) -> Report:
    """Run what is pending in a study and publish the result.

    Safe to stop at any moment: what was saved stays, and the next run goes on. Raises `UserError` for a mistake in
    the study, `StudyBusy` if another run holds it, `DiskFull` when there is no space left.
    """
    names = [stage.name for stage in stages]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UserError(f"there is no stage {unknown[0]!r}; there are: {', '.join(names)}")
    started = time.monotonic()
    enrolments = list(read_sources(study))  # before anything is made: a mistake in the study leaves no trace
    setting = setting_of(study)
    plans = plan_stages(study, setting, stages)
    with _locked(study):
        store = Store(study.working, stages)
        try:
            report = Report()
            report.listed, report.new = store.enrol(enrolments, setting.key)
            run = Run(study, store, plans, observer or Silent(), report, retry_failed)
            run.go([plan for plan in plans if not only or plan.name in only], executor)
        finally:
            store.close()
    report.seconds = time.monotonic() - started
    return report


@dataclass
class Run:
    """One pass over what is pending, with the run lock held."""

    study: Study
    store: Store
    plans: Sequence[StagePlan]
    observer: Observer
    report: Report
    retry_failed: bool
    published_at: float = field(default_factory=time.monotonic)

    def go(self, chosen: Sequence[StagePlan], executor: Executor | None) -> None:
        """Run the chosen stages on every clip that has something to do."""
        self.store.begin_run(version("cliptone"), self.study.digest, self.plans)
        steps = self._steps(chosen)
        if not steps:
            self.store.end_run()
            if self.store.unpublished or not self.study.published.exists():
                self.store.publish(self.study.published)
            return
        for plan in chosen:
            _fetch_models(plan)
        clip_ids = list(dict.fromkeys(clip_id for due in steps.values() for clip_id in due))
        self.observer.begin(len(clip_ids), sum(len(due) for due in steps.values()))
        pool = executor or LocalExecutor(workers_of(self.study))
        try:
            for first in range(0, len(clip_ids), WAVE_CLIPS):
                self._wave(chosen, pool, steps, clip_ids[first : first + WAVE_CLIPS])
            self.store.end_run()
        finally:
            pool.close()
            self.store.publish(self.study.published)

    def _steps(self, chosen: Sequence[StagePlan]) -> dict[str, dict[str, None]]:
        """By stage, the clips that it runs on if they pass every stage before it, in the order of the sources."""
        self._restore_inputs(chosen)
        steps: dict[str, dict[str, None]] = {}
        for plan in chosen:
            hopeful = {clip_id for need in plan.stage.needs for clip_id in steps.get(need, ())}
            due = self.store.pending(plan, self.retry_failed, hopeful)
            if due:
                steps[plan.name] = dict.fromkeys(due)
        return steps

    def _restore_inputs(self, chosen: Sequence[StagePlan]) -> None:
        """Where media or audio was deleted after use and a stage needs it again, the stages that give it run again."""
        by_name = {plan.name: plan for plan in self.plans}
        listening = [plan for plan in chosen if plan.stage.reads_audio(plan.options)]
        wanted = {clip_id for plan in listening for clip_id in self.store.pending(plan)}
        decoded = self.store.passed(by_name["audio"])
        silent = [clip_id for clip_id in sorted(wanted & decoded) if not self.study.audio_path(clip_id).exists()]
        self.store.make_stale("audio", silent)
        unseen = [clip_id for clip_id in self.store.pending(by_name["audio"]) if by_name["audio"] in chosen]
        clips = self.store.clips(self.study, by_name["download"], unseen)
        self.store.make_stale("download", [clip.clip_id for clip in clips if clip.media_path is None])

    def _wave(
        self,
        chosen: Sequence[StagePlan],
        pool: Executor,
        steps: Mapping[str, Mapping[str, None]],
        wave: Sequence[str],
    ) -> None:
        """Take some clips through all stages; one that fails a stage is spared the stages that need it."""
        self.store.follow(wave)
        lost: dict[str, set[str]] = {}  # by stage, the clips that did not get through it
        for index, plan in enumerate(chosen):
            barred = {clip_id for need in plan.stage.needs for clip_id in lost.get(need, ())}
            lost[plan.name] = barred
            steps_here = steps.get(plan.name, {})
            due = [clip_id for clip_id in wave if clip_id in steps_here and clip_id not in barred]
            if not due:
                continue
            self.observer.stage(plan.name)
            needing = _needing(plan, chosen[index + 1 :])
            for outcome in pool.map(plan, self.store.clips(self.study, plan, due)):
                self.store.save(plan, outcome)
                self.report.add(plan.name, outcome)
                if not outcome.ok:
                    lost[plan.name].add(outcome.clip_id)
                spared = 0 if outcome.ok else sum(outcome.clip_id in steps.get(name, ()) for name in needing)
                self.observer.step(plan.name, outcome, spared)
                if outcome.reason == Reason.DISK_FULL:
                    raise DiskFull("the disk is full: what was stored is safe; make room and run the study again")
                self._publish_now_and_then()
        self._minimise(set(wave))

    def _publish_now_and_then(self) -> None:
        if time.monotonic() - self.published_at > PUBLISH_EVERY_S:
            self.store.publish(self.study.published)
            self.published_at = time.monotonic()

    def _minimise(self, wave: set[str]) -> None:
        """Delete what the study does not keep of clips that have passed every stage."""
        privacy = self.study.file.privacy
        if privacy.keep_media and privacy.keep_audio:
            return
        finished = set.intersection(*(self.store.passed(plan) for plan in self.plans)) & wave
        for clip_id in finished:
            if not privacy.keep_audio:
                self.study.audio_path(clip_id).unlink(missing_ok=True)
            if not privacy.keep_media:
                shutil.rmtree(self.study.downloads / work_name(clip_id), ignore_errors=True)


def workers_of(study: Study) -> int:
    """How many worker processes a study uses: as its file says, or one a core."""
    named = study.file.run.workers
    if named != "auto":
        return named
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _needing(plan: StagePlan, later: Sequence[StagePlan]) -> list[str]:
    """Later stages that cannot do without this one, directly or through others."""
    reached = [plan.name]
    for other in later:
        if set(other.stage.needs) & set(reached):
            reached.append(other.name)
    return reached[1:]


def _fetch_models(plan: StagePlan) -> None:
    """Have every model of a stage on this machine before a worker asks for it."""
    for name in plan.models:
        models.locate(name, plan.setting.models_folder)


@contextmanager
def _locked(study: Study) -> Iterator[None]:
    """Hold the study for this run; the lock goes with the process, however it ends."""
    path: Path = study.output / "work" / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyBusy(
            f"another run holds the study {study.name!r}: wait for it to end (`cliptone status` shows how far it is)"
        ) from error
    try:
        yield
    finally:
        lock.release()
