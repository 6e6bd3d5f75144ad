"""Numbered changes to the tables of existing databases."""

from __future__ import annotations

import duckdb

from pipeline.errors import StoreError

#: Statement by version: a database at version n gets all with a higher number, in one transaction.
MIGRATIONS: dict[int, str] = {
    2: "ALTER TABLE IF EXISTS clips DROP COLUMN IF EXISTS metadata_source",  # field_sources says it by column
    3: "ALTER TABLE IF EXISTS observations ALTER COLUMN counted_at DROP NOT NULL",  # some exports give no time
    # what every clip now has to say of itself: where its media come from, and which origin of its fields is known
    4: """
        ALTER TABLE clips ADD COLUMN IF NOT EXISTS kind VARCHAR;
        ALTER TABLE clips ADD COLUMN IF NOT EXISTS field_sources MAP(VARCHAR, VARCHAR);
        UPDATE clips SET kind = coalesce((SELECT min(kind) FROM sources WHERE sources.clip_id = clips.clip_id), 'post')
        WHERE kind IS NULL;
        UPDATE clips SET field_sources = MAP {} WHERE field_sources IS NULL;
    """,
    # the names of authors as far as they are known; of an older `author_key`, not whether it was an id or a handle
    5: """
        ALTER TABLE sources ADD COLUMN IF NOT EXISTS author_alias VARCHAR;
        CREATE TABLE IF NOT EXISTS author_names (
            platform VARCHAR NOT NULL, name VARCHAR NOT NULL, author_key VARCHAR NOT NULL, is_id BOOLEAN
        );
        INSERT INTO author_names
        SELECT DISTINCT platform, author_key, author_key, NULL FROM clips WHERE author_key IS NOT NULL;
        INSERT INTO author_names
        SELECT platform, author_alias, min(author_key), false FROM clips JOIN sources USING (clip_id)
        WHERE author_key IS NOT NULL AND author_alias IS NOT NULL
            AND (platform, author_alias) NOT IN (SELECT (platform, name) FROM author_names)
        GROUP BY platform, author_alias HAVING count(DISTINCT author_key) = 1;
    """,
}

BASELINE = 1  # the version of a new database before any migration
CURRENT = max([BASELINE, *MIGRATIONS])


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a database to the current version; `StoreError` if a newer cliptone wrote it."""
    version = _version(connection)
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
    if version is None:
        connection.execute("INSERT INTO schema_version VALUES ($version)", {"version": CURRENT})
        return
    for number in sorted(number for number in MIGRATIONS if number > version):
        connection.execute(MIGRATIONS[number])
        connection.execute("UPDATE schema_version SET version = $number", {"number": number})


def is_behind(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether numbered changes are to come; False for a new database. `StoreError` if a newer cliptone wrote it."""
    version = _version(connection)
    return version is not None and version < CURRENT


def _version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The version of a database; None for a new one."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'"
    if not connection.execute(sql).fetchall()[0][0]:
        return None
    version: int | None = connection.execute("SELECT max(version) FROM schema_version").fetchall()[0][0]
    if version is not None and version > CURRENT:
        raise StoreError(
            f"this database was written by a newer cliptone (version {version}, this one knows {CURRENT}): upgrade it"
        )
    return version
