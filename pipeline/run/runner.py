"""A run of a study: what is pending goes through an executor and is saved, wave by wave; then it is published."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from pipeline.analysis.models import cache as model_cache
from pipeline.errors import UserError
from pipeline.records import Seconds
from pipeline.run.batch_writer import PeriodicPublisher, follow_choice, publish_if_quick
from pipeline.run.chunk import Chunk
from pipeline.run.collector import Collector
from pipeline.run.exclusions import apply_filters
from pipeline.run.executors import Executor
from pipeline.run.executors.select import executor_of
from pipeline.run.ingest import take_sources
from pipeline.run.minimise import Keeper
from pipeline.run.plan import plan_stages, setting_of
from pipeline.run.progress import NoProgress, Observer, RunSummary
from pipeline.run.quarantine import count_crash
from pipeline.run.shards import prepare
from pipeline.run.shared_sounds import find_sounds
from pipeline.run.short_links import adopt_fetched_links
from pipeline.sources.platforms.listing import ListingRequest
from pipeline.sources.platforms.options import DownloadOptions, wants_slideshow_sound
from pipeline.sources.platforms.tool_versions import tools
from pipeline.sources.platforms.ytdlp import cookies_of
from pipeline.sources.read import read_listings, read_sources
from pipeline.stage import Stage, StagePlan
from pipeline.stages import STAGES
from pipeline.store.compact import rebuild
from pipeline.store.pending import Waiting
from pipeline.store.store import Store
from pipeline.study.config import Study
from pipeline.study.folder import work_name
from pipeline.study.lock import held

PATIENCE_S: Seconds = 0.5  # between two looks at the lanes while nothing is there to analyse


def run_study(
    study: Study,
    observer: Observer | None = None,
    only: Sequence[str] = (),
    retry_failed: bool = False,
    executor: Executor | None = None,
    stages: Sequence[type[Stage]] = STAGES,
) -> RunSummary:
    """Run what is pending in a study and publish the result.

    Safe to stop at any moment: what was saved stays, and the next run goes on. Raises `UserError` for a mistake in
    the study, `StudyBusy` if another run holds it, `DiskFull` when there is no space left.
    """
    names = [stage.name for stage in stages]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UserError(f"there is no stage {unknown[0]!r}; there are: {', '.join(names)}")
    started = time.monotonic()
    listings = read_listings(study)
    # before anything is made: a mistake in a new study leaves no trace
    sources = None if study.folder.working.exists() else read_sources(study)
    prepare.prepare(study)
    setting = setting_of(study)
    plans = plan_stages(study.file, setting, stages)
    with held(study.folder):
        prepare.begin(study, stages, setting.key)
        with Store(study.folder.working, stages) as store:
            follow_choice(study.folder, store)
            report = RunSummary()
            if study.folder.shard is None and not prepare.shards_of(study.folder):
                adopt_fetched_links(study, store, setting.key, wants_slideshow_sound(study.file.options))
            take_sources(study, store, setting.key, sources, report)
            prepare.refuse_unfollowed_links(study, store)
            run = Run(study, store, plans, observer or NoProgress(), report, retry_failed)
            run.go([plan for plan in plans if not only or plan.name in only], listings, executor)
        if run.keeper.has_deleted:
            rebuild(study.folder.working)  # deleted rows leave their bytes
    report.seconds = time.monotonic() - started
    return report


@dataclass
class Run:
    """One pass over what is pending, with the run lock held."""

    study: Study
    store: Store
    plans: Sequence[StagePlan]
    observer: Observer
    report: RunSummary
    retry_failed: bool
    steps: dict[str, dict[str, None]] = field(default_factory=dict)  # by stage, the clips that it has still to do
    is_stopped: bool = False  # by the user
    publisher: PeriodicPublisher = field(init=False)
    keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = PeriodicPublisher(self.store, None if self.study.folder.shard else self.study.folder.published)
        self.keeper = Keeper(self.study, self.store, self.plans)

    def go(self, chosen: Sequence[StagePlan], listings: Sequence[ListingRequest], executor: Executor | None) -> None:
        """Run the chosen stages on every clip that has something to do, while posts still arrive."""
        self.store.begin_run(version("cliptone"), self.study.file.digest, self.plans)
        count_crash(self.store, self.study.folder.crash_marker, self.plans)
        self._sweep()
        collector = self._collector(chosen)
        waiting = self._find_steps(chosen, collector)
        if not self.steps and not (collector and listings):
            self._end_idle()
            return
        for plan in chosen:
            _fetch_models(plan)
        clip_ids = list(dict.fromkeys(clip_id for due in self.steps.values() for clip_id in due))
        self.observer.begin(len(clip_ids), sum(map(len, self.steps.values())))
        on_lanes = {post.clip_id for post in waiting}
        here = deque(clip_id for clip_id in clip_ids if clip_id not in on_lanes)
        pool = executor or executor_of(self.study)
        try:
            if collector:
                collector.start(waiting, listings)
            while chunk := self._next_chunk(here, collector, pool.chunk_clips):
                parts = (self.study, self.store, self.observer, self.report, self.publisher)
                Chunk(self.keeper.without_opted_out(chunk), chosen, self.steps, *parts).go(pool)
                self.keeper.minimise(set(chunk))
            self.keeper.without_opted_out()
            self.keeper.minimise_rest()
            self._end_run()
        except KeyboardInterrupt:
            self.is_stopped = True
            raise
        finally:
            if collector:
                collector.stop()
                self.keeper.has_deleted |= collector.has_forgotten
            pool.close()
            self._publish()

    def _end_idle(self) -> None:
        self.keeper.minimise_rest()
        self._end_run()
        if self.store.unpublished or not self.study.folder.published.exists():
            self._publish()

    def _end_run(self) -> None:
        if self.study.folder.shard is None:  # a shard hears a part of the clips
            find_sounds(self.store)
        self.report.failed_before.update(self.store.failed_before())
        self.store.end_run()

    def _publish(self) -> None:
        """Publish what is stored; a shard publishes nothing, its merge does."""
        if self.study.folder.shard is not None:
            return
        if self.is_stopped:
            publish_if_quick(self.store, self.study.folder)
        else:
            self.store.publish(self.study.folder.published)

    def _collector(self, chosen: Sequence[StagePlan]) -> Collector | None:
        """What asks platforms, where the download is among the chosen stages."""
        plan = chosen[0] if chosen and chosen[0].name == "download" else None
        if plan is None:
            return None
        options = plan.options
        assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
        cookies_of(options)  # a mistake in them is said before anything is asked
        cookies = options.cookie_file
        return Collector(
            study=self.study,
            store=self.store,
            plan=plan,
            tools=tools(Path(cookies).expanduser() if cookies else None),
            observer=self.observer,
            report=self.report,
            found=lambda clip_ids: self._admit(chosen, clip_ids),
            skipped=lambda clip_id: sum(clip_id in due for name, due in self.steps.items() if name != plan.name),
        )

    def _find_steps(self, chosen: Sequence[StagePlan], collector: Collector | None) -> list[Waiting]:
        """Find by stage the clips that it runs on if they pass every stage before it; returns what is to be fetched."""
        self.report.excluded = apply_filters(self.store, self.study.file.filters, self.plans[0])
        self._restore_inputs(chosen)
        waiting = self.store.waiting(collector.plan, collector.tools, self.retry_failed) if collector else []
        for plan in chosen:
            hopeful = {clip_id for need in plan.stage.needs for clip_id in self.steps.get(need, ())}
            if collector and plan is collector.plan:
                kept = self.store.pending(plan, self.retry_failed)
                files = self.store.of_kind("file", kept)
                due = [*(clip_id for clip_id in kept if clip_id in files), *(post.clip_id for post in waiting)]
            else:
                due = self.store.pending(plan, self.retry_failed, hopeful)
            if due:
                self.steps[plan.name] = dict.fromkeys(due)
        self._note_blocked(chosen)
        return waiting

    def _note_blocked(self, chosen: Sequence[StagePlan]) -> None:
        """Note which chosen stages have nothing to do before a stage that was not chosen has run."""
        left_out = [plan for plan in self.plans if plan not in chosen]
        waited_for: dict[str, tuple[str, ...]] = {}  # by stage left out, with what has to run before it, in order
        for plan in left_out:
            before = tuple(name for need in plan.stage.needs for name in waited_for.get(need, ()))
            if before or self.store.pending(plan):
                waited_for[plan.name] = (*dict.fromkeys(before), plan.name)
        for plan in chosen:
            before = tuple(name for need in plan.stage.needs for name in waited_for.get(need, ()))
            if before and plan.name not in self.steps:
                self.report.blocked[plan.name] = tuple(dict.fromkeys(before))

    def _admit(self, chosen: Sequence[StagePlan], clip_ids: Sequence[str]) -> None:
        """Let clips in that a listing has found: they have every stage before them."""
        for plan in chosen:
            self.steps.setdefault(plan.name, {}).update(dict.fromkeys(clip_ids))
        self.observer.more(len(clip_ids), len(clip_ids) * len(chosen))

    def _next_chunk(self, here: deque[str], collector: Collector | None, size: int) -> list[str]:
        """Clips that can be analysed now, those from the lanes first; waits for them, and is empty at the end."""
        while True:
            done = collector is None or collector.idle  # before looking: what arrives later is seen next time
            chunk: list[str] = []
            while collector and collector.arrived and len(chunk) < size:
                chunk.append(collector.arrived.popleft())
            while here and len(chunk) < size:
                chunk.append(here.popleft())
            if chunk or done or collector is None:
                return chunk
            collector.arrival.wait(PATIENCE_S)
            collector.arrival.clear()
            self.publisher.publish_now_and_then()

    def _sweep(self) -> None:
        """Delete what fetches left that were cut off: folders of clips that did not pass the download."""
        folders = prepare.own_work(self.study.folder, self.study.folder.media)
        kept = {work_name(clip_id) for clip_id in self.store.passed(self.plans[0])} if folders else set()
        for folder in folders:
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _restore_inputs(self, chosen: Sequence[StagePlan]) -> None:
        """Where media or audio was deleted after use and a stage needs it again, the stages that give it run again."""
        by_name = {plan.name: plan for plan in self.plans}
        listening = [plan for plan in chosen if plan.stage.reads_audio(plan.options)]
        wanted = {clip_id for plan in listening for clip_id in self.store.pending(plan, self.retry_failed)}
        decoded = self.store.passed(by_name["audio"], wanted) if wanted else set()
        silent = [clip_id for clip_id in sorted(decoded) if not self.study.folder.audio_path(clip_id).exists()]
        self.store.make_stale("audio", silent)
        if by_name["audio"] in chosen and self.study.file.privacy.keep_audio:
            self._bring_audio_back(by_name["audio"])
        unheard = self.store.pending(by_name["audio"], self.retry_failed) if by_name["audio"] in chosen else []
        clips = self.store.clips(self.study.folder, by_name["download"], unheard)
        self.store.make_stale("download", [clip.clip_id for clip in clips if clip.media_path is None])

    def _bring_audio_back(self, audio: StagePlan) -> None:
        """Where a study keeps audio that earlier runs deleted, it is decoded again from the media that is there.

        Audio that is missing though the study file is as it was is left to `cliptone verify`.
        """
        folder = self.study.folder
        kept = {path.stem for path in folder.audio.glob("*.wav")}
        passed = self.store.passed_under_another_file(audio, self.study.file.digest)
        gone = sorted(clip_id for clip_id in passed if work_name(clip_id) not in kept)
        clips = self.store.clips(folder, audio, gone)
        there = [clip.clip_id for clip in clips if clip.media_path is not None and clip.media_path.is_file()]
        self.store.make_stale("audio", there)
        self.report.without_media = len(gone) - len(there)


def _fetch_models(plan: StagePlan) -> None:
    """Have every model of a stage on this machine before a worker asks for it."""
    for name in plan.stage.models(plan.options, plan.setting):
        model_cache.locate(name, plan.setting.models_folder)
