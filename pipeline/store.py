"""The DuckDB file of a study: enrol clips, find what is pending, save what stages give, publish for readers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline import schema
from pipeline.config import Study
from pipeline.errors import RETRYABLE, Reason, StoreError
from pipeline.ledger import (
    LAST_ATTEMPTS,
    LEDGER_ROWS,
    PRIVATE_ROWS,
    AttemptRow,
    FingerprintRow,
    RunRow,
    SourceRow,
    TraceRow,
)
from pipeline.migrations import migrate
from pipeline.posts import Enrolment
from pipeline.pseudonyms import clip_row, observation_row
from pipeline.publish import publish
from pipeline.queries_folder import queries_digest
from pipeline.records import Clip, ClipRow, ObservationRow, Outcome, Row, RowT, Source
from pipeline.stage import Stage, StagePlan
from pipeline.transactions import transaction

STUDY_ROWS: tuple[type[Row], ...] = (ClipRow, ObservationRow)


class Store:
    """The working database of one study, held by one run; every change is one transaction."""

    def __init__(self, path: Path, stages: Sequence[type[Stage]]) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._tables: dict[str, type[Row]] = {row.table: row for stage in stages for row in stage.tables}
        self._rows = (*STUDY_ROWS, *self._tables.values(), *LEDGER_ROWS)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            sentence = str(error).splitlines()[0]
            raise StoreError(f"the database {path} cannot be opened: {sentence}") from error
        with transaction(self._connection):
            migrate(self._connection)
            schema.create_tables(self._connection, (*self._rows, *PRIVATE_ROWS))
        self._attempts = self._number("SELECT coalesce(max(attempt_id), 0) FROM attempts")
        self._published = path.with_name("published")  # holds the digest of the views, gone while there is news
        self._run_id = 0
        self._current: dict[str, StagePlan] = {}
        self._last: dict[str, dict[str, str]] = {}  # by clip and stage, of the clips that are followed

    def close(self) -> None:
        """Write everything to the file and let it go."""
        self._connection.close()

    # ------------------------------------------------------------ the study

    def enrol(self, enrolments: Iterable[Enrolment], key: bytes | None) -> tuple[int, int]:
        """Add the clips that are new and renew what changed; returns how many are listed and how many are new.

        A file whose size or time changed makes all stages of its clip stale, a changed caption those that read it.
        """
        known = {row.clip_id: row for row in schema.read(self._connection, SourceRow)}
        posts = {row.clip_id: row for row in schema.read(self._connection, ClipRow)}
        sources: list[SourceRow] = []
        clips: list[ClipRow] = []
        observations: list[ObservationRow] = []
        for position, enrolment in enumerate(enrolments):
            source = enrolment.source
            sources.append(SourceRow(enrolment.clip_id, position, source.kind, source.location, source.stamp))
            if enrolment.clip_id not in posts or source.kind == "file":  # what a fetch said of a post is better
                clips.append(_without_offset(clip_row(enrolment.clip_id, enrolment.post, key)))
            observation = observation_row(enrolment.clip_id, enrolment.post)
            if observation is not None:
                observations.append(observation)
        changed = [row for row in sources if row.clip_id in known and known[row.clip_id].stamp != row.stamp]
        captions = [row for row in clips if row.clip_id in posts and posts[row.clip_id].caption != row.caption]
        with transaction(self._connection):
            self._replace([row for row in sources if known.get(row.clip_id) != row])
            self._replace([row for row in clips if posts.get(row.clip_id) != row])
            self._observe(observations)
            readers = [name for name, stage in self._stages.items() if stage.uses_caption]
            self._make_stale(readers, [row.clip_id for row in captions])
            self._make_stale(list(self._stages), [row.clip_id for row in changed])
        return len(sources), len({row.clip_id for row in sources} - known.keys())

    def begin_run(self, version: str, study_digest: str, plans: Sequence[StagePlan]) -> None:
        """Open a run and note the configuration of every stage."""
        self._current = {plan.name: plan for plan in plans}
        rows = [_fingerprint_row(plan) for plan in plans]
        with transaction(self._connection):
            self._run_id = 1 + self._number("SELECT coalesce(max(run_id), 0) FROM runs")
            schema.insert(self._connection, [RunRow(self._run_id, _now(), None, version, study_digest)])
            self._connection.execute("UPDATE fingerprints SET is_current = false")
            self._connection.execute(
                "DELETE FROM fingerprints WHERE fingerprint IN (SELECT unnest($names))",
                {"names": [row.fingerprint for row in rows]},
            )
            schema.insert(self._connection, rows)

    def end_run(self) -> None:
        """Close the run."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE runs SET finished_at = $now WHERE run_id = $run_id",
                {"now": _now().replace(tzinfo=None), "run_id": self._run_id},
            )

    # ------------------------------------------------------------ what to do

    def pending(self, plan: StagePlan, retry_failed: bool = False, hopeful: Collection[str] = ()) -> list[str]:
        """Clips that this stage has still to do, in the order of the sources.

        A clip is due when the stages it needs have passed under their current fingerprints, and this one has not;
        a failure counts as done unless its reason speaks of the moment, or `retry_failed`. `hopeful` clips are
        taken to pass the stages it needs.
        """
        sql = f"""
            SELECT clip_id FROM sources
            WHERE clip_id NOT IN (
                SELECT clip_id FROM ({LAST_ATTEMPTS})
                WHERE status = 'ok' OR (status = 'failed' AND NOT list_contains($again, reason))
            )
            ORDER BY position, clip_id
        """  # noqa: S608 - constants of this module
        again = list(Reason) if retry_failed else sorted(RETRYABLE)
        parameters = {"stage": plan.name, "fingerprint": plan.fingerprint, "again": again}
        due = [str(row[0]) for row in self._connection.execute(sql, parameters).fetchall()]
        for need in plan.stage.needs:
            passed = self.passed(self._current[need])
            due = [clip_id for clip_id in due if clip_id in passed or clip_id in hopeful]
        return due

    def passed(self, plan: StagePlan) -> set[str]:
        """Clips that passed this stage under its current fingerprint."""
        sql = f"SELECT clip_id FROM ({LAST_ATTEMPTS}) WHERE status = 'ok'"  # noqa: S608 - constants of this module
        parameters = {"stage": plan.name, "fingerprint": plan.fingerprint}
        return {str(row[0]) for row in self._connection.execute(sql, parameters).fetchall()}

    def clips(self, study: Study, plan: StagePlan, clip_ids: Sequence[str]) -> list[Clip]:
        """These clips with the rows of the stages that this one needs, in the given order."""
        kinds = [kind for need in plan.stage.needs for kind in self._stages[need].tables]
        stored: dict[str, dict[str, list[Row]]] = {clip_id: {} for clip_id in clip_ids}
        for kind in kinds:
            for row in schema.read(self._connection, kind, clip_ids):
                stored[row.clip_id].setdefault(kind.table, []).append(row)  # type: ignore[attr-defined]
        sources = {row.clip_id: row for row in schema.read(self._connection, SourceRow, clip_ids)}
        posts = {row.clip_id: row for row in schema.read(self._connection, ClipRow, clip_ids)}
        return [
            Clip(
                clip_id=clip_id,
                source=Source(sources[clip_id].kind, sources[clip_id].location, sources[clip_id].stamp),
                media_path=_media_path(study, sources[clip_id]),
                audio_path=study.audio_path(clip_id),
                declared_duration_s=posts[clip_id].declared_duration_s,
                caption=posts[clip_id].caption,
                stored=stored[clip_id],
            )
            for clip_id in clip_ids
        ]

    # ------------------------------------------------------------ what was done

    def follow(self, clip_ids: Sequence[str]) -> None:
        """Load the configurations behind these clips' stored rows, so that `save` knows what to replace."""
        self._last = self._last_fingerprints(clip_ids)

    def save(self, plan: StagePlan, outcome: Outcome) -> None:
        """Store one outcome: the clip's old rows go, the new ones and the attempt come, all or nothing."""
        if outcome.clip_id not in self._last:
            self.follow([outcome.clip_id])
        last = self._last[outcome.clip_id]
        with transaction(self._connection):
            for name in self._replaced(plan, last):
                for kind in self._stages[name].tables:
                    self._connection.execute(
                        f"DELETE FROM {kind.table} WHERE clip_id = $clip_id",  # noqa: S608 - own names
                        {"clip_id": outcome.clip_id},
                    )
            for kind in plan.stage.tables:
                self._insert([row for row in outcome.rows if isinstance(row, kind)])
            self._replace([row for row in outcome.rows if isinstance(row, ClipRow)])
            self._observe([row for row in outcome.rows if isinstance(row, ObservationRow)])
            self._log(plan.name, plan.fingerprint, outcome)
        last[plan.name] = plan.fingerprint

    def make_stale(self, stage: str, clip_ids: Sequence[str]) -> None:
        """Have a stage run again on these clips."""
        with transaction(self._connection):
            self._make_stale([stage], clip_ids)

    def publish(self, target: Path) -> None:
        """Replace what readers see by what is stored."""
        publish(self._connection, self._rows, target)
        self._published.write_text(queries_digest(), encoding="utf-8")

    @property
    def unpublished(self) -> bool:
        """True when readers have not seen everything that is stored, or see it through views of another version."""
        return not self._published.exists() or self._published.read_text(encoding="utf-8") != queries_digest()

    # ------------------------------------------------------------ inside a transaction

    def _replaced(self, plan: StagePlan, last: Mapping[str, str]) -> list[str]:
        """Stages whose stored rows of a clip go: this one, and later ones that ran under another configuration."""
        names = list(self._stages)
        later = names[names.index(plan.name) + 1 :]
        outdated = [name for name in later if name in last and last[name] != self._current[name].fingerprint]
        return [plan.name, *outdated] if plan.name in last else outdated

    def _replace(self, rows: Sequence[Row]) -> None:
        """Put rows of a table with one row a clip in the place of the old ones."""
        if not rows:
            return
        self._connection.execute(
            f"DELETE FROM {rows[0].table} WHERE clip_id IN (SELECT unnest($ids))",  # noqa: S608 - own names
            {"ids": [row.clip_id for row in rows]},  # type: ignore[attr-defined]
        )
        self._insert(rows)

    def _observe(self, rows: Sequence[ObservationRow]) -> None:
        """Add counts that are new; the same counts read again from the same source add nothing."""
        if not rows:
            return
        stored = schema.read(self._connection, ObservationRow, [row.clip_id for row in rows])
        known = {(row.clip_id, row.counted_at, row.count_source): row for row in stored}
        plain = {(row.clip_id, row.counted_at, row.count_source): row for row in map(_without_offset, rows)}
        undated = [row.clip_id for name, row in plain.items() if row.counted_at is None and known.get(name, row) != row]
        self._connection.execute(  # of counts without a time, the last ones read stand
            "DELETE FROM observations WHERE counted_at IS NULL AND clip_id IN (SELECT unnest($ids))", {"ids": undated}
        )
        self._insert([row for name, row in plain.items() if name not in known or row.clip_id in undated])

    def _make_stale(self, stages: Sequence[str], clip_ids: Sequence[str]) -> None:
        for clip_id, last in self._last_fingerprints(clip_ids).items():
            for stage in stages:
                if stage in last:
                    self._log(stage, last[stage], Outcome(clip_id), status="stale")

    def _last_fingerprints(self, clip_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The configuration of the last attempt of each stage, by clip."""
        sql = """
            SELECT clip_id, stage, arg_max(fingerprint, attempt_id)
            FROM attempts WHERE clip_id IN (SELECT unnest($ids)) GROUP BY clip_id, stage
        """
        last: dict[str, dict[str, str]] = {clip_id: {} for clip_id in clip_ids}
        for clip_id, stage, fingerprint in self._connection.execute(sql, {"ids": list(clip_ids)}).fetchall():
            last[clip_id][stage] = fingerprint
        return last

    def _log(self, stage: str, fingerprint: str, outcome: Outcome, status: str | None = None) -> None:
        self._attempts += 1
        attempt = AttemptRow(
            attempt_id=self._attempts,
            run_id=self._run_id,
            clip_id=outcome.clip_id,
            stage=stage,
            fingerprint=fingerprint,
            status=status or ("ok" if outcome.ok else "failed"),
            reason=outcome.reason,
            message=outcome.message,
            finished_at=_now(),
            seconds=outcome.seconds,
        )
        self._insert([attempt])
        if outcome.trace is not None:
            schema.insert(self._connection, [TraceRow(self._attempts, outcome.trace)])

    def _insert(self, rows: Sequence[Row]) -> None:
        """Append rows that readers have not seen; the mark goes first, so that a crash cannot hide them."""
        if rows:
            self._published.unlink(missing_ok=True)
        schema.insert(self._connection, rows)

    def _number(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchall()[0][0])


def _fingerprint_row(plan: StagePlan) -> FingerprintRow:
    return FingerprintRow(
        fingerprint=plan.fingerprint,
        stage=plan.name,
        version=plan.stage.version,
        options=plan.options.model_dump_json(),
        models=json.dumps(plan.models, sort_keys=True),
        libraries=json.dumps(plan.libraries, sort_keys=True),
        is_current=True,
    )


def _media_path(study: Study, source: SourceRow) -> Path | None:
    return Path(source.location) if source.kind == "file" else study.media_path(source.clip_id)


def _without_offset(row: RowT) -> RowT:
    """A row with its times in UTC without an offset, as they come back from the database."""
    times = {
        column.name: value.astimezone(UTC).replace(tzinfo=None)
        for column in row.columns()
        if isinstance(value := getattr(row, column.name), datetime) and value.tzinfo is not None
    }
    return dataclasses.replace(row, **times)  # type: ignore[type-var]


def _now() -> datetime:
    return datetime.now(UTC)
