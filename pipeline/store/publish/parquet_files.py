"""Published results as Parquet files in a folder, here or in object storage: what is there, and how it is read.

One folder a table, one folder in it for each bucket of clips, and `manifest.json`, which names the files that count. It
is replaced last, so whoever reads it sees one whole state; files of the state before stay until the next one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from pipeline.errors import StoreError
from pipeline.store.schema import create_views, quoted
from pipeline.study import files as study_files

MANIFEST = "manifest.json"
FORMAT = 1  # of the manifest; a newer one is refused
SOURCE = "parquet_store"  # table of a catalogue: where its files lie
#: A URL as it is written, or as `pathlib` leaves it: s3://bucket as s3:/bucket.
REMOTE = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}(?=[^/])")


@dataclass(frozen=True, slots=True)
class TableFiles:
    """One table: what it means, its columns, and the files with its rows."""

    about: str
    columns: list[tuple[str, str, str]]  # name, type in SQL, comment
    files: dict[str, str] = field(default_factory=dict)  # by bucket, paths below the folder


@dataclass(frozen=True, slots=True)
class Manifest:
    """One whole state of a study's results."""

    study: str
    publication: int
    published_at: str  # ISO 8601, UTC without an offset
    buckets: int
    tables: Mapping[str, TableFiles]
    retired: list[str] = field(default_factory=list)  # files of the state before alone: they go with the next one
    format: int = FORMAT

    @property
    def files(self) -> set[str]:
        """All files that count."""
        return {path for table in self.tables.values() for path in table.files.values()}

    def as_json(self) -> str:
        """The text of the manifest."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


class ParquetFolder:
    """A folder of files by its path or URL, through fsspec."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine's file system."""
        return REMOTE.match(self.url) is None

    @cached_property
    def _door(self) -> tuple[Any, str]:
        import fsspec  # type: ignore[import-untyped]

        try:
            filesystem, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)  # others write there too
        except (ImportError, ValueError) as error:
            raise StoreError(f"{self.url} cannot be reached: {error}") from error
        return filesystem, str(root)

    @property
    def filesystem(self) -> Any:
        """fsspec's door to it; `StoreError` says which package is missing."""
        return self._door[0]

    @property
    def root(self) -> str:
        """The folder as the file system itself calls it."""
        return self._door[1]

    def path(self, name: str) -> str:
        """Where a file of the folder lies."""
        return f"{self.url}/{name}"

    def manifest(self) -> Manifest | None:
        """What is there; None if nothing is. `StoreError` for what is no manifest of this version."""
        try:
            content = json.loads(self.filesystem.cat_file(self.path(MANIFEST)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.path(MANIFEST)} cannot be read: {error}") from error
        if content.get("format", 0) > FORMAT:
            raise StoreError(f"{self.url} was written by a newer cliptone: upgrade this one")
        try:
            tables = {name: TableFiles(**one) for name, one in content.pop("tables").items()}
            return Manifest(tables=tables, **content)
        except (KeyError, TypeError) as error:
            raise StoreError(f"{self.path(MANIFEST)} is no list of a study's tables: {error}") from error

    def swap(self, manifest: Manifest) -> None:
        """Have a manifest count from now on: one step, so that nobody ever reads half of it."""
        goal = self.path(MANIFEST)
        if self.is_local:
            study_files.write(Path(goal), manifest.as_json())
        else:
            self.filesystem.pipe_file(goal, manifest.as_json().encode())  # object stores replace an object as a whole


def manifest_of(path: Path) -> Path | None:
    """The manifest behind what a user names: a URL, or a folder that has one; None for everything else."""
    if path.name == MANIFEST:
        return path
    if REMOTE.match(str(path)) or (path / MANIFEST).is_file():
        return path / MANIFEST
    return None


def place_of(manifest: Path) -> ParquetFolder:
    """The folder of a manifest, its URL restored where `pathlib` has folded it."""
    return ParquetFolder(REMOTE.sub(r"\1://", str(manifest.parent), count=1))


def connect(manifest: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory, called study, whose tables are views over the files; `StoreError` where there are none."""
    place = place_of(manifest)
    found = place.manifest()
    if found is None:
        raise StoreError(f"there are no results at {place.url}: run the study first (`cliptone run STUDY.toml`)")
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS study")
    connection.execute("USE study")
    write_catalogue(connection, place, found)
    return connection


def write_catalogue(connection: duckdb.DuckDBPyConnection, place: ParquetFolder, manifest: Manifest) -> None:
    """Make views over the files under the names of the tables, and over these the views of `queries/`.

    The latter are made while the tables are still empty: DuckDB would open files for every table that each view reads,
    which takes minutes where there are many, and it looks a view's tables up by name at each query anyway.
    """
    open_place(connection, place)
    connection.execute(f"CREATE TABLE {SOURCE} AS SELECT {quoted(place.url)} AS url")
    for name, table in manifest.tables.items():
        _write_view(connection, name, table, _no_rows(table))
    create_views(connection)
    for name, table in manifest.tables.items():
        if table.files:
            _write_view(connection, name, table, _rows(place, table))


def _write_view(connection: duckdb.DuckDBPyConnection, name: str, table: TableFiles, sql: str) -> None:
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")
    connection.execute(f"COMMENT ON VIEW {name} IS {quoted(f'what: {table.about}')}")  # as views of queries have it
    for column, _, comment in table.columns:
        connection.execute(f"COMMENT ON COLUMN {name}.{column} IS {quoted(comment)}")


def open_catalogue(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection that uses a catalogue reach its files; nothing for a database with tables of its own."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = $name AND database_name = current_database()"
    if connection.execute(sql, {"name": SOURCE}).fetchall() == [(1,)]:
        open_place(connection, ParquetFolder(connection.execute(f"FROM {SOURCE}").fetchall()[0][0]))


def open_place(connection: duckdb.DuckDBPyConnection, place: ParquetFolder) -> None:
    """Let a connection reach the files of a place; DuckDB reads local ones by itself."""
    if not place.is_local:
        connection.register_filesystem(place.filesystem)


def _no_rows(table: TableFiles) -> str:
    """SQL of a table without rows, in its own types."""
    return f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind, _ in table.columns)} WHERE false"


def _rows(place: ParquetFolder, table: TableFiles) -> str:
    """SQL of a table's rows, in its own types."""
    names = ", ".join(quoted(place.path(path)) for path in table.files.values())
    selected = ", ".join(f"{name}::{kind} AS {name}" for name, kind, _ in table.columns)
    return f"SELECT {selected} FROM read_parquet([{names}], hive_partitioning = false)"  # noqa: S608 - quoted


def bucket_folder(bucket: str) -> str:
    """The folder of a bucket below that of its table."""
    return f"bucket={quote(bucket)}"
