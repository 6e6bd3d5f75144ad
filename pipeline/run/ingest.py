"""Files of other tools become part of a study: their posts, counts and exposures, and the rows that were rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from pipeline.errors import UserError
from pipeline.records import ExposureRow, ImportRow
from pipeline.records.counted import counted
from pipeline.records.runs import ReadingRow
from pipeline.run.batch_writer import publish_if_quick
from pipeline.run.donors import donor_key, has_withdrawn, without_withdrawn
from pipeline.run.progress import RunSummary
from pipeline.run.pseudonymise import post_rows
from pipeline.run.short_links import as_posts
from pipeline.run.stored_text import hide_sounds
from pipeline.sources.accounts import in_all
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.reading import read
from pipeline.sources.formats.rejects import place_of_rejects, rejects_path, write_rejects
from pipeline.sources.formats.result import ImportResult, Reject
from pipeline.sources.formats.spool import in_batches
from pipeline.sources.platforms.options import wants_slideshow_sound
from pipeline.sources.read import SourceExport, Sources, read_sources, stamp
from pipeline.stages import STAGES
from pipeline.store.store import BATCH_POSTS, Store
from pipeline.store.tables import now
from pipeline.store.upsert_posts import UpsertResult, add_exposures, add_import
from pipeline.study import binding
from pipeline.study.config import Study
from pipeline.study.lock import held
from pipeline.study.source_options import IMPORTED


class Watch(Protocol):
    """Who watches an import."""

    def read(self, rows: int) -> None:
        """So many rows were read."""

    def storing(self, posts: int) -> None:
        """All were read; so many posts are to be stored."""

    def stored(self, posts: int) -> None:
        """So many more are stored, and stay whatever happens."""

    def noted(self, lines: Sequence[str]) -> None:
        """What became of some of them, or of others through them, line by line."""


def import_into(
    study: Study, path: Path, hints: Hints, fetch: bool, watch: Watch | None = None
) -> tuple[ImportResult, ImportRow]:
    """Read a file into a study and publish it; with `fetch` the next run fetches the media of its posts.

    Posts are stored batch by batch: whoever is stopped in between imports the same file again to go on. Raises
    `UserError` where the file cannot be read as a whole or its donor has withdrawn, `StudyBusy` if a run holds the
    study.
    """
    result = read(path, hints, watch.read if watch else None)  # before anything is made: a mistake leaves no trace
    key = binding.key_of(study)
    with held(study.folder), Store(study.folder.working, STAGES) as store:
        export = SourceExport(IMPORTED, result, fetch, wants_slideshow_sound(study.file.options))
        if has_withdrawn(store, export, key):
            raise UserError(f"the donor of {path} has withdrawn: their data is no longer imported")
        with store.little_memory():
            try:
                row = take_in(store, export, key, study.folder.rejects, watch)
            except KeyboardInterrupt:
                publish_if_quick(store, study.folder)  # what is stored can be looked at
                raise
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
    with store.change():
        posts = as_posts(sources.sourced_posts, store, study.folder.shard)
        rows = post_rows(posts, key, has_forgotten=bool(store.tables.tombstones()))
        upserted = store.upsert_posts(rows, slideshow_sound=wants_slideshow_sound(study.file.options))
        hide_sounds(store, key)
        for export in sources.exports:
            note_file(store, export, key, study.folder.rejects, upserted)
        report.listed, report.new = upserted.listed, len(upserted.new)
        report.without_count_time = upserted.without_count_time
        accounts = [part.account for part in sources.parts]
        report.accounts = tuple(one.sentence for one in accounts)
        if sources.shard is None:
            report.accounts += in_all(accounts, upserted.listed, upserted.kept_out)
        for part in sources.lists:
            numbered = [Reject(one.number, one.reason) for one in part.rejects]  # a URL shows who it is of
            write_rejects(place_of_rejects(study.folder.rejects, "list", part.label), "line", numbered)
        report.rejected = sum(one.rejected for one in accounts)
        report.notes = (*sources.all_notes(examples=True), *_joined_authors(upserted))
        kept = tuple(sources.all_notes(examples=False))  # no value of a post that may be forgotten one day
        store.note_reading(ReadingRow(mark, report.listed, report.rejected, kept) if mark else None)


def _joined_authors(upserted: UpsertResult) -> tuple[str, ...]:
    """That authors who stood under two names are one now, as their `author_key` has changed."""
    if not upserted.joined_authors:
        return ()
    authors = counted(upserted.joined_authors, "author who stood", "authors who stood")
    return (f"{authors} under two names, as id and handle, now have one author_key",)


def take_in(
    store: Store, export: SourceExport, key: bytes | None, rejects: Path, watch: Watch | None = None
) -> ImportRow:
    """Store the posts of a file batch by batch, then what `note_file` does."""
    if watch is not None:
        watch.storing(len(export.result.posts))
    posts = as_posts(export.sourced_posts, store)
    rows = post_rows(posts, key, has_forgotten=bool(store.tables.tombstones()))
    told = watch.stored if watch else None
    upserted = store.upsert_posts(rows, watch=told, slideshow_sound=export.slideshow_sound)
    if watch is not None:
        watch.noted((*in_all((), 0, upserted.kept_out), *_joined_authors(upserted)))
    with store.change():
        store.note_reading(None)  # among equals the sources have the last word: they are read again
        return note_file(store, export, key, rejects, upserted)


def note_file(
    store: Store, export: SourceExport, key: bytes | None, rejects: Path, upserted: UpsertResult
) -> ImportRow:
    """Note a file whose posts are stored, with its exposures, and write its rejected rows into the folder `rejects`.

    The same file again adds nothing. The row that comes back counts what is new this time.
    """
    row = _import_row(export, upserted, key)
    with store.change():
        add_import(store.tables, row)
        for batch in in_batches(_exposure_rows(export.result, key), BATCH_POSTS):
            add_exposures(store.tables, batch)
    found = export.result
    write_rejects(rejects_path(rejects, found, export.label), found.unit, found.rejects, found.notes)
    return row


def _import_row(export: SourceExport, upserted: UpsertResult, key: bytes | None) -> ImportRow:
    result = export.result
    donor = None if result.donor is None else donor_key(result.donor, key)
    return ImportRow(
        file_sha256=result.sha256,
        file_name=donor or result.path.absolute().name,  # people give donated files names that tell who they are
        format=result.format,
        format_version=result.version,
        imported_at=now(),
        posts=len(result.posts),
        exposures=len(result.exposures),
        rejected=len(result.rejects),
        new_posts=upserted.new_by_file.get(result.sha256, 0),
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
