"""A database rewritten: DuckDB's DELETE marks rows, and leaves their bytes in the file.

Measured with DuckDB 2.0: DELETE, CHECKPOINT, VACUUM and closing leave deleted texts in place; copying what is left into
a new file does not, since that file never held them. Compression can hide a text from a search of bytes, so the proof
that nothing is left is a second copy without compression.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.store.database_files import remove_database
from pipeline.store.schema import quoted
from pipeline.store.transactions import disk_full
from pipeline.study import files


def rebuild(path: Path) -> None:
    """Replace a database that nobody has open by a copy of what it holds; raises `DiskFull` and leaves the old one."""
    part = path.with_suffix(".rebuilt")
    try:
        copy_database(path, part)
        files.put(part, path)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of the old file: it holds nothing new after a copy
    finally:
        remove_database(part)


def copy_database(path: Path, goal: Path, *, compressed: bool = True) -> None:
    """Copy what a database holds into a new file, with comments; without compression its bytes can be searched."""
    remove_database(goal)
    with disk_full(), duckdb.connect(str(path)) as connection:
        source = connection.execute("SELECT current_database()").fetchall()[0][0]
        if not compressed:
            connection.execute("PRAGMA force_compression = 'uncompressed'")
        connection.execute(f"ATTACH {quoted(str(goal))} AS goal")
        connection.execute(f'COPY FROM DATABASE "{source}" TO goal')
        connection.execute("DETACH goal")
