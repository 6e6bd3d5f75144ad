"""The tables of a working database: rows in, rows out, and the mark that readers have not seen all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline import schema
from pipeline.queries_folder import queries_digest
from pipeline.records import ObservationRow, Row, RowT


class Tables:
    """One open database with the row classes that are stored in it; changes belong inside a `transaction`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, mark: Path) -> None:
        self.connection = connection
        self._mark = mark  # holds the digest of the views, gone while there is news

    def read(self, kind: type[RowT], clip_ids: Sequence[str] | None = None) -> list[RowT]:
        """Stored rows of one kind in the order of their grain, of these clips or of all."""
        return schema.read(self.connection, kind, clip_ids)

    def insert(self, rows: Sequence[Row]) -> None:
        """Append rows that readers have not seen; the mark goes first, so that a crash cannot hide them."""
        if rows:
            self._mark.unlink(missing_ok=True)
        schema.insert(self.connection, rows)

    def insert_private(self, rows: Sequence[Row]) -> None:
        """Append rows that readers never see."""
        schema.insert(self.connection, rows)

    def replace(self, rows: Sequence[Row]) -> None:
        """Put rows of a table with one row a clip in the place of the old ones."""
        if rows:
            self.delete(type(rows[0]), [row.clip_id for row in rows])  # type: ignore[attr-defined]
            self.insert(rows)

    def delete(self, kind: type[Row], clip_ids: Sequence[str]) -> None:
        """Delete the rows of these clips."""
        self._mark.unlink(missing_ok=True)
        self.connection.execute(
            f"DELETE FROM {kind.table} WHERE clip_id IN (SELECT unnest($ids))",  # noqa: S608 - own names
            {"ids": list(clip_ids)},
        )

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
            self._mark.unlink(missing_ok=True)
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

    def number(self, sql: str, parameters: dict[str, Any] | None = None) -> int:
        """The one number that a statement gives."""
        return int(self.connection.execute(sql, parameters or {}).fetchall()[0][0])

    @property
    def published(self) -> bool:
        """True when readers have seen everything that is stored, through views of this version."""
        return self._mark.exists() and self._mark.read_text(encoding="utf-8") == queries_digest()

    def note_published(self) -> None:
        """Note that readers have now seen everything."""
        self._mark.write_text(queries_digest(), encoding="utf-8")


def without_offset(row: RowT) -> RowT:
    """A row with its times in UTC without an offset, as they come back from the database."""
    times = {
        column.name: value.astimezone(UTC).replace(tzinfo=None)
        for column in row.columns()
        if isinstance(value := getattr(row, column.name), datetime) and value.tzinfo is not None
    }
    return dataclasses.replace(row, **times)  # type: ignore[type-var]


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)
