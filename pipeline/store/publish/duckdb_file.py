"""The published database: what readers may see, made ready beside the old one and renamed into its place.

Readers open one DuckDB file by its path, at any moment, and may keep it open for hours; DuckDB lets nobody write to
what somebody reads. So each publication is another file. Writing a large one anew takes minutes, and copying it
seconds: both grow with the study, though a batch changes little. Therefore two files take turns, as soon as they are
large. The one that readers had before the last publication is brought up to date by the rows of the clips that changed
since it was made, and takes the place of the other, which waits in its stead: the cost is that of the changes.
Until then, and whenever the waiting file cannot be used (somebody still reads it, or it is not there), the last
publication is copied instead; and where that is not known to the working database either, everything is rewritten.
So whatever becomes of these files, the working database alone decides what is in the next one.

The alternatives were weighed: views over a base and a small second file would break for whoever opens the one file or
moves it; publishing less and less often leaves readers of a long run without news.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from pipeline.records import Row
from pipeline.records.runs import AttemptRow, PublicationRow
from pipeline.store import schema
from pipeline.store.database_files import TURNS_FROM_BYTES, remove_database
from pipeline.store.transactions import disk_full, quietly
from pipeline.study import files

VERSION = "schema_version"
#: Which publication a file is, if it is one of this database in this version.
SHOWN = f"""
    SELECT * FROM published.publications SEMI JOIN publications USING (publication, published_at)
    WHERE (FROM published.{VERSION}) = (FROM {VERSION})
"""  # noqa: S608 - our own name

#: The clips of a table whose rows changed since a publication.
CHANGED = """
    WHERE clip_id IN (SELECT clip_id FROM changes WHERE table_name = '{table}' AND publication > $since)
"""


def publish(connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], target: Path) -> None:
    """Write these tables, their comments and the views to a new file, and put it in the place of `target`.

    An open reader keeps the old file; raises `DiskFull` and leaves the old one when there is no room.
    """
    part = target.with_suffix(".part")
    try:
        remove_database(part)
        with disk_full():
            _write(connection, kinds, part)
            _create_views(part)
            _sync(part)
        files.put(part, target)
    finally:
        remove_database(part)


def renew(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], target: Path, spare: Path, row: PublicationRow
) -> None:
    """Put a file in the place of `target` that shows everything that is stored, as the publication `row`.

    `spare` is where a file waits for its turn. An open reader keeps the old file; raises `DiskFull` and leaves the old
    one when there is no room.
    """
    part = target.with_suffix(".part")
    try:
        remove_database(part)
        with disk_full():
            base = _take(connection, kinds, target, spare, part)
            if base is None:
                _write(connection, kinds, part, row)
            else:
                _bring_up_to_date(connection, kinds, part, base, row)
            if base is None or base.views_sha256 != row.views_sha256:
                _create_views(part)
            _sync(part)
            if part.stat().st_size >= TURNS_FROM_BYTES:
                _have_spare(part if base is None else target, spare, is_new=base is None)
        files.put(part, target)
    finally:
        remove_database(part)


def _take(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], target: Path, spare: Path, part: Path
) -> PublicationRow | None:
    """Have a file of an earlier publication at `part`, and say which; None if none can be brought up to date."""
    if spare.exists():
        if spare.stat().st_nlink == 1 and not _is_open_here(spare):
            spare.replace(part)
            if (base := _publication_of(connection, kinds, part)) is not None:
                return base
        remove_database(part)
        spare.unlink(missing_ok=True)
    if target.exists():
        shutil.copyfile(target, part)
        if (base := _publication_of(connection, kinds, part)) is not None:
            return base
    remove_database(part)
    return None


def _publication_of(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], part: Path
) -> PublicationRow | None:
    """The publication that a file shows, if the working database knows it and the file can be written."""
    try:
        connection.execute(f"ATTACH {schema.quoted(str(part))} AS published")
    except duckdb.Error:  # somebody reads it, or it is no database
        return None
    try:
        found = connection.execute(SHOWN).fetchall()
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'published'"
        ).fetchall()
    except duckdb.Error:  # an older version wrote it
        return None
    finally:
        connection.execute("DETACH published")
    is_ours = {name for (name,) in tables} <= {VERSION, *(kind.table for kind in kinds)}
    return PublicationRow(*found[0]) if len(found) == 1 and is_ours else None


def _bring_up_to_date(
    connection: duckdb.DuckDBPyConnection,
    kinds: Sequence[type[Row]],
    part: Path,
    base: PublicationRow,
    row: PublicationRow,
) -> None:
    """Replace the rows of clips that changed since a publication, and tables without clips as a whole."""
    connection.execute(f"ATTACH {schema.quoted(str(part))} AS published")
    try:
        connection.execute("BEGIN")
        schema.create_tables(connection, kinds, "published")
        changed = _changed_tables(connection, base.publication)
        for kind in kinds:
            where, parameters = "", {"since": base.publication}
            if kind is AttemptRow:  # they are only ever added
                where = "WHERE attempt_id > (SELECT coalesce(max(attempt_id), 0) FROM published.attempts)"
                parameters = {}
            elif "clip_id" not in {column.name for column in kind.columns()}:
                connection.execute(f"DELETE FROM published.{kind.table}")  # noqa: S608 - own names
                parameters = {}
            elif kind.table in changed:
                where = CHANGED.format(table=kind.table)
                if changed[kind.table]:
                    connection.execute(f"DELETE FROM published.{kind.table} {where}", parameters)  # noqa: S608
            else:
                continue
            _copy(connection, kind, where, parameters)
        _note(connection, row)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT published")
    finally:
        quietly(lambda: connection.execute("ROLLBACK"))  # of what broke off; of nothing after a commit
        quietly(lambda: connection.execute("DETACH published"))


def _changed_tables(connection: duckdb.DuckDBPyConnection, since: int) -> dict[str, bool]:
    """Tables in which clips changed since a publication, and whether any of them had rows there before."""
    sql = "SELECT table_name, bool_or(NOT is_first) FROM changes WHERE publication > $since GROUP BY table_name"
    return dict(connection.execute(sql, {"since": since}).fetchall())


def _copy(
    connection: duckdb.DuckDBPyConnection, kind: type[Row], where: str = "", parameters: dict[str, int] | None = None
) -> None:
    order = ", ".join(kind.grain)
    sql = f"INSERT INTO published.{kind.table} BY NAME FROM {kind.table} {where} ORDER BY {order}"
    connection.execute(sql, parameters or {})


def _write(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], part: Path, row: PublicationRow | None = None
) -> None:
    connection.execute(f"ATTACH {schema.quoted(str(part))} AS published")
    try:
        schema.create_tables(connection, kinds, "published")
        connection.execute(f"CREATE TABLE published.{VERSION} AS FROM {VERSION}")
        for kind in kinds:
            _copy(connection, kind)
        if row is not None:
            _note(connection, row)
    finally:
        quietly(lambda: connection.execute("DETACH published"))


def _note(connection: duckdb.DuckDBPyConnection, row: PublicationRow) -> None:
    """Write into a file which publication it is."""
    connection.execute("DELETE FROM published.publications")
    schema.insert(connection, [row], "published.main")


def _create_views(part: Path) -> None:
    """Make the views, in a connection of its own: there its tables need no other name."""
    with duckdb.connect(str(part)) as opened:
        schema.create_views(opened)


def _have_spare(source: Path, spare: Path, *, is_new: bool) -> None:
    """Have a file wait for its turn: the one that readers had, or a copy where everything was rewritten."""
    spare.unlink(missing_ok=True)
    if is_new:
        shutil.copyfile(source, spare)
        return
    with suppress(OSError):  # a file system without links: the next publication is a copy again
        os.link(source, spare)


def _is_open_here(path: Path) -> bool:
    """Whether this very process has a file open, or may have: DuckDB's own lock holds off other processes alone."""
    try:
        descriptors = list(Path("/dev/fd").iterdir())
    except OSError:
        return True
    wanted = path.stat()
    for descriptor in descriptors:
        with suppress(OSError):  # the one of the listing itself is closed by now
            if os.path.samestat(os.fstat(int(descriptor.name)), wanted):
                return True
    return False


def _sync(path: Path) -> None:
    files.sync(path)
