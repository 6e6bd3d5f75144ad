"""Numbered changes to the tables of existing databases."""

from __future__ import annotations

import duckdb

from pipeline.errors import StoreError

#: Statement by version: a database at version n gets all with a higher number, in one transaction.
MIGRATIONS: dict[int, str] = {}

BASELINE = 1  # the version of a new database before any migration
CURRENT = max([BASELINE, *MIGRATIONS])


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a database to the current version; `StoreError` if a newer cliptone wrote it."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
    version = connection.execute("SELECT max(version) FROM schema_version").fetchall()[0][0]
    if version is None:
        connection.execute("INSERT INTO schema_version VALUES ($version)", {"version": CURRENT})
        return
    if version > CURRENT:
        raise StoreError(
            f"this database was written by a newer cliptone (version {version}, this one knows {CURRENT}): upgrade it"
        )
    for number in sorted(number for number in MIGRATIONS if number > version):
        connection.execute(MIGRATIONS[number])
        connection.execute("UPDATE schema_version SET version = $number", {"number": number})
