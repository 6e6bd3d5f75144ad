"""Clips with all their rows from one working database to another of the same study: what happened later stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.errors import StoreError
from pipeline.records import (
    ClipRow,
    ExclusionRow,
    ExposureRow,
    ObservationRow,
    ProvenanceRow,
    Row,
    TombstoneRow,
    VisibilityRow,
)
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.records.runs import AttemptRow, FingerprintRow, RunRow, SourceRow, TraceRow
from pipeline.stage import Stage
from pipeline.store.schema import columns, quoted
from pipeline.store.store import Store
from pipeline.study.shard import Shard

#: Tables of which a clip has one state, beside those of the stages: it is replaced as a whole.
STATES: tuple[type[Row], ...] = (SourceRow, ClipRow, ExclusionRow)
#: Tables to which several places add: rows of the same grain are replaced, others stay.
GATHERED: tuple[type[Row], ...] = (ObservationRow, ProvenanceRow, ExposureRow, VisibilityRow)

#: Clips that the other database knows alone, or has worked on later.
LATER = """
    CREATE OR REPLACE TEMP TABLE carried AS
    WITH theirs AS (SELECT clip_id, max(finished_at) AS at FROM other.attempts GROUP BY clip_id),
    ours AS (SELECT clip_id, max(finished_at) AS at FROM attempts GROUP BY clip_id),
    final AS (
        SELECT sources.clip_id
        FROM other.sources AS sources
        LEFT JOIN theirs USING (clip_id)
        LEFT JOIN ours USING (clip_id)
        WHERE theirs.at > ours.at
            OR (ours.at IS NULL AND theirs.at IS NOT NULL)
            OR sources.clip_id NOT IN (SELECT clip_id FROM sources)
    )
    FROM final WHERE {condition}
"""

#: The number here of each run over there that these clips' attempts name; one that is here already keeps its own.
RUN_NUMBERS = """
    CREATE OR REPLACE TEMP TABLE run_numbers AS
    WITH named AS (
        FROM other.runs WHERE run_id IN (SELECT run_id FROM other.attempts SEMI JOIN carried USING (clip_id))
    ),
    known AS (
        SELECT named.run_id AS theirs, min(runs.run_id) AS ours
        FROM named LEFT JOIN runs USING (started_at, cliptone_version, study_sha256) GROUP BY ALL
    ),
    final AS (
        SELECT theirs, ours IS NULL AS is_new, coalesce(
            ours,
            (SELECT coalesce(max(run_id), 0) FROM runs) + row_number() OVER (PARTITION BY is_new ORDER BY theirs)
        ) AS ours
        FROM known
    )
    FROM final
"""

#: Attempts keep their order, after all that are here.
ATTEMPT_NUMBERS = """
    CREATE OR REPLACE TEMP TABLE attempt_numbers AS
    SELECT attempt_id AS theirs,
        (SELECT coalesce(max(attempt_id), 0) FROM attempts) + row_number() OVER (ORDER BY attempt_id) AS ours
    FROM other.attempts SEMI JOIN carried USING (clip_id)
"""

DROP_ATTEMPTS = """
    DELETE FROM traces WHERE attempt_id IN (SELECT attempt_id FROM attempts SEMI JOIN carried USING (clip_id));
    DELETE FROM attempts WHERE clip_id IN (SELECT clip_id FROM carried);
"""


def carry(
    store: Store, path: Path, stages: Sequence[type[Stage]], key: bytes | None, shard: Shard | None = None
) -> int:
    """Take over clips from the working database at `path`, those of a shard or all; returns how many.

    A clip comes with all its rows if its last attempt over there is later than here, or if it is not here at all. So
    the same again carries nothing, and forgotten clips stay away. The store must be opened anew before it stores
    attempts of its own. `StoreError` where the other database cannot be read.
    """
    connection = store.tables.connection
    with store.uninterrupted_lock(), _attached(connection, path) as there, store.change():
        _gather(connection, TombstoneRow, there)
        connection.execute(LATER.format(condition=shard.condition if shard else "true"))
        _leave_forgotten(store, key)
        count = store.tables.number("SELECT count(*) FROM carried")
        if count:
            _carry_rows(connection, stages, there)
            _carry_attempts(connection)
            store.tables.forget_publications([])
            connection.execute("DELETE FROM judgements")
    return count


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[set[str]]:
    """The other database as `other`; gives the names of its tables."""
    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS other (READ_ONLY)")
    except duckdb.Error as error:
        sentence = str(error).splitlines()[0]
        raise StoreError(f"the database {path} cannot be read now, perhaps a run holds it: {sentence}") from error
    try:
        found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'other'").fetchall()
        yield {str(row[0]) for row in found}
    finally:
        connection.execute("DETACH other")


def _leave_forgotten(store: Store, key: bytes | None) -> None:
    """Take clips from the list that were forgotten, or whose author was."""
    tombstones = store.tables.tombstones()
    if not tombstones:
        return
    sql = "SELECT clip_id, author_key FROM carried LEFT JOIN other.clips USING (clip_id)"
    gone = [
        clip_id
        for clip_id, author_key in store.tables.connection.execute(sql).fetchall()
        if tombstone(clip_id, key) in tombstones or (author_key and author_tombstone(author_key, key) in tombstones)
    ]
    store.tables.connection.execute("DELETE FROM carried WHERE clip_id IN (SELECT unnest($ids))", {"ids": gone})


def _carry_rows(connection: duckdb.DuckDBPyConnection, stages: Sequence[type[Stage]], there: Collection[str]) -> None:
    for kind in (*STATES, *(kind for stage in stages for kind in stage.tables)):
        connection.execute(f"DELETE FROM {kind.table} WHERE clip_id IN (SELECT clip_id FROM carried)")  # noqa: S608
        if kind.table in there:
            connection.execute(
                f"INSERT INTO {kind.table} BY NAME FROM other.{kind.table} SEMI JOIN carried USING (clip_id)"
            )
    for kind in GATHERED:
        _gather(connection, kind, there, "SEMI JOIN carried USING (clip_id)")
    _gather(connection, FingerprintRow, there, "ANTI JOIN fingerprints USING (fingerprint)")
    connection.execute("UPDATE fingerprints SET is_current = false")  # the next run says which are


def _gather(connection: duckdb.DuckDBPyConnection, kind: type[Row], there: Collection[str], which: str = "") -> None:
    """Add rows from over there; those of the same grain that are here go."""
    if kind.table not in there:
        return
    same = " AND ".join(f"{kind.table}.{name} IS NOT DISTINCT FROM theirs.{name}" for name in kind.grain)
    theirs = f"(FROM other.{kind.table} {which}) AS theirs"
    connection.execute(f"DELETE FROM {kind.table} USING {theirs} WHERE {same}")  # noqa: S608 - our own names
    connection.execute(f"INSERT INTO {kind.table} BY NAME FROM {theirs}")


def _carry_attempts(connection: duckdb.DuckDBPyConnection) -> None:
    """Attempts and their runs under numbers of this database."""
    connection.execute(RUN_NUMBERS)
    connection.execute(ATTEMPT_NUMBERS)
    connection.execute(DROP_ATTEMPTS)
    runs, attempts, traces = (_names(kind, *own) for kind, *own in _RENUMBERED)
    connection.execute(f"""
        INSERT INTO runs BY NAME
        SELECT run_numbers.ours AS run_id, {runs}
        FROM other.runs AS theirs JOIN run_numbers ON run_numbers.theirs = theirs.run_id AND is_new
    """)  # noqa: S608 - our own names
    connection.execute(f"""
        INSERT INTO attempts BY NAME
        SELECT attempt_numbers.ours AS attempt_id, run_numbers.ours AS run_id, {attempts}
        FROM other.attempts AS theirs
        JOIN attempt_numbers ON attempt_numbers.theirs = theirs.attempt_id
        JOIN run_numbers ON run_numbers.theirs = theirs.run_id
        ORDER BY attempt_id
    """)  # noqa: S608 - our own names
    connection.execute(f"""
        INSERT INTO traces BY NAME
        SELECT attempt_numbers.ours AS attempt_id, {traces}
        FROM other.traces AS theirs JOIN attempt_numbers ON attempt_numbers.theirs = theirs.attempt_id
    """)  # noqa: S608 - our own names


#: Tables of the ledger, and the columns that count in one database alone.
_RENUMBERED: tuple[tuple[type[Row], *tuple[str, ...]], ...] = (
    (RunRow, "run_id"),
    (AttemptRow, "attempt_id", "run_id"),
    (TraceRow, "attempt_id"),
)


def _names(kind: type[Row], *own: str) -> str:
    return ", ".join(f"theirs.{column.name}" for column in columns(kind) if column.name not in own)
