"""The attempts of a study's stages on its clips: written as they end, and asked for the last of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pipeline.records import Outcome
from pipeline.records.runs import AttemptRow, FingerprintRow, TraceRow
from pipeline.sources.platforms.retry import Step
from pipeline.stage import Stage, StagePlan
from pipeline.store import schema
from pipeline.store.tables import Tables, now


class Attempts:
    """The attempts in one open database; changes belong inside a transaction."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._last_id = tables.number("SELECT coalesce(max(attempt_id), 0) FROM attempts")

    def log(
        self,
        run_id: int,
        stage: str,
        fingerprint: str,
        outcomes: Sequence[Outcome],
        status: str | None = None,
        step: Step | None = None,
    ) -> None:
        """Record one attempt on each clip, with what follows from it."""
        finished = now()
        again = None if step is None or step.wait_s is None else finished + timedelta(seconds=step.wait_s)
        first = self._last_id + 1
        attempts = [
            AttemptRow(
                attempt_id=attempt_id,
                run_id=run_id,
                clip_id=outcome.clip_id,
                stage=stage,
                fingerprint=fingerprint,
                status=status or ("ok" if outcome.ok else "failed"),
                reason=outcome.reason,
                message=outcome.message,
                finished_at=finished,
                seconds=outcome.seconds,
                action=step.action if step else None,
                again_at=again,
                tools=outcome.tools,
            )
            for attempt_id, outcome in enumerate(outcomes, first)
        ]
        self._last_id += len(attempts)
        self._tables.insert(attempts)
        traced = [
            (number, outcome.trace) for number, outcome in enumerate(outcomes, first) if outcome.trace is not None
        ]
        self._tables.insert([TraceRow(number, trace) for number, trace in traced])

    def make_stale(self, run_id: int, stages: Sequence[str], clip_ids: Sequence[str]) -> None:
        """Have stages run again on these clips, where they ran before."""
        ran: dict[tuple[str, str], list[str]] = {}
        for clip_id, last in self.last_fingerprints(clip_ids).items() if clip_ids else ():
            for stage in stages:
                if stage in last:
                    ran.setdefault((stage, last[stage]), []).append(clip_id)
        for (stage, fingerprint), found in ran.items():
            self.log(run_id, stage, fingerprint, list(map(Outcome, found)), status="stale")

    def make_changed_stale(
        self, run_id: int, stages: Mapping[str, type[Stage]], files: Sequence[str], captions: Sequence[str]
    ) -> None:
        """Have all stages run again on clips with another file; where the caption is another, those that read it."""
        readers = [name for name, stage in stages.items() if stage.uses_caption]
        self.make_stale(run_id, readers, captions)
        self.make_stale(run_id, list(stages), files)

    def note_plans(self, plans: Sequence[StagePlan]) -> None:
        """Note the configuration that each stage has now."""
        rows = [fingerprint_row(plan) for plan in plans]
        if {row for row in self._tables.read(FingerprintRow) if row.is_current} == set(rows):
            return
        self._tables.script("UPDATE fingerprints SET is_current = false")
        self._tables.script(
            "DELETE FROM fingerprints WHERE fingerprint IN (SELECT unnest($names))",
            {"names": [row.fingerprint for row in rows]},
        )
        schema.insert(self._tables.connection, rows)

    def reasons(self, plan: StagePlan, clip_id: str) -> list[str | None]:
        """Why a clip's attempts under a stage's current fingerprint failed, oldest first; None where one passed."""
        sql = """
            SELECT reason FROM attempts WHERE clip_id = $clip AND stage = $stage AND fingerprint = $now
            ORDER BY attempt_id
        """
        parameters = {"clip": clip_id, "stage": plan.name, "now": plan.fingerprint}
        return [reason for (reason,) in self._tables.connection.execute(sql, parameters).fetchall()]

    def last_fingerprints(self, clip_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The configuration of the last attempt of each stage, by clip."""
        sql = "SELECT clip_id, stage, fingerprint FROM last_attempts WHERE clip_id IN (SELECT unnest($ids))"
        last: dict[str, dict[str, str]] = {clip_id: {} for clip_id in clip_ids}
        found = self._tables.connection.execute(sql, {"ids": list(clip_ids)}).fetchall()
        for clip_id, stage, fingerprint in found:
            last[clip_id][stage] = fingerprint
        return last


def fingerprint_row(plan: StagePlan) -> FingerprintRow:
    """The configuration that a stage's attempts of now name."""
    return FingerprintRow(
        fingerprint=plan.fingerprint,
        stage=plan.name,
        version=plan.stage.version,
        options=plan.options.model_dump_json(),
        models=json.dumps(plan.models, sort_keys=True),
        libraries=json.dumps(plan.libraries, sort_keys=True),
        is_current=True,
    )


def stages_replaced(
    plan: StagePlan, last: Mapping[str, Mapping[str, str]], names: Sequence[str], current: Mapping[str, StagePlan]
) -> dict[str, list[str]]:
    """By stage, clips whose stored rows go: this stage's, and later ones' that ran under another configuration.

    `last` holds the fingerprints of each clip's last attempts by stage, `names` all stages in their order.
    """
    found: dict[str, list[str]] = {}
    for clip_id, ran in last.items():
        for name in names[names.index(plan.name) :]:
            if name in ran and (name == plan.name or ran[name] != current[name].fingerprint):
                found.setdefault(name, []).append(clip_id)
    return found
