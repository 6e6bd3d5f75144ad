"""Opening a working database: one of an older version is copied, then brought to this one in a single transaction."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.errors import StoreError
from pipeline.records import Row
from pipeline.store import schema
from pipeline.store.migrations import is_behind, migrate
from pipeline.store.signals import uninterrupted
from pipeline.store.tables import Tables
from pipeline.store.transactions import disk_full, transaction
from pipeline.study import files

COLUMNS = """
    SELECT table_name, column_name, data_type FROM duckdb_columns()
    WHERE database_name = current_database() ORDER BY ALL
"""


def open_database(path: Path, kinds: Sequence[type[Row]]) -> duckdb.DuckDBPyConnection:
    """Open a working database with all tables of these rows; what an older version wrote is kept beside it.

    Raises `StoreError` if it cannot be opened or a newer cliptone wrote it, `DiskFull` if there is no room for it: then
    nothing is changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    connection = _connect(path)
    try:
        if is_behind(connection) or schema.lacks_columns(connection, kinds):
            name = _copy_name(connection, path)
            connection.close()  # from here on all of it is in the one file
            _keep(path, name)
            connection = _connect(path)
        with uninterrupted(), transaction(connection):
            migrate(connection)
            schema.create_tables(connection, kinds)
        schema.have_last_attempts(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def read_only(path: Path) -> Iterator[Tables]:
    """The tables of a working database, to look at alone; `StoreError` if it cannot be opened."""
    connection = _connect(path, read_only=True)
    try:
        schema.have_last_attempts(connection)
        yield Tables(connection)
    finally:
        connection.close()


def _create(path: Path) -> None:
    """Put an empty database there, whole or not at all: half of one could never be opened again."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with disk_full():
            duckdb.connect(str(part)).close()
            files.put(part, path)
    finally:
        part.unlink(missing_ok=True)


def _connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    try:
        with disk_full():
            return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        sentence = str(error).splitlines()[0]
        raise StoreError(f"the database {path} cannot be opened: {sentence}") from error


def _copy_name(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
    """One name for each shape of the tables, so that a second try does not add another copy."""
    shape = hashlib.sha256(repr(connection.execute(COLUMNS).fetchall()).encode()).hexdigest()[:8]
    return path.with_name(f"{path.stem}.before-{shape}.duckdb")


def _keep(path: Path, copy: Path) -> None:
    part = copy.with_suffix(".part")
    try:
        with disk_full():
            shutil.copyfile(path, part)
            files.put(part, copy)
    finally:
        part.unlink(missing_ok=True)
