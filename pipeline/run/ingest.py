"""Files of other tools become part of a study: their posts, counts and exposures, and the rows that were rejected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records import ExposureRow, ImportRow
from pipeline.records.runs import ReadingRow
from pipeline.run.donors import donor_key, has_withdrawn, without_withdrawn
from pipeline.run.progress import RunSummary
from pipeline.run.pseudonymise import post_rows
from pipeline.run.short_links import as_posts
from pipeline.sources.count_times import posts_without_count_time
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.reading import read
from pipeline.sources.formats.result import ImportResult, rejects_name, write_rejects
from pipeline.sources.read import SourceExport, Sources, read_sources, stamp
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.store.upsert_posts import UpsertResult, add_import
from pipeline.study import binding
from pipeline.study.config import Study
from pipeline.study.lock import held
from pipeline.study.source_options import IMPORTED


def import_into(study: Study, path: Path, hints: Hints, fetch: bool) -> tuple[ImportResult, ImportRow]:
    """Read a file into a study and publish it; with `fetch` the next run fetches the media of its posts.

    Raises `UserError` where the file cannot be read as a whole or its donor has withdrawn, `StudyBusy` if a run holds
    the study.
    """
    result = read(path, hints)  # before anything is made: a mistake leaves no trace
    key = binding.key_of(study)
    with held(study.folder), Store(study.folder.working, STAGES) as store:
        export = SourceExport(IMPORTED, result, fetch)
        if has_withdrawn(store, export, key):
            raise UserError(f"the donor of {path} has withdrawn: their data is no longer imported")
        row = take_in(store, export, key, study.folder.rejects)
        if store.unpublished or not study.folder.published.exists():
            store.publish(study.folder.published)
    return result, row


def take_sources(study: Study, store: Store, key: bytes | None, sources: Sources | None, report: RunSummary) -> None:
    """Have a store hold what the sources of its study name, and report it; the same as last time are not read again.

    `sources` are given where they were read already. Raises `ConfigError` for one that cannot be read.
    """
    mark = stamp(study.file, key)  # before the reading: what changes meanwhile is read the next time
    reading = store.reading()
    if sources is None and reading is not None and reading.stamp == mark:
        report.listed, report.rejected, report.notes = reading.listed, reading.rejected, reading.notes or ()
        return
    sources = without_withdrawn(sources or read_sources(study), store, key)
    report.without_count_time = posts_without_count_time(sources.sourced_posts)
    with store.change():
        named = as_posts(sources.sourced_posts, store, study.folder.shard)
        upserted = store.upsert_posts(post_rows(named, key))
        taken = [take_in(store, export, key, study.folder.rejects, upserted) for export in sources.exports]
        report.listed, report.new = upserted.listed, len(upserted.new)
        report.rejected = sum(row.rejected for row in taken)
        report.notes = sources.notes
        store.note_reading(ReadingRow(mark, report.listed, report.rejected, report.notes) if mark else None)


def take_in(
    store: Store, export: SourceExport, key: bytes | None, rejects: Path, upserted: UpsertResult | None = None
) -> ImportRow:
    """Store a file with its posts, counts and exposures, and write its rejected rows into the folder `rejects`.

    The same file again adds nothing. `enrolled` is what became of its posts if they are stored already, with those of
    other sources. The row that comes back counts what is new this time.
    """
    with store.change():
        if upserted is None:
            named = as_posts(export.sourced_posts(), store)
            upserted = store.upsert_posts(post_rows(named, key))
            store.note_reading(None)  # among equals the sources have the last word: they are read again
        row = _import_row(export, upserted, key)
        add_import(store.tables, row, list(_exposure_rows(export.result, key)))
    path = rejects / rejects_name(export.result, export.label)
    path.unlink(missing_ok=True)
    if export.result.rejects or export.result.notes:
        write_rejects(export.result, path)
    return row


def _import_row(export: SourceExport, upserted: UpsertResult, key: bytes | None) -> ImportRow:
    result = export.result
    donor = None if result.donor is None else donor_key(result.donor, key)
    named = {f"{found.post.platform}:{found.post.post_id}" for found in result.posts}
    named |= {exposure.clip_id for exposure in result.exposures}
    return ImportRow(
        file_sha256=result.sha256,
        file_name=donor or result.path.absolute().name,  # people give donated files names that tell who they are
        format=result.format,
        format_version=result.version,
        imported_at=now(),
        posts=len(result.posts),
        exposures=len(result.exposures),
        rejected=len(result.rejects),
        new_posts=len(named.intersection(upserted.new)),
    )


def _exposure_rows(result: ImportResult, key: bytes | None) -> Iterator[ExposureRow]:
    for exposure in result.exposures:
        yield ExposureRow(
            donor_key=donor_key(exposure.donor, key),
            clip_id=exposure.clip_id,
            kind=exposure.kind,
            seen_at=exposure.seen_at,
            file_sha256=result.sha256,
            file_row=exposure.number,
        )
