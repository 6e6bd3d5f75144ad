"""The documents beside exported tables: the manifest, the data package descriptor, and the data use agreement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.results.export.files import TIME_FORMAT, formula_cells
from pipeline.results.export.levels import MEANINGS, Level
from pipeline.results.export.tables import ExportTable, Suppressed

AGREEMENT = Path(__file__).with_name("agreement.txt")
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
MEDIA_TYPES = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
CAUTIONS: dict[Level, tuple[str, ...]] = {
    Level.RESTRICTED: (
        "personal data: a post id leads to a person; fill in and sign DATA_USE_AGREEMENT.txt before handing it on",
        "captions and transcripts can name people: only handles written with @ stand under pseudonyms",
    ),
    Level.SHAREABLE: (
        "pseudonymous, not anonymous: whoever has the videos could measure them again and compare",
        "ids join the tables of this export; they match another export only where both were given the same name of ids",
        "a small study is easy to see through: few of its clips share a week, a platform and a language",
        "an author with fewer than five clips has no pseudonym; the rows of those clips stay",
        "weeks in place of times can make rows of `observations` and `attempts` alike",
    ),
    Level.AGGREGATE: (
        "clips whose author is not known count as clips, never as authors",
        "several exports of a study that grows can be told from one another: publish few of them",
    ),
    Level.IDS_ONLY: ("posts vanish: who collects them later finds fewer, and not a random part",),
}
TONE_CAUTION = "tone is how a voice sounds to a model, never what a person feels"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One written file of a table."""

    path: str  # inside the export
    table: ExportTable
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportNotes:
    """What a manifest states beside its files."""

    study: str
    level: Level
    created_at: datetime
    ids: str  # name of the set of ids, "" where ids are those of the platforms
    suppressed: tuple[Suppressed, ...]
    left_out: Mapping[str, Sequence[str]]
    subtitles: Mapping[str, int]  # files by format


def manifest(files: Sequence[ExportFile], notes: ExportNotes, others: Mapping[str, str]) -> str:
    """The manifest as JSON: level, version, time, the columns, rows and sha256 of each file, and what was suppressed.

    `others` are the digests of files that hold no table, by path.
    """
    content: dict[str, Any] = {
        "study": notes.study,
        "level": notes.level.value,
        "meaning": MEANINGS[notes.level],
        "cliptone_version": version("cliptone"),
        "created_at": notes.created_at.isoformat(timespec="seconds"),
        "ids": notes.ids or "as the platforms give them",
        "files": [_file_entry(file) for file in files],
        "other_files": [{"path": path, "sha256": sha256} for path, sha256 in sorted(others.items())],
        "subtitles": dict(notes.subtitles),
        "suppressed": [
            {"where": one.where, "why": one.why, "count": one.count, "unit": one.unit} for one in notes.suppressed
        ],
        "columns_left_out": {table: list(columns) for table, columns in notes.left_out.items()},
        "cautions": [*CAUTIONS[notes.level], TONE_CAUTION],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def datapackage(files: Sequence[ExportFile], notes: ExportNotes) -> str:
    """The export as a Frictionless data package (Data Package standard 2.0), for readers in R, Python and others."""
    clip_ids = next((file.table.rows["clip_id"] for file in files if file.table.name == "clips"), None)
    content = {
        "$schema": PROFILE,
        "name": f"{notes.study}-{notes.level}".lower(),
        "title": f"{notes.study}: {MEANINGS[notes.level]}",
        "created": notes.created_at.isoformat(timespec="seconds"),
        "version": version("cliptone"),
        "resources": [_resource_entry(file, clip_ids) for file in files],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def agreement(notes: ExportNotes) -> str:
    """The data use agreement to fill in, for `restricted`."""
    created = notes.created_at.isoformat(timespec="seconds")
    return AGREEMENT.read_text(encoding="utf-8").format(
        study=notes.study, created_at=created, version=version("cliptone")
    )


def _file_entry(file: ExportFile) -> dict[str, Any]:
    columns = [{"name": variable.name, "type": variable.sql_type} for variable in file.table.entry.variables]
    found = {
        "path": file.path,
        "table": file.table.name,
        "rows": file.table.rows.num_rows,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "columns": columns,
    }
    formulas = formula_cells(file.table.rows) if file.path.endswith(".csv") else 0
    return {**found, "cells_like_formulas": formulas} if formulas else found


def _resource_entry(file: ExportFile, clip_ids: pa.ChunkedArray | None) -> dict[str, Any]:
    suffix = Path(file.path).suffix
    schema: dict[str, Any] = {
        "fields": [
            _schema_field(
                file.table.rows.schema.field(variable.name), variable.meaning, variable.unit, variable.nullable
            )
            for variable in file.table.entry.variables
        ],
        "missingValues": [""],
    }
    if file.table.grain and not any(file.table.rows[name].null_count for name in file.table.grain):
        schema["primaryKey"] = list(file.table.grain)
    if file.table.name != "clips" and clip_ids is not None and _are_among(file.table.rows, clip_ids):
        schema["foreignKeys"] = [{"fields": ["clip_id"], "reference": {"resource": "clips", "fields": ["clip_id"]}}]
    return {
        "name": file.table.name,
        "path": file.path,
        "description": file.table.entry.meaning,
        "format": suffix.removeprefix("."),
        "mediatype": MEDIA_TYPES[suffix],
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": schema,
    }


def _are_among(rows: pa.Table, clip_ids: pa.ChunkedArray) -> bool:
    """Whether all rows are of exported clips: donors can have seen others."""
    if "clip_id" not in rows.column_names:
        return False
    return bool(pc.all(pc.is_in(rows["clip_id"], value_set=clip_ids.combine_chunks())).as_py())


def _schema_field(column: pa.Field, meaning: str, unit: str, nullable: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "type": _schema_type(column.type)}
    if pa.types.is_timestamp(column.type):
        found["format"] = TIME_FORMAT
    found["description"] = f"{meaning} [{unit}]" if unit else meaning
    return found if nullable else {**found, "constraints": {"required": True}}


def _schema_type(kind: pa.DataType) -> str:
    """The type's name in the Table Schema standard."""
    if pa.types.is_map(kind):
        return "object"
    if pa.types.is_list(kind):
        return "array"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_date(kind):
        return "date"
    return "datetime" if pa.types.is_timestamp(kind) else "string"
