"""The tables of a working database: rows in, rows out, and a note of each change that is not published yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.records import ClipRow, ObservationRow, Row, RowT, TombstoneRow
from pipeline.records.row import stored_time
from pipeline.records.runs import PRIVATE_ROWS, PublicationRow
from pipeline.store import schema
from pipeline.store.queries import queries_digest


class Tables:
    """One open database with the row classes that are stored in it; changes belong inside a `transaction`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.publication = self._last_number("publications") or self._last_number("changes")  # none after forgetting

    def read(self, kind: type[RowT], clip_ids: Sequence[str] | None = None) -> list[RowT]:
        """Stored rows of one kind in the order of their grain, of these clips or of all."""
        return schema.read(self.connection, kind, clip_ids)

    def insert(self, rows: Sequence[Row], first: Collection[str] = ()) -> None:
        """Append rows of one kind, and note that they are not published yet; `first` names clips without any so far."""
        if rows:
            schema.insert(self.connection, rows)
            self._note(type(rows[0]), [getattr(row, "clip_id", None) for row in rows], first)

    def replace(self, rows: Sequence[Row]) -> None:
        """Put rows of a table with one row a clip in the place of the old ones."""
        if rows:
            self.delete(type(rows[0]), [row.clip_id for row in rows])  # type: ignore[attr-defined]
            self.insert(rows)

    def delete(self, kind: type[Row], clip_ids: Collection[str]) -> None:
        """Delete the rows of these clips."""
        if clip_ids:
            self.connection.execute(
                f"DELETE FROM {kind.table} WHERE clip_id IN (SELECT unnest($ids))",  # noqa: S608 - own names
                {"ids": list(clip_ids)},
            )
            self._note(kind, clip_ids)

    def rename(self, kind: type[Row], before: str, after: str) -> None:
        """Have the rows of one clip be those of another."""
        sql = f"UPDATE {kind.table} SET clip_id = $after WHERE clip_id = $before"  # noqa: S608 - our own names
        self.connection.execute(sql, {"before": before, "after": after})
        self._note(kind, [before, after])

    def observe(self, rows: Sequence[ObservationRow]) -> None:
        """Add counts that are new; the same counts read again from the same source add nothing."""
        if not rows:
            return
        stored = self.read(ObservationRow, [row.clip_id for row in rows])
        known = {(row.clip_id, row.counted_at, row.count_source): row for row in stored}
        plain = {(row.clip_id, row.counted_at, row.count_source): row for row in map(without_offset, rows)}
        # Of counts without a time, the last ones read stand.
        changed = {name for name, row in plain.items() if row.counted_at is None and known.get(name, row) != row}
        if changed:
            self.connection.execute(
                """
                DELETE FROM observations
                USING (SELECT unnest($ids) AS clip_id, unnest($sources) AS count_source) AS changed
                WHERE observations.counted_at IS NULL
                    AND observations.clip_id = changed.clip_id
                    AND observations.count_source = changed.count_source
                """,
                {"ids": [name[0] for name in changed], "sources": [name[2] for name in changed]},
            )
        self.insert([row for name, row in plain.items() if name not in known or name in changed])

    def tombstones(self) -> set[str]:
        """What is left of posts and people that were forgotten or opted out."""
        return {row.clip_key for row in self.read(TombstoneRow)}

    def count(self, kind: type[Row], **among: Collection[str]) -> int:
        """Rows of a table in which one of these columns, of those that it has, has one of the values."""
        names = [name for name in among if name in {column.name for column in kind.columns()}]
        where = " OR ".join(f"{name} IN (SELECT unnest(${name}))" for name in names)
        sql = f"SELECT count(*) FROM {kind.table} WHERE {where or 'false'}"  # noqa: S608 - our own names
        return self.number(sql, {name: sorted(among[name]) for name in names})

    def texts(self, sql: str, parameters: dict[str, Any] | None = None) -> set[str]:
        """The texts in the one column that a statement gives."""
        return {str(text) for (text,) in self.connection.execute(sql, parameters or {}).fetchall()}

    def has(self, table: str) -> bool:
        """Whether there is a table of that name: a study without its stage has none."""
        return self.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = $name", {"name": table}) > 0

    def _last_number(self, table: str) -> int:
        """The last publication that a table of the ledger names; 0 without one, or without the table."""
        if not self.has(table):
            return 0
        return self.number(f"SELECT coalesce(max(publication), 0) FROM {table}")  # noqa: S608 - our own names

    def number(self, sql: str, parameters: dict[str, Any] | None = None) -> int:
        """The one number that a statement gives."""
        return int(self.connection.execute(sql, parameters or {}).fetchall()[0][0])

    @property
    def published(self) -> bool:
        """True when everything that is stored is published, with views of this version."""
        sql = """
            SELECT count(*) FROM publications
            WHERE publication = $last AND views_sha256 = $views AND NOT EXISTS (FROM changes WHERE publication > $last)
        """
        return self.number(sql, {"last": self.publication, "views": queries_digest()}) > 0

    def next_publication(self) -> PublicationRow:
        """The publication that would come now."""
        return PublicationRow(self.publication + 1, now().replace(tzinfo=None), queries_digest())

    def note_published(self, row: PublicationRow) -> None:
        """Note a publication that readers have, inside a transaction; what the last two files both hold is dropped."""
        schema.insert(self.connection, [row])
        self.publication = row.publication
        sql = "DELETE FROM publications WHERE publication < $last - 1"
        self.connection.execute(sql, {"last": self.publication})
        self.connection.execute("DELETE FROM changes WHERE publication < $last", {"last": self.publication})

    def forget_publications(self, clip_ids: Sequence[str]) -> None:
        """Have the next publication written as a whole, inside a transaction: no byte of these clips stays in it."""
        self.connection.execute("DELETE FROM publications")
        self.connection.execute("DELETE FROM changes WHERE clip_id IN (SELECT unnest($ids))", {"ids": list(clip_ids)})

    def forget_judgement(self) -> None:
        """Have the filters judge every post again, inside a transaction."""
        self.connection.execute("DELETE FROM judgements")

    def arrow(self, sql: str) -> pa.Table:
        """What a statement gives, as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def script(self, sql: str, parameters: dict[str, Any] | None = None, **arrow: pa.Table) -> None:
        """Run statements as they are, over Arrow tables by name: how generated studies are filled."""
        for name, table in arrow.items():
            self.connection.register(name, table)
        try:
            self.connection.execute(sql, parameters or {})
        finally:
            for name in arrow:
                self.connection.unregister(name)

    def _note(self, kind: type[Row], clip_ids: Iterable[str | None], first: Collection[str] = ()) -> None:
        """Note that rows of these clips are not published yet."""
        if kind in (ClipRow, ObservationRow):  # filters look at these
            self.forget_judgement()
        if kind not in PRIVATE_ROWS:
            ids = list(set(clip_ids))
            self.connection.execute(
                "INSERT INTO changes SELECT $publication, $table, unnest($ids), unnest($first)",
                {
                    "publication": self.publication + 1,
                    "table": kind.table,
                    "ids": ids,
                    "first": [clip_id in first for clip_id in ids],
                },
            )


def without_offset(row: RowT) -> RowT:
    """A row with its times in UTC without an offset, as they come back from the database."""
    times = {
        name: stored_time(value)
        for name in schema.time_columns(type(row))
        if (value := getattr(row, name)) is not None and value.tzinfo is not None
    }
    return dataclasses.replace(row, **times) if times else row  # type: ignore[type-var]


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)
