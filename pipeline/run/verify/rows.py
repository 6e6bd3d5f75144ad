"""Rows, attempts and clips of a study against each other, both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipeline.records import AudioRow, ClipRow, MediaRow, ObservationRow, ProvenanceRow, Row, VisibilityRow
from pipeline.run.verify.findings import Finding
from pipeline.stage import Stage
from pipeline.store import integrity
from pipeline.store.store import Store

#: Tables beside those of stages whose rows belong to a clip.
OF_CLIPS: tuple[type[Row], ...] = (ObservationRow, ProvenanceRow, VisibilityRow)
#: Tables with one row of every clip that has passed their stage.
ONE_EACH: tuple[type[Row], ...] = (MediaRow, AudioRow)

AGAIN = "--repair marks it, and the next run makes it again"
DELETES = "--repair --yes deletes them"
NOBODY = "it cannot be repaired: the results are there; report it to whoever maintains cliptone"


def row_findings(store: Store, stages: Sequence[type[Stage]]) -> Iterator[Finding]:
    """What is wrong with the rows of an open study."""
    for stage in stages:
        for kind in stage.tables:
            yield from _of_stage(store, stage, kind)
    for kind in OF_CLIPS:
        for clip_id in _clips(store, integrity.without_clip, kind.table):
            what = f"{kind.table} has rows of a clip that is not in clips"
            yield Finding("rows", what, DELETES, clip_id, spare_rows=kind.table)
    yield from _books(store)


def _of_stage(store: Store, stage: type[Stage], kind: type[Row]) -> Iterator[Finding]:
    table = kind.table
    for clip_id in _clips(store, integrity.unearned, stage.name, kind):
        what = f"{table} has rows of a clip whose last attempt at {stage.name} did not pass"
        yield Finding("rows", what, DELETES, clip_id, spare_rows=table)
    for clip_id in _clips(store, integrity.twice, stage.name, kind):
        what = f"{table} has two rows of one {', '.join(kind.grain)}"
        yield Finding("rows", what, AGAIN, clip_id, stale_stage=stage.name)
    if kind in ONE_EACH:
        for clip_id in _clips(store, integrity.missing, stage.name, kind):
            what = f"{table} has no row of a clip that has passed {stage.name}"
            yield Finding("rows", what, AGAIN, clip_id, stale_stage=stage.name)


def _books(store: Store) -> Iterator[Finding]:
    """Attempts, runs, fingerprints, clips and sources, each against the others."""
    for clip_id in _clips(store, integrity.without_clip, "attempts"):
        what = "attempts were made on a clip that is not in clips"
        yield Finding("attempts", what, DELETES, clip_id, spare_rows="attempts")
    for table, column in (("runs", "run_id"), ("fingerprints", "fingerprint")):
        for clip_id in _clips(store, integrity.unbooked, table, column):
            yield Finding("attempts", f"an attempt names a {column} that {table} does not have", NOBODY, clip_id)
    for clip_id in _clips(store, integrity.without_clip, "sources"):
        what = "sources list a clip that is not in clips"
        yield Finding("rows", what, DELETES, clip_id, spare_rows="sources")
    for clip_id in _clips(store, integrity.unlisted):
        what = f"{ClipRow.table} has a clip that no source lists: no run will reach it"
        yield Finding("rows", what, "name it in a source again, or take it out with cliptone forget --clip", clip_id)


def _clips(store: Store, ask: Callable[..., list[str]], *about: object) -> list[str]:
    """The clips that a question of the store finds, asked without being interrupted."""
    with store.uninterrupted_lock():
        return ask(store.tables, *about)
