"""All or nothing in DuckDB, and its many ways to say that the disk is full or fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from pipeline.errors import DiskFull, StoreError

#: What DuckDB says when the system refuses a write, and afterwards of the database that it gave up.
FAILURES = ("Could not write", "fsync failed", "could not sync", "Could not rename", "has been invalidated", "FATAL")


MEGABYTES_A_THREAD = 64  # of DuckDB, where it has to do with little


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside is stored, or nothing of it."""
    with disk_full():
        connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            quietly(lambda: connection.execute("ROLLBACK"))
            raise
        connection.execute("COMMIT")


@contextmanager
def little_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Have DuckDB hold little in memory inside, and the rest on the disk; else it takes what the machine has."""
    (threads, before), *_ = connection.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit')"
    ).fetchall()
    connection.execute(f"SET memory_limit = '{MEGABYTES_A_THREAD * max(2, threads)}MiB'")
    try:
        yield
    finally:
        quietly(lambda: connection.execute(f"SET memory_limit = '{before}'"))


@contextmanager
def disk_full() -> Iterator[None]:
    """Turn DuckDB's many ways to say that the disk is full, or cannot be written, into one each."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if "No space left" in str(error) or "not enough space" in str(error).lower():
            raise DiskFull(
                "the disk is full: nothing that was stored is lost; make room and run the study again to go on"
            ) from error
        if isinstance(error, duckdb.Error) and any(words in str(error) for words in FAILURES):
            raise StoreError(
                f"a database could not be written ({str(error).splitlines()[0]}): what was stored before is safe; see "
                "whether the disk works and nothing else uses the file, then run the study again to go on"
            ) from error
        raise


def quietly(call: Callable[[], object]) -> None:
    """After a fatal error DuckDB refuses even a rollback; the file itself is sound."""
    try:
        call()
    except duckdb.Error:
        return
