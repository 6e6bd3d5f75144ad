"""Outcomes on their way into the database, several in one transaction, and publication now and then."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from pipeline.records import Outcome, Seconds
from pipeline.stage import StagePlan
from pipeline.store.publish import parquet
from pipeline.store.store import Store
from pipeline.study.folder import StudyFolder

SAVE_CLIPS = 64  # outcomes that are stored together: a transaction costs more than the rows of a clip
SAVE_EVERY_S: Seconds = 2.0  # slower ones are stored one by one: a kill -9 loses what came in so little time
PUBLISH_EVERY_S: Seconds = 60.0  # readers of a long run see news this often
QUICK_BYTES = 64 << 20  # a database that is published in a second or two
PUBLISH_SHARE = 0.05  # of a run's time at most; where it takes longer, news is rarer


class BatchWriter:
    """Collects the outcomes of one stage; leaving the block stores what is left, however it is left."""

    def __init__(self, store: Store, plan: StagePlan) -> None:
        self._store = store
        self._plan = plan
        self._waiting: list[Outcome] = []
        self._saved_at = time.monotonic()

    def __enter__(self) -> BatchWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.save()

    def add(self, outcome: Outcome) -> None:
        """Take one outcome; it waits for others where the last were stored just now."""
        self._waiting.append(outcome)
        self.save_now_and_then()

    def save_now_and_then(self) -> None:
        """Store what waits if it has waited long enough; no outcome of this stage need have come."""
        if len(self._waiting) >= SAVE_CLIPS or time.monotonic() - self._saved_at >= SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Store what waits, in one transaction."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._store.save_all(self._plan, waiting)
        self._saved_at = time.monotonic()


def follow_choice(folder: StudyFolder, store: Store) -> None:
    """Have a store publish where its study file says; at another place everything is rewritten."""
    if parquet.choose(folder.working, folder.name, folder.parquet):
        with store.change():
            store.tables.forget_publications([])


def publish_if_quick(store: Store, folder: StudyFolder) -> None:
    """Publish a database that takes a second or two: whoever stops a command does not wait for a larger one."""
    if folder.working.stat().st_size <= QUICK_BYTES:
        store.publish(folder.published)


class PeriodicPublisher:
    """Publishes a long run before its end; a run without a target publishes nothing."""

    def __init__(self, store: Store, target: Path | None) -> None:
        self._store = store
        self._target = target
        self._next_at = time.monotonic() + PUBLISH_EVERY_S

    def publish_now_and_then(self) -> None:
        """Publish if the last publication is old enough."""
        began = time.monotonic()
        if self._target is not None and began >= self._next_at:
            self._store.publish(self._target)
            ended = time.monotonic()
            self._next_at = ended + max(PUBLISH_EVERY_S, (ended - began) / PUBLISH_SHARE)
