"""The DuckDB file of a study: store posts, find what is pending, save what stages give, publish for readers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from pipeline.records import STUDY_ROWS, Clip, ClipRow, ObservationRow, Outcome, Row, TombstoneRow
from pipeline.records.post_rows import PostRows
from pipeline.records.runs import LEDGER_ROWS, PRIVATE_ROWS, AuthorNameRow, ReadingRow, RunRow, SourceRow
from pipeline.sources.formats.spool import in_batches
from pipeline.sources.platforms.retry import Step
from pipeline.stage import Stage, StagePlan
from pipeline.store import pending, schema
from pipeline.store.attempts import Attempts, stages_replaced
from pipeline.store.authors import Authors, delete_names_without_clips
from pipeline.store.connect import open_database
from pipeline.store.merged_clip import merged
from pipeline.store.pending import Waiting
from pipeline.store.publish.parquet import renew_chosen
from pipeline.store.signals import UninterruptedLock
from pipeline.store.stored_clip import stored_clip
from pipeline.store.tables import Tables, now
from pipeline.store.transactions import disk_full, little_memory, transaction
from pipeline.store.upsert_posts import Upsert, UpsertResult
from pipeline.study import own_files
from pipeline.study.folder import StudyFolder
from pipeline.study.machine import instruction_set

BATCH_POSTS = 5_000  # in memory at a time
OWN_FILES = "SELECT clip_id, location FROM sources WHERE kind = 'file'"  # the user's own media
PLATFORM = "yt_dlp"  # the origin of what a platform itself says of a post


class Store:
    """The working database of one study, held by one run; every change is one transaction.

    Lanes save from threads of their own: whoever does more than one call that belong together holds `alone`.
    """

    def __init__(self, path: Path, stages: Sequence[type[Stage]]) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._rows = (*STUDY_ROWS, *(row for stage in stages for row in stage.tables), *LEDGER_ROWS)
        self._connection = open_database(path, (*self._rows, *PRIVATE_ROWS))
        self.tables = Tables(self._connection)
        self._path = path
        self.uninterrupted_lock = UninterruptedLock()
        self._attempts = Attempts(self.tables)
        self.run_id = self.tables.number("SELECT coalesce(max(run_id), 0) FROM runs")  # the last one
        self._changing = False
        self._current: dict[str, StagePlan] = {}
        self._last: dict[str, dict[str, str]] = {}  # by clip and stage, of the clips that are followed
        self._left: dict[str, dict[str, pending.Mark]] | None = None  # by clip and stage; None after a change
        self._caption_alone: set[str] = set()  # of those left, see `pending.caption_alone`

    def close(self) -> None:
        """Write everything to the file and let it go."""
        with self.uninterrupted_lock():
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def upsert_posts(
        self,
        posts: Iterable[PostRows],
        start: int = 0,
        watch: Callable[[int], None] | None = None,
        *,
        slideshow_sound: bool = False,
    ) -> UpsertResult:
        """Add the clips that are new and renew what changed; `start` is the position of the first.

        A file whose size or time changed makes all stages of its clip stale, a changed caption those that read it.
        Each batch is a transaction, unless all is part of one; `watch` is told how many posts are in each.
        """
        is_part = self._changing
        with self.change():
            upsert = Upsert(self.tables, start, slideshow_sound=slideshow_sound)
        for batch in in_batches(posts, BATCH_POSTS):
            with self.change():
                upsert.add(batch)
                if not is_part:
                    self.make_changed_stale(*upsert.changed())
            if watch is not None:
                watch(len(batch))
        with self.change():
            self.make_changed_stale(*upsert.changed())
            return upsert.result()

    def reading(self) -> ReadingRow | None:
        """What the sources held when they were last read; None if they have to be read again."""
        with self.uninterrupted_lock():
            return next(iter(self.tables.read(ReadingRow)), None)

    def note_reading(self, row: ReadingRow | None) -> None:
        """Note what the sources held, or that they have to be read again."""
        with self.change():
            self._connection.execute("DELETE FROM readings")
            self.tables.insert([row] if row else [])

    def begin_run(self, version: str, study_digest: str, plans: Sequence[StagePlan]) -> None:
        """Open a run and note the configuration of every stage."""
        self._current = {plan.name: plan for plan in plans}
        with self.change():
            self.run_id += 1
            run = RunRow(self.run_id, now(), None, version, study_digest, instruction_set())
            schema.insert_one(self._connection, run)
            self._attempts.note_plans(plans)

    def end_run(self) -> None:
        """Close the run."""
        with self.change():
            self._connection.execute(
                "UPDATE runs SET finished_at = $now WHERE run_id = $run_id",
                {"now": now().replace(tzinfo=None), "run_id": self.run_id},
            )

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows of one of the study's own tables."""
        with self.change():
            self.tables.insert(rows)

    def pending(self, plan: StagePlan, retry_failed: bool = False, hopeful: Collection[str] = ()) -> list[str]:
        """Clips that a stage has still to do, see `pending.pending`."""
        with self.uninterrupted_lock():
            if self._left is None:
                self._left = pending.unfinished(self.tables, list(self._current.values()))
                self._caption_alone = pending.caption_alone(self.tables, self._left)
            return pending.pending(self._left, plan, retry_failed, hopeful, self._caption_alone)

    def have_caption(self, clip_ids: Collection[str]) -> set[str]:
        """Those of some clips that have a caption."""
        with self.uninterrupted_lock():
            return {row.clip_id for row in self.tables.read(ClipRow, list(clip_ids)) if row.caption is not None}

    def failed_before(self) -> dict[str, int]:
        """By reason, the failures of earlier runs that stand, see `pending.failed_before`."""
        with self.uninterrupted_lock():
            return pending.failed_before(self.tables, list(self._current.values()), self.run_id)

    def passed(self, plan: StagePlan, among: Collection[str] | None = None) -> set[str]:
        """Clips that passed this stage under its current fingerprint, of all or of some."""
        with self.uninterrupted_lock():
            return pending.passed(self.tables, plan, among)

    def passed_under_another_file(self, plan: StagePlan, study_sha256: str) -> set[str]:
        """Clips that passed a stage before the study file became what it is now, see `pending`."""
        with self.uninterrupted_lock():
            return pending.passed_under_another_file(self.tables, plan, study_sha256, self.run_id)

    def waiting(self, plan: StagePlan, tools: str, retry_failed: bool = False) -> list[Waiting]:
        """Posts that are to be fetched now or at a later date, see `pending.waiting`."""
        with self.uninterrupted_lock():
            return pending.waiting(self.tables, plan, tools, retry_failed)

    def of_kind(self, kind: str, among: Collection[str]) -> set[str]:
        """Those of some clips whose bytes come from a file, a URL, or nowhere."""
        with self.uninterrupted_lock():
            return pending.of_kind(self.tables, kind, among)

    def known(self, platform: str) -> set[str]:
        """All clips of a platform."""
        with self.uninterrupted_lock():
            return pending.known(self.tables, platform)

    def clips(self, folder: StudyFolder, plan: StagePlan, clip_ids: Sequence[str]) -> list[Clip]:
        """These clips with the rows of the stages that this one needs, in the given order."""
        with self.uninterrupted_lock():
            kinds = [kind for need in plan.stage.needs for kind in self._stages[need].tables]
            stored: dict[str, dict[str, list[Row]]] = {clip_id: {} for clip_id in clip_ids}
            for kind in kinds:
                for row in self.tables.read(kind, clip_ids):
                    stored[row.clip_id].setdefault(kind.table, []).append(row)  # type: ignore[attr-defined]
            sources = {row.clip_id: row for row in self.tables.read(SourceRow, clip_ids)}
            posts = {row.clip_id: row for row in self.tables.read(ClipRow, clip_ids)}
        return [stored_clip(folder, sources[name], posts[name], stored[name]) for name in clip_ids]

    def follow(self, clip_ids: Sequence[str]) -> None:
        """Load the configurations behind these clips' stored rows, so that `save` knows what to replace."""
        with self.uninterrupted_lock():
            self._last = self._attempts.last_fingerprints(clip_ids)

    def save(self, plan: StagePlan, outcome: Outcome, step: Step | None = None) -> None:
        """Store one outcome at once; `step` is what follows for a post that did not arrive."""
        self.save_all(plan, [outcome], step)

    def save_all(self, plan: StagePlan, outcomes: Sequence[Outcome], step: Step | None = None) -> None:
        """Store outcomes of a stage: the clips' old rows go, the new ones and the attempts come, all or nothing.

        Of a failure, what was learnt of the post is stored too.
        """
        clip_ids = [outcome.clip_id for outcome in outcomes]
        with self.change():
            unknown = [clip_id for clip_id in clip_ids if clip_id not in self._last]
            last = self._last | (self._attempts.last_fingerprints(unknown) if unknown else {})
            asked = {clip_id: last[clip_id] for clip_id in clip_ids}
            replaced = stages_replaced(plan, asked, list(self._stages), self._current)
            for name, found in replaced.items():
                for kind in self._stages[name].tables:
                    self.tables.delete(kind, found)
            first = set(clip_ids) - set(replaced.get(plan.name, ()))
            rows = [row for outcome in outcomes if outcome.ok for row in outcome.rows]
            for kind in plan.stage.tables:
                self.tables.insert([row for row in rows if isinstance(row, kind)], first)
            self.learn([row for outcome in outcomes for row in outcome.rows])
            self._attempts.log(self.run_id, plan.name, plan.fingerprint, outcomes, step=step)
        for clip_id in self._last.keys() & clip_ids:
            self._last[clip_id][plan.name] = plan.fingerprint

    def learn(self, rows: Sequence[Row]) -> None:
        """Store what a platform said of posts, inside a transaction."""
        told = {row.clip_id: row for row in rows if isinstance(row, ClipRow)}
        told = Authors(self.tables).under_known_keys(told, [row for row in rows if isinstance(row, AuthorNameRow)])
        known = {row.clip_id: row for row in self.tables.read(ClipRow, list(told))} if told else {}
        self.tables.replace([merged(known.get(name), row, PLATFORM) for name, row in told.items()])
        self.tables.observe([row for row in rows if isinstance(row, ObservationRow)])

    def forget(self, tombstones: Mapping[str, str], cause: str) -> None:
        """Delete every row of these clips, and leave the tombstone of each, so that no source brings them back."""
        with self.change():
            self.delete(list(tombstones))
            self.tables.insert([TombstoneRow(one, now(), cause, "post") for one in tombstones.values()])

    def delete(self, clip_ids: Sequence[str]) -> None:
        """Delete every row of these clips; a source that names them brings them back."""
        with self.change():
            self.delete_rows(clip_ids)
            delete_names_without_clips(self.tables)
            self.tables.forget_publications(clip_ids)
            self.note_reading(None)

    def delete_rows(self, clip_ids: Sequence[str]) -> None:
        """Delete every row of these clips, inside a transaction; a publication keeps them until it is renewed."""
        for kind in self.kinds_of_clips:
            self.tables.delete(kind, clip_ids)
        self._connection.execute("DELETE FROM traces WHERE attempt_id NOT IN (SELECT attempt_id FROM attempts)")

    @property
    def kinds_of_clips(self) -> list[type[Row]]:
        """The tables whose rows are of one clip each."""
        kinds: tuple[type[Row], ...] = (*self._rows, SourceRow)
        return [kind for kind in kinds if "clip_id" in {column.name for column in kind.columns()}]

    def make_changed_stale(self, files: Sequence[str], captions: Sequence[str]) -> None:
        """Have stages run again on clips with another file or caption, inside a transaction."""
        self._attempts.make_changed_stale(self.run_id, self._stages, files, captions)

    def reasons(self, plan: StagePlan, clip_id: str) -> list[str | None]:
        """Why a clip's attempts under a stage's current fingerprint failed, oldest first; None where one passed."""
        with self.uninterrupted_lock():
            return self._attempts.reasons(plan, clip_id)

    def make_stale(self, stage: str, clip_ids: Sequence[str]) -> None:
        """Have a stage run again on these clips."""
        if clip_ids:
            with self.change():
                self._attempts.make_stale(self.run_id, [stage], clip_ids)

    def publish(self, target: Path) -> None:
        """Replace the published database by what is stored."""
        with self.uninterrupted_lock(), disk_full():
            row = self.tables.next_publication()
            own_files.write(self._own_files, dict(self._connection.execute(OWN_FILES).fetchall()))
            renew_chosen(self._connection, self._rows, target, self._path, row)
            with self.change():
                self.tables.note_published(row)

    @property
    def unpublished(self) -> bool:
        """True when something that is stored is not published, or was published with views of another version."""
        return not self.tables.published or not self._own_files.exists()

    @property
    def _own_files(self) -> Path:
        return self._path.with_name(own_files.LIST)

    def little_memory(self) -> AbstractContextManager[None]:
        """Have the database take little memory inside, see `transactions.little_memory`."""
        return little_memory(self._connection)

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction, of one thread at a time; one inside another belongs to it."""
        with self.uninterrupted_lock():
            if self._changing:
                yield
                return
            self._changing = True
            self._left = None
            try:
                with transaction(self._connection):
                    yield
            finally:
                self._changing = False
