"""Collecting: the posts of a study through their platforms' lanes, while what has arrived is analysed."""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pipeline.errors import DISK_FULL, DiskFull, Reason
from pipeline.records import Clip, ListingRow, Outcome, Seconds, Source
from pipeline.records.post import Provenance, SourcedPost
from pipeline.run.exclusions import apply_filters
from pipeline.run.executors.error_boundary import run
from pipeline.run.executors.platform_lanes import Job, Lane, LaneState
from pipeline.run.lanes import LOOK_DEADLINE_S, lane_to, platform_or_other
from pipeline.run.progress import Observer, RunSummary
from pipeline.run.pseudonymise import post_rows
from pipeline.run.short_links import link_to_follow, merge_into_post
from pipeline.sources.platforms.disk_space import lack_of_room
from pipeline.sources.platforms.failures import MINUTE_S, Action
from pipeline.sources.platforms.listing import ListingAnswer, ListingRequest, list_posts
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.retry import next_step
from pipeline.sources.platforms.short_links import LinkAnswer, follow_link
from pipeline.stage import StagePlan
from pipeline.store import pending
from pipeline.store.store import Store
from pipeline.study.config import Study

LISTING_TRIES = 3  # of one listing in one run; the next run lists again anyway
PAUSES = ((Reason.RATE_LIMITED,), (Reason.BOT_CHECK,))
LISTING_GRACE_S: Seconds = 60.0  # beyond the minutes that a listing may take


def fetch(plan: StagePlan, clip: Clip, tools: str) -> Outcome:
    """Fetch one post, in the process of a lane."""
    return dataclasses.replace(run({}, plan, [clip])[0], tools=tools)


@dataclass
class Collector:
    """Everything of a run that asks platforms: one lane each, fed with posts and listings."""

    study: Study
    store: Store
    plan: StagePlan  # of the download
    tools: str
    observer: Observer
    report: RunSummary
    found: Callable[[Sequence[str]], None]  # told of clips that a listing brought
    skipped: Callable[[str], int]  # steps that a clip's loss spares
    lanes: dict[str, Lane] = field(default_factory=dict)
    arrived: deque[str] = field(default_factory=deque)  # clips whose media is here, to be analysed
    arrival: threading.Event = field(default_factory=threading.Event)
    has_forgotten: bool = False  # short links whose posts were forgotten: their bytes leave the database afterwards
    _admitted: set[str] = field(default_factory=set)  # posts that this run has taken up, or left to the next one
    _open: bool = False

    def start(self, waiting: Sequence[pending.Waiting], listings: Sequence[ListingRequest]) -> None:
        """Open the lanes with what is known now."""
        for request in listings:
            self._lane(request.platform).add(self._listing(request, 1))
        clips = self.store.clips(self.study.folder, self.plan, [post.clip_id for post in waiting])
        for post, clip in zip(waiting, clips, strict=True):
            if post.reasons[-1:] in PAUSES:  # the pause of an earlier run goes on
                self._lane(platform_or_other(_asked_url(clip))).pause(_until(post.again_at), post.reasons[-1])
            self.report.waiting += not self.add(clip, post.reasons, _until(post.again_at))
        self._open = True
        for lane in list(self.lanes.values()):
            lane.start()

    def add(self, clip: Clip, reasons: Sequence[str | None], wait_s: Seconds) -> bool:
        """Put a post into its lane, if its time comes while the run is willing to wait; else the next run has it.

        `reasons` are those of its attempts so far, oldest first.
        """
        self._admitted.add(clip.clip_id)
        link = link_to_follow(clip)
        if wait_s > self.patience_s or (link and self.study.folder.shard):  # its post may be another shard's
            return False
        job = self._link_job(link, clip, tuple(reasons)) if link else self._fetch_job(clip, tuple(reasons))
        self._lane(platform_or_other(_asked_url(clip))).add(job, wait_s)
        return True

    def _fetch_job(self, clip: Clip, reasons: tuple[str | None, ...]) -> Job:
        return Job(
            name=clip.clip_id,
            function=fetch,
            arguments=(self.plan, clip, self.tools),
            deadline_s=self.plan.stage.deadline_s,
            lost=partial(_lost, clip.clip_id, self.tools),
            deliver=partial(self._deliver, clip, reasons),
        )

    def _link_job(self, url: str, clip: Clip, reasons: tuple[str | None, ...]) -> Job:
        return Job(
            name=clip.clip_id,
            function=follow_link,
            arguments=(url, self.options, self._overrides()),
            deadline_s=LOOK_DEADLINE_S,
            lost=lambda reason, message: LinkAnswer(None, reason, message),
            deliver=partial(self._followed, clip, reasons),
        )

    @property
    def options(self) -> DownloadOptions:
        """How posts are fetched."""
        options = self.plan.options
        assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
        return options

    @property
    def patience_s(self) -> Seconds:
        """How long the run waits for posts that are to be tried again."""
        return float(self.options.patience_minutes * MINUTE_S)

    @property
    def idle(self) -> bool:
        """True when no lane has anything left to do in this run."""
        return all(lane.idle for lane in list(self.lanes.values()))

    def stop(self) -> None:
        """Abandon what is being fetched and close the lanes."""
        for lane in list(self.lanes.values()):
            self.report.waiting += lane.waiting
            lane.stop()

    # ------------------------------------------------------------ in the threads of the lanes

    def _deliver(self, clip: Clip, before: tuple[str | None, ...], outcome: Outcome) -> None:
        """Store what became of a post, and put it where it goes next."""
        reasons = (*before, outcome.reason)
        step = None if outcome.ok else next_step(reasons, outcome.retry_after_s)
        with self.store.uninterrupted_lock():
            self.store.save(self.plan, outcome, step)
            if outcome.reason == Reason.DISK_FULL:
                raise DiskFull(DISK_FULL)
            if outcome.reason == Reason.EXCLUDED:
                self.report.excluded = apply_filters(self.store, self.study.file.filters, self.plan)
            again = step is not None and step.wait_s is not None
            if step is not None and step.wait_s is not None and self.add(clip, reasons, step.wait_s):
                return
            self.report.waiting += again
            self.report.add(self.plan.name, outcome)
            self.observer.step(self.plan.name, outcome, 0 if outcome.ok else self.skipped(outcome.clip_id))
        if outcome.ok:
            self.arrived.append(outcome.clip_id)
        self.arrival.set()

    def _followed(self, clip: Clip, before: tuple[str | None, ...], answer: LinkAnswer) -> None:
        """Merge a short link with its post, and let the post into its lane where this run has not taken it up."""
        if answer.post is None:
            told = f"{clip.clip_id}: {answer.message}"
            outcome = Outcome(
                clip.clip_id, (), answer.reason, told, retry_after_s=answer.retry_after_s, tools=self.tools
            )
            self._deliver(clip, before, outcome)
            return
        with self.store.uninterrupted_lock():
            clip_id = merge_into_post(
                self.store, clip.clip_id, answer.post, self.plan.setting.key, self.options.slideshow_sound
            )
            self.report.followed += clip_id is not None
            self.has_forgotten |= clip_id is None
            self.observer.step(self.plan.name, Outcome(clip.clip_id, tools=self.tools), self.skipped(clip.clip_id))
            if clip_id is not None and clip_id not in self._admitted:
                self._admit({clip_id})
        self.arrival.set()

    def _admit(self, clip_ids: Collection[str]) -> None:
        """Let posts that are new to this run into their lanes, those that are due and that no filter keeps out."""
        self.report.excluded = apply_filters(self.store, self.study.file.filters, self.plan)
        due = [post for post in self.store.waiting(self.plan, self.tools) if post.clip_id in clip_ids]
        self.found([post.clip_id for post in due])
        clips = self.store.clips(self.study.folder, self.plan, [post.clip_id for post in due])
        for post, clip in zip(due, clips, strict=True):
            self.report.waiting += not self.add(clip, post.reasons, _until(post.again_at))

    def _listed(self, tries: int, answer: ListingAnswer) -> None:
        """Store a listing, and let what is new into the lanes."""
        with self.store.uninterrupted_lock():
            start = pending.next_position(self.store.tables)
            with self.store.change():
                posts = post_rows(map(partial(_sourced_post, answer), answer.posts), self.plan.setting.key)
                upserted = self.store.upsert_posts(posts, start, slideshow_sound=self.options.slideshow_sound)
                self.store.add([self._listing_row(answer, len(upserted.new))])
            self.report.listed += len(upserted.new)
            self.report.new += len(upserted.new)
            self._admit(set(upserted.new))
        if answer.reason is not None and tries < LISTING_TRIES:
            step = next_step([answer.reason] * tries, answer.retry_after_s)
            if step.action in (Action.RETRY, Action.PAUSE_LANE) and (step.wait_s or 0.0) <= self.patience_s:
                self._lane(answer.request.platform).add(self._listing(answer.request, tries + 1), step.wait_s or 0.0)
        self.arrival.set()

    # ------------------------------------------------------------ lanes and jobs

    def _lane(self, platform: str) -> Lane:
        if platform not in self.lanes:
            lane = lane_to(platform, self.options, self._overrides(), self._watch)
            lane.hold = partial(lack_of_room, self.study.folder.media, self.options.max_megabytes)
            self.lanes[platform] = lane
            if self._open:
                self.lanes[platform].start()
        return self.lanes[platform]

    def _listing(self, request: ListingRequest, tries: int) -> Job:
        known = frozenset(self.store.known(request.platform))
        return Job(
            name=request.source,
            function=list_posts,
            arguments=(dataclasses.replace(request, known=known), self.options, self._overrides()),
            deadline_s=request.max_minutes * MINUTE_S + LISTING_GRACE_S,
            lost=lambda reason, message: ListingAnswer(
                request, (), "failed", reason, message, None, request.max_minutes * MINUTE_S, self.tools
            ),
            deliver=partial(self._listed, tries),
        )

    def _overrides(self) -> Mapping[str, Any]:
        return getattr(self.plan.stage, "overrides", {})

    def _watch(self, state: LaneState) -> None:
        if state.stopped and state.why:
            self.report.lanes[state.platform] = state.why
        self.observer.lane(state)
        if state.stopped:
            self.arrival.set()

    def _listing_row(self, answer: ListingAnswer, new: int) -> ListingRow:
        return ListingRow(
            listing_id=pending.next_listing(self.store.tables),
            run_id=self.store.run_id,
            source=answer.request.source,
            platform=answer.request.platform,
            listed_at=datetime.now(UTC),
            seconds=answer.seconds,
            posts=len(answer.posts),
            new_posts=new,
            stopped=answer.stopped,
            reason=answer.reason,
            message=answer.message,
            tools=answer.tools,
        )


def _asked_url(clip: Clip) -> str:
    """The URL that is requested for a post: its own, or that of the short link that leads to it."""
    return link_to_follow(clip) or clip.source.location


def _until(moment: datetime | None) -> Seconds:
    """Seconds from now to a stored time; 0 if it has passed."""
    if moment is None:
        return 0.0
    return max(0.0, (moment - datetime.now(UTC).replace(tzinfo=None)).total_seconds())


def _sourced_post(answer: ListingAnswer, post: Any) -> SourcedPost:
    clip_id = f"{post.platform}:{post.post_id}"
    return SourcedPost(clip_id, Source("url", post.url or "", ""), post, Provenance(answer.request.source))


def _lost(clip_id: str, tools: str, reason: Reason, what: str) -> Outcome:
    return Outcome(clip_id, (), reason, f"{clip_id}: {what}", tools=tools)
