"""The tables of a study as exported at `restricted` and `shareable`, and what is suppressed of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.results.codebook import Entry, Variable
from pipeline.results.export.coarsen import SIGNIFICANT_DIGITS, Names, coarsened
from pipeline.results.export.levels import Level, Rule, leaving, rules
from pipeline.results.study import StudyReader

MIN_CLIPS_OF_AUTHOR = 5  # below it a pseudonym would link the few posts that identify the author
AUTHOR_REASON = "author_reason"
FEW_CLIPS, UNKNOWN = "few_clips", "unknown"


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One exported table: its lines in the codebook, its rows, and the columns that tell rows apart."""

    entry: Entry
    rows: pa.Table
    grain: tuple[str, ...] = ()  # () where coarsened rows can be equal
    taken: tuple[str, ...] = ()  # the stored columns that it is made of

    @property
    def name(self) -> str:
        """The table's name."""
        return self.entry.name


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What was suppressed: where, by which rule, and how many cells, rows or clips."""

    where: str
    why: str
    count: int
    unit: str  # cells, rows, clips or groups


def small_authors(reader: StudyReader, tombstones: Sequence[str]) -> frozenset[str]:
    """Authors with too few clips to be told apart at `shareable`."""
    found = reader.arrow(
        """
        SELECT author_key FROM clips
        WHERE author_key IS NOT NULL AND clip_id NOT IN (SELECT unnest($tombstoned::VARCHAR[]))
        GROUP BY author_key HAVING count(*) < $least
        """,
        {"tombstoned": list(tombstones), "least": MIN_CLIPS_OF_AUTHOR},
    )
    return frozenset(found["author_key"].to_pylist())


def read_tables(
    reader: StudyReader, entries: Sequence[Entry], level: Level, names: Names, tombstones: Sequence[str]
) -> tuple[list[ExportTable], list[Suppressed]]:
    """All tables and views with rows at a level, coarsened; clips with a tombstone are left out."""
    tables, held = [], []
    for entry in entries:
        columns = leaving(entry.name, level)
        chosen = {v.name: columns[v.name] for v in entry.variables if v.name in columns}
        if not chosen:
            continue
        stored = _read_rows(reader, entry.name, list(chosen), tombstones)
        if stored.num_rows == 0:
            continue
        tables.append(_coarsened_table(entry, stored, chosen, level, names))
        held += _suppressed_values(entry.name, stored, chosen, level, names)
    return tables, held


def columns_left_out(entries: Sequence[Entry], tables: Sequence[ExportTable]) -> dict[str, list[str]]:
    """The columns of each stored table that are not exported."""
    taken = {table.name: table.taken for table in tables}
    found = {
        entry.name: [variable.name for variable in entry.variables if variable.name not in taken.get(entry.name, ())]
        for entry in entries
        if rules(entry.name)
    }
    return {name: columns for name, columns in found.items() if columns}


def _read_rows(reader: StudyReader, name: str, columns: Sequence[str], tombstones: Sequence[str]) -> pa.Table:
    """Stored rows of a table or view; the names are our own."""
    where = " WHERE clip_id NOT IN (SELECT unnest($tombstoned::VARCHAR[]))" if "clip_id" in columns else ""
    sql = f"SELECT {', '.join(columns)} FROM {name}{where}"  # noqa: S608 - names of our own tables
    return reader.arrow(sql, {"tombstoned": list(tombstones)} if where else {})


def _coarsened_table(
    entry: Entry, stored: pa.Table, columns: dict[str, Rule], level: Level, names: Names
) -> ExportTable:
    arrays, variables = {}, []
    for variable in entry.variables:
        if variable.name not in columns:
            continue
        rule = columns[variable.name]
        described = _variable_at_level(variable, rule, level)
        arrays[described.name] = coarsened(stored[variable.name], rule, level, names)
        variables.append(described)
        if rule is Rule.AUTHOR and level is Level.SHAREABLE:
            arrays[AUTHOR_REASON] = _author_reasons(stored[variable.name], names)
            variables.append(
                Variable(AUTHOR_REASON, "VARCHAR", True, "", "why the author is NULL: unknown or few_clips")
            )
    grain = tuple(part.strip("` ") for part in entry.grain.removeprefix("one row per ").split(","))
    whole = set(grain) <= set(arrays) and entry.kind == "table"
    notes = entry.notes
    if level is Level.SHAREABLE and Rule.FEATURE in columns.values():
        notes = (*notes, f"measured numbers are rounded to {SIGNIFICANT_DIGITS} significant digits")
    kept = dataclasses.replace(entry, variables=tuple(variables), notes=notes)
    return ExportTable(kept, _sorted_by_grain(pa.table(arrays), grain), grain if whole else (), tuple(columns))


def _variable_at_level(variable: Variable, rule: Rule, level: Level) -> Variable:
    """The codebook's line of an exported column: at `shareable` some have another name, type and meaning."""
    if level is not Level.SHAREABLE:
        return variable
    match rule:
        case Rule.CLIP:
            return dataclasses.replace(variable, meaning="the clip, under an id of this export alone")
        case Rule.AUTHOR:
            return dataclasses.replace(
                variable, meaning=f"pseudonym of the author in this export; NULL below {MIN_CLIPS_OF_AUTHOR} clips"
            )
        case Rule.TIME:
            meaning = f"{variable.meaning}: the Monday of that week"
            name = f"{variable.name.removesuffix('_at')}_week"
            return dataclasses.replace(variable, name=name, sql_type="DATE", meaning=meaning)
        case Rule.COUNT:
            meaning = f"{variable.meaning}, as floor(log2(n + 1)): bin k holds 2^k - 1 to 2^(k + 1) - 2"
            return dataclasses.replace(variable, name=f"{variable.name}_log2", unit="log2 bin", meaning=meaning)
        case _:
            return variable


def _author_reasons(authors: pa.ChunkedArray, names: Names) -> pa.ChunkedArray:
    reasons = [
        UNKNOWN if author is None else FEW_CLIPS if author in names.small_authors else None
        for author in authors.to_pylist()
    ]
    return pa.chunked_array([pa.array(reasons, pa.string())])


def _sorted_by_grain(rows: pa.Table, grain: Sequence[str]) -> pa.Table:
    """Rows in an order that does not reveal the stored one: by exported values, the grain first."""
    plain = [name for name in rows.column_names if not pa.types.is_nested(rows.schema.field(name).type)]
    first = [name for name in grain if name in plain]
    return rows.sort_by([(name, "ascending") for name in dict.fromkeys([*first, *plain])])


def _suppressed_values(
    name: str, stored: pa.Table, columns: dict[str, Rule], level: Level, names: Names
) -> list[Suppressed]:
    if level is not Level.SHAREABLE:
        return []
    few = pa.array(sorted(names.small_authors), pa.string())
    counts = {
        column: pc.sum(pc.is_in(stored[column], value_set=few)).as_py() or 0
        for column, rule in columns.items()
        if rule is Rule.AUTHOR
    }
    why = f"authors with fewer than {MIN_CLIPS_OF_AUTHOR} clips: the rows stay, their author is NULL"
    return [Suppressed(f"{name}.{column}", why, count, "cells") for column, count in counts.items()]
