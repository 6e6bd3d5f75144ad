"""Rows, attempts and clips of a study against each other, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.records import AudioRow, ClipRow, MediaRow, ObservationRow, ProvenanceRow, Row, VisibilityRow
from pipeline.run.verify.findings import Finding
from pipeline.stage import Stage
from pipeline.store.store import Store

#: Tables beside those of stages whose rows belong to a clip.
OF_CLIPS: tuple[type[Row], ...] = (ObservationRow, ProvenanceRow, VisibilityRow)
#: Tables with one row of every clip that has passed their stage.
ONE_EACH: tuple[type[Row], ...] = (MediaRow, AudioRow)

#: Clips with rows of a stage whose last attempt there did not pass: one marked stale has its rows until it runs again.
UNEARNED = """
    WITH last AS (
        SELECT clip_id, arg_max(status, attempt_id) AS status
        FROM attempts WHERE stage = $stage AND status <> 'stale' GROUP BY clip_id
    ),
    final AS (
        SELECT DISTINCT clip_id FROM {table} LEFT JOIN last USING (clip_id) WHERE coalesce(last.status, '') <> 'ok'
    )
    FROM final ORDER BY clip_id
"""
#: Clips that passed a stage at their last attempt, and have no row in its table.
MISSING = """
    WITH last AS (
        SELECT clip_id, arg_max(status, attempt_id) AS status FROM attempts WHERE stage = $stage GROUP BY clip_id
    ),
    final AS (SELECT clip_id FROM last ANTI JOIN {table} USING (clip_id) WHERE last.status = 'ok')
    FROM final ORDER BY clip_id
"""
#: Clips that passed a stage at their last attempt, and have two rows where there is to be one.
TWICE = """
    WITH last AS (
        SELECT clip_id, arg_max(status, attempt_id) AS status FROM attempts WHERE stage = $stage GROUP BY clip_id
    ),
    final AS (
        SELECT clip_id FROM {table} JOIN last USING (clip_id) WHERE last.status = 'ok'
        GROUP BY clip_id, {grain} HAVING count(*) > 1
    )
    SELECT DISTINCT clip_id FROM final ORDER BY clip_id
"""
UNKNOWN = "SELECT DISTINCT clip_id FROM {table} ANTI JOIN clips USING (clip_id) ORDER BY clip_id"
UNLISTED = "SELECT clip_id FROM clips ANTI JOIN sources USING (clip_id) ORDER BY clip_id"
UNBOOKED = "SELECT DISTINCT clip_id FROM attempts ANTI JOIN {table} USING ({column}) ORDER BY clip_id"

AGAIN = "--repair marks it, and the next run makes it again"
DELETES = "--repair deletes them"
NOBODY = "nothing mends this: the results are there; tell whoever maintains cliptone"


def row_findings(store: Store, stages: Sequence[type[Stage]]) -> Iterator[Finding]:
    """What is wrong with the rows of an open study."""
    for stage in stages:
        for kind in stage.tables:
            yield from _of_stage(store, stage, kind)
    for kind in OF_CLIPS:
        for clip_id in _asked(store, UNKNOWN.format(table=kind.table)):
            what = f"{kind.table} has rows of a clip that is not in clips"
            yield Finding("rows", what, DELETES, clip_id, spare_rows=kind.table)
    yield from _books(store)


def _of_stage(store: Store, stage: type[Stage], kind: type[Row]) -> Iterator[Finding]:
    table = kind.table
    for clip_id in _asked(store, UNEARNED.format(table=table), stage=stage.name):
        what = f"{table} has rows of a clip whose last attempt at {stage.name} did not pass"
        yield Finding("rows", what, DELETES, clip_id, spare_rows=table)
    grain = ", ".join(kind.grain)
    for clip_id in _asked(store, TWICE.format(table=table, grain=grain), stage=stage.name):
        what = f"{table} has two rows of one {grain}"
        yield Finding("rows", what, AGAIN, clip_id, stale_stage=stage.name)
    if kind in ONE_EACH:
        for clip_id in _asked(store, MISSING.format(table=table), stage=stage.name):
            what = f"{table} has no row of a clip that has passed {stage.name}"
            yield Finding("rows", what, AGAIN, clip_id, stale_stage=stage.name)


def _books(store: Store) -> Iterator[Finding]:
    """Attempts, runs, fingerprints, clips and sources, each against the others."""
    for clip_id in _asked(store, UNKNOWN.format(table="attempts")):
        what = "attempts were made on a clip that is not in clips"
        yield Finding("attempts", what, DELETES, clip_id, spare_rows="attempts")
    for table, column in (("runs", "run_id"), ("fingerprints", "fingerprint")):
        for clip_id in _asked(store, UNBOOKED.format(table=table, column=column)):
            yield Finding("attempts", f"an attempt names a {column} that {table} does not have", NOBODY, clip_id)
    for clip_id in _asked(store, UNKNOWN.format(table="sources")):
        what = "sources list a clip that is not in clips"
        yield Finding("rows", what, DELETES, clip_id, spare_rows="sources")
    for clip_id in _asked(store, UNLISTED):
        what = f"{ClipRow.table} has a clip that no source lists: no run will reach it"
        yield Finding("rows", what, "name it in a source again, or take it out with cliptone forget --clip", clip_id)


def _asked(store: Store, sql: str, **parameters: Any) -> list[str]:
    with store.uninterrupted_lock():
        return [clip_id for (clip_id,) in store.tables.connection.execute(sql, parameters).fetchall()]
