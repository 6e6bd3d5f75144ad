"""Databases and tables as files: what lies beside a database, and what a table in a file names."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.store.schema import quoted

SPARE = "spare.duckdb"  # beside the working database: a published file that waits for its turn
COPIES = "*.before-*.duckdb"  # beside the working database: what it was before a migration
#: Smaller published files are copied each time, in a fraction of a second: then no file changes that somebody may be
#: copying. Larger ones take turns with the spare.
TURNS_FROM_BYTES = 256 << 20


def copies_beside(working: Path) -> list[Path]:
    """Databases beside a working one that hold rows of the study too."""
    return [working.with_name(SPARE), *working.parent.glob(COPIES)]


def remove_database(path: Path) -> None:
    """Delete a database and its log: a log beside another file would be replayed into it."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def distinct_in_file(path: Path, column: str) -> set[str]:
    """What a table in a Parquet or CSV file names in a column; nothing where it has none of that name."""
    read = "read_parquet({})" if path.suffix == ".parquet" else "read_csv({}, header = true, all_varchar = true)"
    with duckdb.connect() as connection:
        table = connection.sql(f"FROM {read.format(quoted(str(path)))}")
        if column not in table.columns:
            return set()
        return {row[0] for row in table.project(column).distinct().fetchall()}
