"""What a database says of its own tables, views and columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from pipeline.records import Row
from pipeline.store import schema

#: One row a column of each table and view that has a comment.
COMMENTS = """
    WITH relations AS (
        SELECT table_name AS name, 'table' AS kind, comment AS about
        FROM duckdb_tables()
        WHERE database_name = current_database() AND NOT internal
        UNION ALL
        SELECT view_name, 'view', comment
        FROM duckdb_views()
        WHERE database_name = current_database() AND NOT internal
    )
    SELECT kind, name, about, column_name, data_type, is_nullable, columns.comment
    FROM relations
    JOIN duckdb_columns() AS columns ON columns.table_name = relations.name
    WHERE columns.database_name = current_database() AND about IS NOT NULL
    ORDER BY kind, name, column_index
"""


def comments_of_version(kinds: Iterable[type[Row]]) -> list[dict[str, Any]]:
    """What every database of this version says, with these tables and all views."""
    with duckdb.connect() as connection:
        schema.create_tables(connection, kinds)
        schema.create_views(connection)
        found: list[dict[str, Any]] = connection.sql(COMMENTS).to_arrow_table().to_pylist()
        return found
