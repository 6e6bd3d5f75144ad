"""The published results of a study, read-only: queries and SQL as pandas frames or Arrow tables."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from pipeline.errors import StoreError, UserError
from pipeline.records import Row
from pipeline.store.digests import counted_hashes
from pipeline.store.publish.parquet_files import MANIFEST, connect, manifest_of, open_catalogue
from pipeline.store.queries import get_query, own_folder, queries_digest
from pipeline.store.schema import create_macros, have_last_attempts, quoted
from pipeline.study.folder import DATABASE, WORK, StudyFolder, results_of
from pipeline.study.identity import refuse_another_file

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def _why_nothing(path: Path) -> str:
    """Why there is no published database, and what to do."""
    if (path.parent / WORK / DATABASE).exists():
        return (
            f"nothing is published at {path} yet: a run or an import of this study goes on, or was stopped; what it "
            "stored is safe: wait for its end, or give the same command again"
        )
    return f"there are no results at {path} yet: run the study first (`cliptone run STUDY.toml`)"


class ResultsReader:
    """One published database; a run that goes on is never blocked by it and never changes what it shows."""

    def __init__(self, path: Path) -> None:
        self.path = published_path(path)
        self._own_queries = own_folder(path)
        if self.path.name == MANIFEST:
            self._connection = connect(self.path)
            return
        if not self.path.is_file():
            raise StoreError(_why_nothing(self.path))
        try:
            # Attached to a database of its own: DuckDB would give a second opening in one process the first one's file.
            self._connection = duckdb.connect()
            self._connection.execute(f"ATTACH {quoted(str(self.path))} AS study (READ_ONLY)")
            self._connection.execute("USE study")
            open_catalogue(self._connection)
            # what an older version published has none of these, or others
            create_macros(self._connection, "TEMP MACRO")
            have_last_attempts(self._connection)
        except duckdb.Error as error:
            raise StoreError(
                f"{self.path} cannot be read as a DuckDB database: {str(error).splitlines()[0]}"
            ) from error

    def query(self, name: str, **parameters: Any) -> pd.DataFrame:
        """A query of `queries/`, or of a folder of that name beside the study file; its `$parameters` by name."""
        return _frame(self.answer(name, {key: str(value) for key, value in parameters.items()}))

    def answer(self, name: str, given: Mapping[str, str]) -> pa.Table:
        """What `query` gives, as an Arrow table; `UserError` for a query or a value that there is not."""
        chosen = get_query(name, self._own_queries)
        return self.arrow(chosen.sql, self._checked(chosen.bind(given)))

    def _checked(self, values: dict[str, str]) -> dict[str, str]:
        """Values of a query's parameters, as they are: who knows what they mean checks them."""
        return values

    def sql(self, statement: str, **parameters: Any) -> pd.DataFrame:
        """Any SQL over the tables and views, as a pandas frame."""
        return _frame(self.arrow(statement, parameters))

    def arrow(self, statement: str, parameters: dict[str, Any]) -> pa.Table:
        """Any SQL as an Arrow table; `UserError` with DuckDB's sentence if it cannot run."""
        with self._said():
            found = self._connection.sql(statement, params=parameters)
            if found is None:
                raise UserError("this SQL gives no table: write a SELECT")
            return found.to_arrow_table()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what DuckDB cannot do into a sentence."""
        try:
            yield
        except duckdb.IOException as error:
            raise StoreError(
                f"a file behind {self.path} cannot be read, perhaps because it was published again: open it again "
                f"({str(error).splitlines()[0]})"
            ) from error
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            if self._is_of_this_version():
                raise UserError(f"this SQL cannot run: {error}") from error
            raise UserError(
                f"{self.path} was published by another version of cliptone, where tables and columns may differ: "
                f"`cliptone run STUDY.toml` publishes it again ({error})"
            ) from error
        except duckdb.Error as error:
            raise UserError(f"this SQL cannot run: {error}") from error

    def _is_of_this_version(self) -> bool:
        """Whether the views were made of the queries that are here."""
        sql = "SELECT arg_max(views_sha256, publication) FROM publications"
        try:
            return self._connection.execute(sql).fetchall() == [(queries_digest(),)]
        except duckdb.Error:
            return False  # earlier versions did not note it

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Any SQL as plain rows; raises what `arrow` raises."""
        with self._said():
            return self._connection.execute(statement, parameters).fetchall()

    def counted_hashes(self, kinds: Sequence[type[Row]]) -> dict[str, tuple[int, int]]:
        """By table, how many rows it has and the sum of their hashes; raises what `arrow` raises."""
        with self._said():
            return counted_hashes(self._connection, kinds)

    def tables_with(self, column: str) -> set[str]:
        """Tables and views that have a column of this name."""
        sql = """
            SELECT DISTINCT table_name FROM duckdb_columns()
            WHERE database_name = current_database() AND column_name = $column
        """
        return {name for (name,) in self.rows(sql, column=column)}

    @property
    def holds_rows(self) -> bool:
        """Whether the rows lie in the database file itself: a catalogue of Parquet files has views alone."""
        sql = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = 'clips'"
        return bool(self.rows(sql)[0][0])

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def published_path(path: Path) -> Path:
    """The database behind what a user names: a folder, the database itself, or a study file; or a Parquet manifest."""
    if path.suffix == ".toml":
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise UserError(f"{path} cannot be read as a study file: {error}") from error
        root = path.parent / (content.get("output") or results_of(content.get("name")))
        refuse_another_file(StudyFolder.at(root), path)
        return root / DATABASE
    if path.suffix != ".duckdb" and (manifest := manifest_of(path)) is not None:
        return manifest
    return path / DATABASE if path.suffix != ".duckdb" else path
