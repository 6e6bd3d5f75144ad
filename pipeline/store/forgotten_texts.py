"""Texts that lead to clips which are to be forgotten, and the cells of other rows in which such texts stand too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.store.tables import Tables

#: Where whole texts stand that can be a person's own.
TEXTS = (
    ("clips", "caption"),
    ("transcripts", "text"),
    ("segments", "text"),
    ("platform_captions", "text"),
)
TEXT = """
    SELECT DISTINCT {column} FROM {table} WHERE clip_id IN (SELECT unnest($ids)) AND strlen({column}) >= $least
"""
TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
AUTHORS = """
    SELECT author_key FROM clips GROUP BY author_key
    HAVING author_key IS NOT NULL AND bool_and(clip_id IN (SELECT unnest($ids)))
"""
URLS = """
    SELECT url FROM clips WHERE url IS NOT NULL AND clip_id IN (SELECT unnest($ids))
    UNION SELECT location FROM sources WHERE kind = 'url' AND clip_id IN (SELECT unnest($ids))
"""
#: Columns whose texts may name anybody.
TEXT_COLUMNS = """
    SELECT table_name, column_name FROM duckdb_columns()
    WHERE database_name = current_database() AND data_type IN ('VARCHAR', 'VARCHAR[]')
    ORDER BY ALL
"""
#: Cells of a column with the texts in them; `by_itself`: one that is nobody else's, and no part of a longer name.
IN_CELLS = r"""
    SELECT
        kind, text, sum(cells)::BIGINT,
        bool_or(own AND regexp_matches(
            cell, '(^|[^\pL\pN_.-])' || regexp_escape(text) || '($|[^\pL\pN_.-]|[.-]($|[^\pL\pN_]))'
        )) AS by_itself
    FROM wanted
    JOIN (
        SELECT CAST("{column}" AS VARCHAR) AS cell, count(*) AS cells FROM "{table}"
        WHERE strlen(cell) >= {least} GROUP BY cell  -- a clip's id stands in thousands of rows: it is looked at once
    ) ON contains(cell, text)
    GROUP BY kind, text
"""


@dataclass(frozen=True, slots=True)
class TextInColumn:
    """A text that stands in a column of a table."""

    kind: str
    text: str
    column: str  # with its table
    cells: int
    is_by_itself: bool  # nobody else's, and no part of a longer name


def long_texts(tables: Tables, clip_ids: Collection[str], least_bytes: int) -> set[str]:
    """What was said and written in clips, from this length on."""
    there = tables.texts(TABLES)
    asked = [TEXT.format(table=table, column=column) for table, column in TEXTS if table in there]
    parameters = {"ids": sorted(clip_ids), "least": least_bytes}
    return {text for sql in asked for text in tables.texts(sql, parameters)}


def authors_of_nothing_else(tables: Tables, clip_ids: Collection[str]) -> set[str]:
    """The `author_key`s of which nothing stays once these clips go."""
    return tables.texts(AUTHORS, {"ids": sorted(clip_ids)})


def authors_among(tables: Tables, clip_ids: Collection[str]) -> int:
    """How many authors these clips have."""
    sql = "SELECT count(DISTINCT author_key) FROM clips WHERE clip_id IN (SELECT unnest($ids))"
    return tables.number(sql, {"ids": sorted(clip_ids)})


def urls(tables: Tables, clip_ids: Collection[str]) -> set[str]:
    """The URLs of clips, as they are stored and as they are fetched."""
    return tables.texts(URLS, {"ids": sorted(clip_ids)})


def in_columns(
    tables: Tables, asked: Sequence[tuple[str, str]], own: Collection[str], least_bytes: int
) -> list[TextInColumn]:
    """Where texts stand, given with their kinds; `own` are the kinds that nobody else can stand for."""
    connection = tables.connection
    wanted: Mapping[str, list[object]] = {
        "kind": [kind for kind, _ in asked],
        "text": [text for _, text in asked],
        "own": [kind in own for kind, _ in asked],
    }
    found = []
    connection.register("wanted", pa.table(wanted))
    try:
        for table, column in connection.execute(TEXT_COLUMNS).fetchall():
            cells = connection.execute(IN_CELLS.format(table=table, column=column, least=least_bytes)).fetchall()
            found += [TextInColumn(kind, text, f"{table}.{column}", *counted) for kind, text, *counted in cells]
    finally:
        connection.unregister("wanted")
    return found
