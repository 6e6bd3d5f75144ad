"""Rechecking: which posts of a study are still public, their counts of now, and the study's rule for the vanished."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.errors import Reason
from pipeline.privacy.byte_search import SearchTexts
from pipeline.privacy.erase_files import Elsewhere, check_elsewhere, erase_files, places_near
from pipeline.records import VisibilityRow, pseudonyms
from pipeline.run.donors import NOTHING_DONATED
from pipeline.run.executors.platform_lanes import Lane, LaneState
from pipeline.run.lanes import lane_to, platform_or_other, visibility_job
from pipeline.run.plan import setting_of
from pipeline.run.shards.prepare import refuse_while_split
from pipeline.sources.platforms.failures import POLICIES, Action
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.visibility import VANISHED, VisibilityAnswer, state_after
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.compact import rebuild
from pipeline.store.pending import to_look_at
from pipeline.store.short_links import with_links
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.study.config import Study
from pipeline.study.folder import work_name
from pipeline.study.lock import held

LOOK_EVERY_S = 0.1  # at the lanes
TRIES = 3  # of one post, where the platform asks for a pause


@dataclass
class Recheck:
    """One pass over the posts of a study, with the run lock held."""

    study: Study
    store: Store
    key: bytes | None
    watch: Callable[[str, LaneState | None], None]
    found: Counter[str] = field(default_factory=Counter)  # posts by state, and exports that went with forgotten ones
    forgotten: set[str] = field(default_factory=set)  # what the posts that were forgotten are called
    lanes: dict[str, Lane] = field(default_factory=dict)

    def go(self, options: DownloadOptions, overrides: Mapping[str, Any], limit: int) -> None:
        """Check every post once, at the pace of its platform."""
        with self.store.uninterrupted_lock():
            posts = to_look_at(self.store.tables, limit)
        for post in posts:
            platform = platform_or_other(post.location)
            if platform not in self.lanes:
                self.lanes[platform] = lane_to(platform, options, overrides, lambda state: self.watch("", state))
            ask = partial(visibility_job, post.clip_id, post.location, options, overrides)
            self.lanes[platform].add(ask(partial(self._deliver, platform, post.clip_id, post.reasons, ask, 1)))
        try:
            for lane in self.lanes.values():
                lane.start()
            while not all(lane.idle for lane in self.lanes.values()):
                time.sleep(LOOK_EVERY_S)
        finally:
            for lane in self.lanes.values():
                lane.stop()

    def _deliver(
        self,
        platform: str,
        clip_id: str,
        earlier: Sequence[str | None],
        ask: Callable[..., Any],
        tries: int,
        answer: VisibilityAnswer,
    ) -> None:
        """Store what a check showed, and treat a vanished post as the study says."""
        paused = answer.reason is not None and POLICIES[Reason(answer.reason)].action is Action.PAUSE_LANE
        if paused and tries < TRIES:
            self.lanes[platform].add(ask(partial(self._deliver, platform, clip_id, earlier, ask, tries + 1)))
            return
        state = state_after(answer, earlier)
        rule = self.study.file.privacy.vanished if state == VANISHED else None
        if rule == "forget":  # files first: until the rows are gone too, whoever is interrupted comes here again
            gone = with_links(self.store, [clip_id])
            erased = erase_files(self.study.folder, gone, SearchTexts({"clip id": gone}))
            self.forgotten.update(gone)
            self.found["exports deleted"] += len(erased.exports)
        with self.store.uninterrupted_lock(), self.store.change():
            self.store.add([VisibilityRow(clip_id, now(), state, answer.reason, rule)])
            if answer.post is not None:
                counts = pseudonyms.observation_row(clip_id, answer.post)
                self.store.learn([counts] if counts else [])
            if rule == "forget":
                self.store.forget({one: pseudonyms.tombstone(one, self.key) for one in gone}, "vanished")
        if rule == "delete_media":
            self.study.folder.audio_path(clip_id).unlink(missing_ok=True)
            shutil.rmtree(self.study.folder.media / work_name(clip_id), ignore_errors=True)
        self.found[state] += 1
        self.watch(state, None)


def recheck(
    study: Study,
    watch: Callable[[str, LaneState | None], None] = lambda _state, _lane: None,
    limit: int | None = None,
    stages: Sequence[type[Stage]] = STAGES,
    look_in: Sequence[Path] = (),
    report_elsewhere: Callable[[Elsewhere], None] = lambda _elsewhere: None,
) -> Counter[str]:
    """Check the posts of a study again; returns how many are public, vanished, or not known, and exports deleted.

    Where posts were forgotten, exports that were made elsewhere are looked for as `forget` does, and reported.
    Safe to stop at any moment: posts that were not looked at come first the next time. Raises `StudyBusy` if a run
    holds the study; `UserError` where vanished posts are to be forgotten while shards hold copies of clips.
    """
    download = next(stage for stage in stages if stage.name == "download")
    options = study.file.options["download"]
    assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
    with held(study.folder):
        if study.file.privacy.vanished == "forget":
            refuse_while_split(study)
        with Store(study.folder.working, stages) as store:
            work = Recheck(study, store, setting_of(study).key, watch)
            try:
                work.go(options, getattr(download, "overrides", {}), limit if limit is not None else 2**31)
                if work.found[VANISHED] and study.file.privacy.vanished != "keep":
                    # it shows what is gone, and is built anew on demand
                    shutil.rmtree(study.folder.report, ignore_errors=True)
            finally:
                store.publish(study.folder.published)
                if work.forgotten:  # of a pass that is stopped, too: no later one knows of them
                    beneath = places_near(study, look_in)
                    gone = work.forgotten
                    report_elsewhere(check_elsewhere(study.folder, gone, NOTHING_DONATED, work.key, beneath))
        if work.found[VANISHED] and study.file.privacy.vanished == "forget":
            rebuild(study.folder.working)  # deleted rows leave their bytes
    return +work.found
