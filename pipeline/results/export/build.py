"""An export from end to end: read, coarsen, write beside the target, scan, and only then rename into place."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipeline.errors import UserError
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.results.codebook import codebook, render
from pipeline.results.export import elsewhere
from pipeline.results.export.aggregate import read_ids, read_means
from pipeline.results.export.annotations import eaf, textgrid
from pipeline.results.export.coarsen import Names
from pipeline.results.export.files import Form, read_table, write_table
from pipeline.results.export.leaks import Identifiers, Leak, find_leaks, needles, refuse
from pipeline.results.export.levels import Level
from pipeline.results.export.manifest import ExportFile, ExportNotes, agreement, datapackage, manifest
from pipeline.results.export.subtitles import srt, vtt
from pipeline.results.export.tables import ExportTable, Suppressed, columns_left_out, read_tables, small_authors
from pipeline.results.export.tracks import ClipTracks, read_tracks
from pipeline.results.study import StudyReader
from pipeline.store.transactions import disk_full
from pipeline.study import files as study_files
from pipeline.study.binding import key_or_stand_in, state
from pipeline.study.config import Study
from pipeline.study.files import sha256_of
from pipeline.study.folder import work_name

Subtitles = Literal["srt", "vtt", "textgrid", "elan"]
SUFFIXES: dict[Subtitles, str] = {"srt": ".srt", "vtt": ".vtt", "textgrid": ".TextGrid", "elan": ".eaf"}
SUBTITLES_FOLDER = "subtitles"
IDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
IDS_BYTES = 16  # of the random name of a set of ids


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported, and how."""

    level: Level = Level.SHAREABLE
    form: Form = "parquet"
    subtitles: tuple[Subtitles, ...] = ()
    folder: Path | None = None  # None: exports/<time>-<level> beside the results
    ids: str | None = None  # exports of one study with the same name have the same ids; None: a random name


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written, and what was held back."""

    folder: Path
    files: tuple[ExportFile, ...]
    subtitles: dict[str, int]
    suppressed: tuple[Suppressed, ...]


def export_study(study: Study, options: ExportOptions) -> ExportResult:
    """Write an export of a study's published results.

    Raises `UserError`, and leaves nothing behind, where the options do not fit, the target exists, there is nothing to
    export, or the leak scanner finds a leak.
    """
    check_options(study, options)
    made_at = datetime.now(UTC)
    goal = options.folder or study.folder.exports / f"{made_at:%Y%m%d-%H%M%S}-{options.level}"
    goal = goal.expanduser().absolute()
    if goal.exists():
        raise UserError(f"{goal} is there already: name a folder that is not there yet")
    part = goal.with_name(f".{goal.name}.part-{os.getpid()}")
    try:
        with StudyReader(study.folder.published) as reader, disk_full():
            part.mkdir(parents=True)
            made = _Writer(study, options, reader, part, made_at).write()
            study_files.put(part, goal)
        key = key_or_stand_in(study) if study.file.privacy.pseudonymise else None
        elsewhere.remember(study.folder, goal, f"{made_at:%Y-%m-%d %H:%M} UTC", str(options.level), key)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ExportResult(goal, made.files, made.subtitles, made.suppressed)


def check_options(study: Study, options: ExportOptions) -> None:
    """Raise `UserError` where the options do not go with each other or with the study."""
    file = study.file
    if options.subtitles and options.level is not Level.RESTRICTED:
        raise UserError(f"subtitles hold what was said: they leave at --level restricted alone, not at {options.level}")
    if options.level is Level.RESTRICTED and not file.privacy.pseudonymise:
        raise UserError(
            f"{file.path.name} keeps authors as they are (privacy.pseudonymise = false), and names do not leave a "
            "study: export it at --level shareable, aggregate or ids-only"
        )
    if options.ids is not None and state(study.folder).state == "destroyed":
        raise UserError(
            f"the key of {file.name!r} was destroyed, so no set of ids can be taken up again: export without --ids"
        )
    if options.ids is not None and not IDS.fullmatch(options.ids):
        raise UserError(f"the name {options.ids!r} of a set of ids may hold letters, digits, - and _ alone")


class _Writer:
    """One export in progress, in a folder of its own."""

    def __init__(
        self, study: Study, options: ExportOptions, reader: StudyReader, folder: Path, made_at: datetime
    ) -> None:
        self._study, self._options, self._reader = study, options, reader
        self._folder, self._made_at = folder, made_at
        key = key_or_stand_in(study)
        self._tombstoned = tombstoned_clips(reader, key if study.file.privacy.pseudonymise else None)
        shareable = options.level is Level.SHAREABLE
        ids = options.ids or secrets.token_hex(IDS_BYTES)
        small = small_authors(reader, self._tombstoned) if shareable else frozenset()
        self._ids = ids if shareable else ""
        self._names = Names(key, ids, small)

    def write(self) -> ExportResult:
        """Write and scan all files; raises `UserError` at a leak."""
        level = self._options.level
        entries = [entry for entry in codebook(self._study.folder.published) if entry.kind in ("table", "view")]
        if level is Level.AGGREGATE:
            tables, held = read_means(self._reader, self._tombstoned)
        elif level is Level.IDS_ONLY:
            tables, held = read_ids(self._reader, self._tombstoned)
        else:
            tables, held = read_tables(self._reader, entries, level, self._names, self._tombstoned)
        if not tables:
            why = "; ".join(f"{one.count} {one.unit} held back: {one.why}" for one in held if one.count)
            raise UserError(f"nothing can leave this study at {level}" + (f" ({why})" if why else ": it is empty"))
        held = [Suppressed("all tables", "clips that were forgotten", len(self._tombstoned), "clips"), *held]
        files = tuple(self._write_file(table) for table in tables)
        known = needles(self._reader, level)
        refuse(self._scan_files(files, known))
        subtitles = self._write_subtitles(known)
        left_out = columns_left_out(entries, tables) if level in (Level.RESTRICTED, Level.SHAREABLE) else {}
        notes = ExportNotes(self._study.file.name, level, self._made_at, self._ids, tuple(held), left_out, subtitles)
        self._write_descriptions(files, tables, notes)
        return ExportResult(self._folder, files, subtitles, tuple(held))

    def _write_file(self, table: ExportTable) -> ExportFile:
        path = self._folder / f"{table.name}.{self._options.form}"
        write_table(table.rows, path)
        return ExportFile(path.name, table, path.stat().st_size, sha256_of(path))

    def _scan_files(self, files: Sequence[ExportFile], known: Identifiers) -> list[Leak]:
        """The leaks in the files, read back from the disk."""
        found: list[Leak] = []
        for file in files:
            rows = read_table(self._folder / file.path, file.table.rows.schema)
            found += find_leaks(file.table.name, rows, self._options.level, known)
        return found

    def _write_subtitles(self, known: Identifiers) -> dict[str, int]:
        """Write the files of each clip, and count them by form; raises `UserError` at a leak."""
        forms = {one: form for one, form in self._text_forms().items() if one in self._options.subtitles}
        counts = {str(one): 0 for one in forms}
        folder = self._folder / SUBTITLES_FOLDER
        if forms:
            folder.mkdir()
        for clip in read_tracks(self._reader, self._names, self._tombstoned) if forms else ():
            for one, form in forms.items():
                if text := form(clip):  # a clip without words has no subtitles
                    refuse(find_leaks(SUBTITLES_FOLDER, pa.table({one: [text]}), self._options.level, known))
                    (folder / f"{work_name(clip.clip_id)}{SUFFIXES[one]}").write_text(text, "utf-8", newline="\n")
                    counts[one] += 1
        return counts

    def _text_forms(self) -> dict[Subtitles, Callable[[ClipTracks], str]]:
        return {"srt": srt, "vtt": vtt, "textgrid": textgrid, "elan": lambda clip: eaf(clip, self._made_at)}

    def _write_descriptions(
        self, files: Sequence[ExportFile], tables: Sequence[ExportTable], notes: ExportNotes
    ) -> None:
        """Write the files beside the tables; the manifest comes last, with the digests of all others."""
        entries = [table.entry for table in tables]
        texts = {
            "codebook.md": render(entries, "md"),
            "codebook.csv": render(entries, "csv"),
            "datapackage.json": datapackage(files, notes),
        }
        if notes.level is Level.RESTRICTED:
            texts["DATA_USE_AGREEMENT.txt"] = agreement(notes)
        for name, text in texts.items():
            (self._folder / name).write_text(text, encoding="utf-8", newline="\n")
        tabular = {file.path for file in files}
        paths = (path for path in sorted(self._folder.rglob("*")) if path.is_file())
        others = {path.relative_to(self._folder).as_posix(): path for path in paths}
        digests = {name: sha256_of(path) for name, path in others.items() if name not in tabular}
        (self._folder / "manifest.json").write_text(manifest(files, notes, digests), encoding="utf-8", newline="\n")


def tombstoned_clips(reader: StudyReader, key: bytes | None) -> list[str]:
    """Clips in the results whose own tombstone, or their author's, is stored: an older run may have published them."""
    tombstones = set(reader.arrow("SELECT clip_key FROM tombstones", {})["clip_key"].to_pylist())
    if not tombstones:
        return []
    sql = "SELECT clip_id, author_key FROM clips UNION SELECT clip_id, NULL FROM exposures"
    found = reader.arrow(sql, {}).to_pylist()
    gone = {one["clip_id"] for one in found if tombstone(one["clip_id"], key) in tombstones}
    gone |= {
        one["clip_id"] for one in found if one["author_key"] and author_tombstone(one["author_key"], key) in tombstones
    }
    return sorted(gone)
