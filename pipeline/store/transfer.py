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
    ShortLinkRow,
    TombstoneRow,
    VisibilityRow,
)
from pipeline.records.runs import AttemptRow, AuthorNameRow, FingerprintRow, RunRow, SourceRow, TraceRow
from pipeline.stage import Stage
from pipeline.store.authors import Authors
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

#: Names of the authors of these clips, ids first.
NAMES_OF_CARRIED = """
    SELECT platform, name, author_key, is_id FROM other.author_names
    SEMI JOIN (SELECT platform, author_key FROM other.clips SEMI JOIN carried USING (clip_id))
    USING (platform, author_key)
    ORDER BY platform, author_key, is_id IS TRUE DESC, name
"""
RENAME_AUTHOR = """
    UPDATE clips SET author_key = $author_key
    WHERE platform = $platform AND author_key = $before AND clip_id IN (SELECT clip_id FROM carried)
"""

DROP_ATTEMPTS = """
    DELETE FROM traces WHERE attempt_id IN (SELECT attempt_id FROM attempts SEMI JOIN carried USING (clip_id));
    DELETE FROM attempts WHERE clip_id IN (SELECT clip_id FROM carried);
"""


@contextmanager
def transfer(store: Store, path: Path, shard: Shard | None = None) -> Iterator[Transfer]:
    """What can be taken over from the working database at `path`, of a shard or of all clips, in one transaction.

    A clip is taken with all its rows if its last attempt over there is later than here, or if it is not here at all.
    `StoreError` where the other database cannot be read.
    """
    connection = store.tables.connection
    with store.uninterrupted_lock(), _attached(connection, path) as there, store.change():
        yield Transfer(store, connection, there, shard)


class Transfer:
    """Another working database on its way into this one; the store must be opened again before it logs attempts."""

    def __init__(
        self, store: Store, connection: duckdb.DuckDBPyConnection, there: Collection[str], shard: Shard | None
    ) -> None:
        self._store, self._connection, self._there = store, connection, there
        self._gather(TombstoneRow)
        self._gather(ShortLinkRow)
        connection.execute(LATER.format(condition=shard.condition if shard else "true"))

    def authors(self) -> dict[str, str | None]:
        """The clips that are to come over, each with its `author_key`."""
        sql = "SELECT clip_id, author_key FROM carried LEFT JOIN other.clips USING (clip_id)"
        return dict(self._connection.execute(sql).fetchall())

    def leave(self, clip_ids: Collection[str]) -> None:
        """Have these clips stay over there."""
        sql = "DELETE FROM carried WHERE clip_id IN (SELECT unnest($ids))"
        self._connection.execute(sql, {"ids": list(clip_ids)})

    def carry(self, stages: Sequence[type[Stage]]) -> int:
        """Take over the clips; returns how many."""
        count = self._store.tables.number("SELECT count(*) FROM carried")
        if count:
            self._carry_rows(stages)
            self._settle_authors()
            self._carry_attempts()
            self._store.tables.forget_publications([])
            self._store.tables.forget_judgement()
        return count

    def _carry_rows(self, stages: Sequence[type[Stage]]) -> None:
        for kind in (*STATES, *(kind for stage in stages for kind in stage.tables)):
            sql = f"DELETE FROM {kind.table} WHERE clip_id IN (SELECT clip_id FROM carried)"  # noqa: S608 - own names
            self._connection.execute(sql)
            if kind.table in self._there:
                self._connection.execute(
                    f"INSERT INTO {kind.table} BY NAME FROM other.{kind.table} SEMI JOIN carried USING (clip_id)"
                )
        for kind in GATHERED:
            self._gather(kind, "SEMI JOIN carried USING (clip_id)")
        self._gather(FingerprintRow, "ANTI JOIN fingerprints USING (fingerprint)")
        self._connection.execute("UPDATE fingerprints SET is_current = false")  # the next run says which are

    def _settle_authors(self) -> None:
        """Give the clips the `author_key` that their authors have here, with all names that are known of them there."""
        if AuthorNameRow.table not in self._there:
            return
        names: dict[tuple[str, str], list[AuthorNameRow]] = {}
        for found in self._connection.execute(NAMES_OF_CARRIED).fetchall():
            row = AuthorNameRow(*found)
            names.setdefault((row.platform, row.author_key), []).append(row)
        for (platform, before), author_key in zip(
            names, Authors(self._store.tables).settle(list(names.values()), of_one_post=False), strict=True
        ):
            if before != author_key:
                asked = {"platform": platform, "before": before, "author_key": author_key}
                self._connection.execute(RENAME_AUTHOR, asked)

    def _gather(self, kind: type[Row], which: str = "") -> None:
        """Add rows from over there; those of the same grain that are here go."""
        if kind.table not in self._there:
            return
        same = " AND ".join(f"{kind.table}.{name} IS NOT DISTINCT FROM theirs.{name}" for name in kind.grain)
        theirs = f"(FROM other.{kind.table} {which}) AS theirs"
        self._connection.execute(f"DELETE FROM {kind.table} USING {theirs} WHERE {same}")  # noqa: S608 - our own names
        self._connection.execute(f"INSERT INTO {kind.table} BY NAME FROM {theirs}")

    def _carry_attempts(self) -> None:
        """Attempts and their runs under numbers of this database."""
        for sql in (RUN_NUMBERS, ATTEMPT_NUMBERS, DROP_ATTEMPTS):
            self._connection.execute(sql)
        runs, attempts, traces = (_names(kind, *own) for kind, *own in RENUMBERED)
        self._connection.execute(f"""
            INSERT INTO runs BY NAME
            SELECT run_numbers.ours AS run_id, {runs}
            FROM other.runs AS theirs JOIN run_numbers ON run_numbers.theirs = theirs.run_id AND is_new
        """)  # noqa: S608 - our own names
        self._connection.execute(f"""
            INSERT INTO attempts BY NAME
            SELECT attempt_numbers.ours AS attempt_id, run_numbers.ours AS run_id, {attempts}
            FROM other.attempts AS theirs
            JOIN attempt_numbers ON attempt_numbers.theirs = theirs.attempt_id
            JOIN run_numbers ON run_numbers.theirs = theirs.run_id
            ORDER BY attempt_id
        """)  # noqa: S608 - our own names
        self._connection.execute(f"""
            INSERT INTO traces BY NAME
            SELECT attempt_numbers.ours AS attempt_id, {traces}
            FROM other.traces AS theirs JOIN attempt_numbers ON attempt_numbers.theirs = theirs.attempt_id
        """)  # noqa: S608 - our own names


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[set[str]]:
    """The other database as `other`; gives the names of its tables."""
    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS other (READ_ONLY)")
    except duckdb.Error as error:
        sentence = str(error).splitlines()[0]
        raise StoreError(f"the database {path} cannot be read now, perhaps a run is using it: {sentence}") from error
    try:
        found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'other'").fetchall()
        yield {str(row[0]) for row in found}
    finally:
        connection.execute("DETACH other")


#: Tables of the ledger, and the columns that count in one database alone.
RENUMBERED: tuple[tuple[type[Row], *tuple[str, ...]], ...] = (
    (RunRow, "run_id"),
    (AttemptRow, "attempt_id", "run_id"),
    (TraceRow, "attempt_id"),
)


def _names(kind: type[Row], *own: str) -> str:
    return ", ".join(f"theirs.{column.name}" for column in columns(kind) if column.name not in own)
