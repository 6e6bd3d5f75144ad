"""The published database: what readers may see, written beside the old one and renamed into its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipeline import schema
from pipeline.records import Row
from pipeline.transactions import disk_full, quietly


def publish(connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], target: Path) -> None:
    """Write these tables, their comments and the views to a new file, and put it in the place of `target`.

    An open reader keeps the old file; raises `DiskFull` and leaves the old one when there is no room.
    """
    part = target.with_suffix(".part")
    try:
        _remove_database(part)
        with disk_full():
            _write(connection, kinds, part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        part.replace(target)
    finally:
        _remove_database(part)


def _write(connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], part: Path) -> None:
    connection.execute(f"ATTACH {schema.quoted(str(part))} AS published")
    try:
        schema.create_tables(connection, kinds, "published.main")
        connection.execute("CREATE TABLE published.schema_version AS FROM schema_version")
        for kind in kinds:
            order = ", ".join(kind.grain)
            connection.execute(f"INSERT INTO published.{kind.table} BY NAME FROM {kind.table} ORDER BY {order}")
    finally:
        quietly(lambda: connection.execute("DETACH published"))
    with duckdb.connect(str(part)) as opened:
        schema.create_views(opened)


def _remove_database(path: Path) -> None:
    """Delete a database and its log: a log beside another file would be replayed into it."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
