"""Whether two databases hold the same rows: digests of tables, whatever the order in which their rows lie."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

import duckdb

from pipeline.records import Row
from pipeline.store.schema import columns
from pipeline.store.tables import Tables


def counted_hashes(connection: duckdb.DuckDBPyConnection, kinds: Iterable[type[Row]]) -> dict[str, tuple[int, int]]:
    """By table, how many rows it has and the sum of their hashes: quick, and for one version of DuckDB alone."""
    found = {}
    for kind in kinds:
        fields = ", ".join(column.name for column in columns(kind))
        sql = f"SELECT count(*), coalesce(sum(hash({fields})::HUGEINT), 0) FROM {kind.table}"  # noqa: S608 - own names
        found[kind.table] = connection.execute(sql).fetchall()[0]
    return found


def stored_hashes(tables: Tables, kinds: Iterable[type[Row]]) -> dict[str, tuple[int, int]]:
    """The same of a working database."""
    return counted_hashes(tables.connection, kinds)


def digest_of_rows(
    tables: Tables,
    kinds: Iterable[type[Row]],
    without: Collection[str] = (),
    without_files: Collection[str] = (),
) -> dict[str, str]:
    """By table, the sha256 of all rows in an order of their own; those of some clips and donated files left out."""
    left_out = {"clip_id": list(without), "file_sha256": list(without_files)}
    found = {}
    for kind in kinds:
        fields = ", ".join(f"{column.name} := {column.name}" for column in columns(kind))
        names = [name for name, out in left_out.items() if out and name in {column.name for column in columns(kind)}]
        where = " AND ".join(f"({name} IS NULL OR {name} NOT IN (SELECT unnest(${name})))" for name in names)
        sql = f"""
            WITH digests AS (
                SELECT sha256(CAST(struct_pack({fields}) AS VARCHAR)) AS one
                FROM {kind.table} WHERE {where or "true"}
            )
            SELECT count(*), coalesce(string_agg(one, '' ORDER BY one), '') FROM digests
        """  # noqa: S608 - our own names
        count, joined = tables.connection.execute(sql, {name: left_out[name] for name in names}).fetchall()[0]
        found[kind.table] = hashlib.sha256(f"{count} {joined}".encode()).hexdigest()
    return found
