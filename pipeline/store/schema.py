"""Rows as tables, queries as views: DDL, comments and Arrow types, all from one place."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from pipeline.records import Row
from pipeline.records.row import stored_time
from pipeline.store.queries import Query, get_query, read_macros, read_queries
from pipeline.store.view_order import in_order

SQL_TYPES = {
    str: ("VARCHAR", pa.string()),
    int: ("BIGINT", pa.int64()),
    float: ("DOUBLE", pa.float64()),
    bool: ("BOOLEAN", pa.bool_()),
    datetime: ("TIMESTAMP", pa.timestamp("us")),
    tuple[str, ...]: ("VARCHAR[]", pa.list_(pa.string())),
    tuple[int, ...]: ("INTEGER[]", pa.list_(pa.int32())),
    tuple[float, ...]: ("FLOAT[]", pa.list_(pa.float32())),
    Mapping[str, float]: ("MAP(VARCHAR, DOUBLE)", pa.map_(pa.string(), pa.float64())),
    Mapping[str, str]: ("MAP(VARCHAR, VARCHAR)", pa.map_(pa.string(), pa.string())),
}

RowT = TypeVar("RowT", bound=Row)


_COLUMNS: dict[type[Row], tuple[Column, ...]] = {}
_TIME_COLUMNS: dict[type[Row], tuple[str, ...]] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its types, whether it may be NULL, and what it means."""

    name: str
    sql_type: str
    arrow_type: pa.DataType
    nullable: bool
    doc: str
    unit: str

    @property
    def comment(self) -> str:
        """Meaning and unit, as the database stores them."""
        return f"{self.doc} [{self.unit}]" if self.unit else self.doc


def columns(kind: type[Row]) -> tuple[Column, ...]:
    """The columns of a row class, with types read from its annotations."""
    if kind not in _COLUMNS:
        _COLUMNS[kind] = _read_columns(kind)
    return _COLUMNS[kind]


def time_columns(kind: type[Row]) -> tuple[str, ...]:
    """The names of the columns that hold times."""
    if kind not in _TIME_COLUMNS:
        _TIME_COLUMNS[kind] = tuple(column.name for column in columns(kind) if column.sql_type == "TIMESTAMP")
    return _TIME_COLUMNS[kind]


def _read_columns(kind: type[Row]) -> tuple[Column, ...]:
    hints = typing.get_type_hints(kind)
    found = []
    for field in kind.columns():
        hint, nullable = hints[field.name], False
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
            nullable = True
        sql_type, arrow_type = SQL_TYPES[hint]
        found.append(Column(field.name, sql_type, arrow_type, nullable, field.metadata["doc"], field.metadata["unit"]))
    return tuple(found)


def create_tables(
    connection: duckdb.DuckDBPyConnection, kinds: Iterable[type[Row]], catalog: str | None = None
) -> None:
    """Create the tables and the columns that are missing, and write the comments that differ from what is there.

    A database that has them all costs one look; `catalog` is that of an attached database.
    """
    place = f"{catalog}.main." if catalog else ""
    known = _stored_comments(connection, catalog)
    for kind in kinds:
        is_new = (kind.table, None) not in known
        if is_new:
            defined = ", ".join(f"{c.name} {c.sql_type}{'' if c.nullable else ' NOT NULL'}" for c in columns(kind))
            connection.execute(f"CREATE TABLE {place}{kind.table} ({defined})")
        doc = (kind.__doc__ or "").strip()
        if known.get((kind.table, None)) != doc:
            connection.execute(f"COMMENT ON TABLE {place}{kind.table} IS {quoted(doc)}")
        for column in columns(kind):
            if known.get((kind.table, column.name)) == column.comment:
                continue
            if not is_new and (kind.table, column.name) not in known:  # NULL until the stage has run again
                connection.execute(f"ALTER TABLE {place}{kind.table} ADD COLUMN {column.name} {column.sql_type}")
            connection.execute(f"COMMENT ON COLUMN {place}{kind.table}.{column.name} IS {quoted(column.comment)}")


def lacks_columns(connection: duckdb.DuckDBPyConnection, kinds: Iterable[type[Row]]) -> bool:
    """Whether a table that is there lacks a column: an older version made it."""
    known = _stored_comments(connection, None)
    there = [kind for kind in kinds if (kind.table, None) in known]
    return any((kind.table, column.name) not in known for kind in there for column in columns(kind))


def _stored_comments(
    connection: duckdb.DuckDBPyConnection, catalog: str | None
) -> dict[tuple[str, str | None], str | None]:
    """The comments of all tables, by name and None, and of their columns, by both names."""
    sql = """
        SELECT table_name, NULL, comment FROM duckdb_tables()
        WHERE database_name = coalesce($catalog, current_database())
        UNION ALL
        SELECT table_name, column_name, comment FROM duckdb_columns()
        WHERE database_name = coalesce($catalog, current_database())
    """
    return {(table, name): comment for table, name, comment in connection.execute(sql, {"catalog": catalog}).fetchall()}


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a view of each query without parameters, after those that it builds on, and the macros of all queries.

    What reads a table of a stage that this study does not have is left out.
    """
    views = in_order(tuple(query for query in read_queries().values() if not query.parameters))
    comments = _column_comments(connection)
    for query in views:  # a view of an older version may lack a column that another view now reads
        connection.execute(f"DROP VIEW IF EXISTS {query.name}")
    create_macros(connection)
    there = _relations(connection)
    for query, read in views.items():
        if read <= there:
            connection.execute(f"CREATE VIEW {query.name} AS {query.sql}")
            connection.execute(f"COMMENT ON VIEW {query.name} IS {quoted(query.header)}")
            _comment_columns(connection, query, comments)
            there.add(query.name)


def create_macros(connection: duckdb.DuckDBPyConnection, kind: str = "MACRO") -> None:
    """Make the functions that queries share; as a `TEMP MACRO` they are this connection's alone."""
    for macro in read_macros():
        connection.execute(macro.sql.replace("CREATE MACRO", f"CREATE OR REPLACE {kind}", 1))


def _relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of all tables and views."""
    sql = "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()"
    return {name for (name,) in connection.execute(sql).fetchall()}


def have_last_attempts(connection: duckdb.DuckDBPyConnection) -> None:
    """Have the view `last_attempts` in this connection, whatever the file holds.

    Working databases do not store it, so that it is always of this version; what an older version published lacks it.
    """
    # without attempts it is no study, and those of a much older version lack columns: all else can be read there
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW last_attempts AS {get_query('last_attempts').sql}")


def _column_comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The comments of all columns, by table and column."""
    sql = "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL"
    return {(table, column): comment for table, column, comment in connection.execute(sql).fetchall()}


def _comment_columns(connection: duckdb.DuckDBPyConnection, query: Query, comments: dict[tuple[str, str], str]) -> None:
    """Write the comments of a view's columns, and note them: its own, or those of the columns that it takes as is."""
    taken = {name: comments[origin] for name, origin in query.column_origins.items() if origin in comments}
    for name, comment in {**taken, **query.column_docs}.items():
        connection.execute(f"COMMENT ON COLUMN {query.name}.{name} IS {quoted(comment)}")
        comments[query.name, name] = comment


def insert(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row], schema: str = "main") -> None:
    """Append rows of one kind through Arrow."""
    if not rows:
        return
    kind = type(rows[0])
    arrays = {column.name: pa.array(_plain_values(column, rows), column.arrow_type) for column in columns(kind)}
    connection.register("incoming", pa.table(arrays))
    try:
        connection.execute(f"INSERT INTO {schema}.{kind.table} BY NAME SELECT * FROM incoming")  # noqa: S608 - own names
    finally:
        connection.unregister("incoming")


def insert_one(connection: duckdb.DuckDBPyConnection, row: Row) -> None:
    """Append one row of plain values; Arrow would load pandas first, which takes longer than a whole idle run."""
    values = {column.name: _plain(getattr(row, column.name)) for column in columns(type(row))}
    names, marks = ", ".join(values), ", ".join(f"${name}" for name in values)
    connection.execute(f"INSERT INTO {row.table} ({names}) VALUES ({marks})", values)  # noqa: S608 - own names


def read(connection: duckdb.DuckDBPyConnection, kind: type[RowT], clip_ids: Sequence[str] | None = None) -> list[RowT]:
    """Stored rows of one kind in the order of their grain, of these clips or of all."""
    names = ", ".join(column.name for column in columns(kind))
    sql = f"SELECT {names} FROM {kind.table}"  # noqa: S608 - own names
    where = "" if clip_ids is None else " WHERE clip_id IN (SELECT unnest($ids))"
    order = f" ORDER BY {', '.join(kind.grain)}"
    parameters = {} if clip_ids is None else {"ids": list(clip_ids)}
    found = connection.execute(sql + where + order, parameters).fetchall()
    return [kind(*(tuple(value) if isinstance(value, list) else value for value in row)) for row in found]


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _plain_values(column: Column, rows: Sequence[Row]) -> list[Any]:
    """The values of a column as Arrow takes them."""
    values = list(map(attrgetter(column.name), rows))
    if column.sql_type == "TIMESTAMP" or column.sql_type.startswith("MAP"):
        return list(map(_plain, values))
    return values


def _plain(value: Any) -> Any:
    """A value as Arrow takes it: maps as pairs, times as UTC without an offset."""
    if isinstance(value, Mapping):
        return list(value.items())
    return stored_time(value) if isinstance(value, datetime) else value
