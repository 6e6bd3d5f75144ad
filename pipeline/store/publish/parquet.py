"""Publishing as Parquet files: only buckets whose clips changed are written, and the manifest is swapped last.

A bucket is what the hash of a clip's id says, so a clip stays where it is. There are more buckets as a study grows, and
then everything is rewritten; so it is after clips were forgotten, and no file that held them stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.records import Row
from pipeline.records.runs import PublicationRow
from pipeline.store.database_files import SPARE, remove_database
from pipeline.store.publish import duckdb_file
from pipeline.store.publish.parquet_files import Manifest, ParquetFolder, TableFiles, bucket_folder, write_catalogue
from pipeline.store.schema import columns
from pipeline.store.transactions import disk_full
from pipeline.study import files as study_files
from pipeline.study.shard import place_among

CLIPS_PER_BUCKET = 50_000  # about 700 MB of all tables together
BATCH_ROWS = 50_000  # that are in memory at a time
ALL = "all"  # the one bucket of tables without clips
CHOICE = "store.json"  # beside the working database: where its study is published


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a study is published as Parquet."""

    study: str
    url: str


def choose(working: Path, study: str, url: str | None) -> bool:
    """Note beside a working database where it is published, None in one DuckDB file; True if that is new."""
    path = working.with_name(CHOICE)
    if url is None:
        was = path.exists()
        path.unlink(missing_ok=True)
        return was
    if chosen(working) == Choice(study, url):
        return False
    study_files.write(path, json.dumps({"study": study, "url": url}))
    return True


def chosen(working: Path) -> Choice | None:
    """Where a working database is published; None: in one DuckDB file."""
    path = working.with_name(CHOICE)
    return Choice(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def renew_chosen(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[type[Row]], target: Path, working: Path, row: PublicationRow
) -> None:
    """Publish all that a working database holds, as the publication `row`, where it was chosen to be."""
    choice = chosen(working)
    if choice is None:
        duckdb_file.renew(connection, kinds, target, working.with_name(SPARE), row)
    else:
        renew(connection, kinds, target, choice, row)


def renew(
    connection: duckdb.DuckDBPyConnection,
    kinds: Sequence[type[Row]],
    target: Path,
    choice: Choice,
    row: PublicationRow,
) -> None:
    """Have the files show everything that is stored as the publication `row`, and `target` be their catalogue.

    `target` is a small database of views over the files. Readers of the state before keep its files until the next
    publication. `StoreError` where the folder belongs to something else; `DiskFull` leaves the state before.
    """
    place = ParquetFolder(choice.url)
    with disk_full():
        base = _base(connection, place, choice)
        count = connection.execute("SELECT count(*) FROM clips").fetchall()[0][0]
        manifest = _Publication(connection, place, row, base, _buckets(count, base)).write(kinds, choice.study)
        place.swap(manifest)
        _catalogue(target, place, manifest)
        _sweep(place, manifest, base)


def _base(connection: duckdb.DuckDBPyConnection, place: ParquetFolder, choice: Choice) -> Manifest | None:
    """The state that can be brought up to date: one that this working database knows; None: all is rewritten."""
    found = place.manifest()
    if found is None:
        if place.filesystem.exists(place.root) and place.filesystem.ls(place.root):
            raise StoreError(f"{place.url} holds files of something else: name another folder in store")
        place.filesystem.makedirs(place.root, exist_ok=True)
        place.swap(Manifest(choice.study, 0, "", 1, {}))  # the folder is this study's from now on
        return None
    if found.study != choice.study:
        raise StoreError(f"{place.url} holds the study {found.study!r}: name another folder in store")
    sql = "SELECT count(*) FROM publications WHERE publication = $number AND published_at = try_cast($at AS TIMESTAMP)"
    known = connection.execute(sql, {"number": found.publication, "at": found.published_at}).fetchall()[0][0]
    return found if known else None


def _buckets(clips: int, base: Manifest | None) -> int:
    """How many buckets: a power of two, and as before until there are twice too few."""
    wanted = 1
    while wanted * CLIPS_PER_BUCKET < clips:
        wanted *= 2
    return base.buckets if base is not None and wanted <= 2 * base.buckets else wanted


class _Publication:
    """One publication on its way."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        place: ParquetFolder,
        row: PublicationRow,
        base: Manifest | None,
        buckets: int,
    ) -> None:
        self._connection, self._place, self._row = connection, place, row
        self._base = base if base is not None and base.buckets == buckets else None
        self._was = base
        self._buckets = buckets
        self._name = f"{row.published_at:%Y%m%dT%H%M%S%f}.parquet"

    def write(self, kinds: Sequence[type[Row]], study: str) -> Manifest:
        """Write what changed; gives the manifest of the new state, which does not count yet."""
        tables = {kind.table: self._table(kind) for kind in kinds}
        found = Manifest(study, self._row.publication, self._row.published_at.isoformat(), self._buckets, tables)
        found.retired.extend(sorted(self._was.files - found.files) if self._was else ())
        return found

    def _table(self, kind: type[Row]) -> TableFiles:
        described = [(column.name, column.sql_type, column.comment) for column in columns(kind)]
        about = (kind.__doc__ or "").strip()
        before = self._base.tables.get(kind.table) if self._base else None
        if before is not None and [tuple(column) for column in before.columns] != described:
            before = None  # another version: a column is new
        if "clip_id" not in {column.name for column in columns(kind)}:
            source = self._this() if kind is PublicationRow else f"FROM {kind.table}"
            return TableFiles(about, described, self._write(kind, f"SELECT *, '{ALL}' AS bucket {source}"))
        bucket = f"({place_among(self._buckets)})::VARCHAR"
        sql = f"SELECT *, coalesce({bucket}, '{ALL}') AS bucket FROM {kind.table}"  # noqa: S608 - our own names
        if before is None:
            return TableFiles(about, described, self._write(kind, sql))
        changed = self._changed(kind, bucket)
        files = {name: path for name, path in before.files.items() if name not in changed}
        if changed:
            names = ", ".join(f"'{name}'" for name in sorted(changed))
            files |= self._write(kind, f"FROM ({sql}) WHERE bucket IN ({names})")
        return TableFiles(about, described, dict(sorted(files.items())))

    def _changed(self, kind: type[Row], bucket: str) -> set[str]:
        """Buckets of a table in which clips changed since the state before."""
        assert self._base is not None  # noqa: S101 - for the type checker
        sql = f"""
            SELECT DISTINCT coalesce({bucket}, '{ALL}') FROM changes
            WHERE table_name = $table AND publication > $since
        """  # noqa: S608 - our own names
        parameters = {"table": kind.table, "since": self._base.publication}
        return {name for (name,) in self._connection.execute(sql, parameters).fetchall()}

    def _write(self, kind: type[Row], sql: str) -> dict[str, str]:
        """Write rows into one file a bucket, in the order of their grain; gives the files by bucket."""
        files: dict[str, str] = {}
        writer: Any = None
        try:
            for bucket, batch in self._batches(kind, sql):
                if bucket not in files:
                    if writer is not None:
                        writer.close()
                    files[bucket] = f"{kind.table}/{bucket_folder(bucket)}/{self._name}"
                    writer = self._writer(files[bucket], batch.schema)
                writer.write_batch(batch)
        finally:
            if writer is not None:
                writer.close()
        for path in files.values() if self._place.is_local else ():
            study_files.sync(Path(self._place.path(path)))
            study_files.sync(Path(self._place.path(path)).parent)
        return files

    def _batches(self, kind: type[Row], sql: str) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows in batches of one bucket each."""
        import pyarrow.compute as compute

        order = ", ".join(("bucket", *kind.grain))
        relation = self._connection.sql(f"FROM ({sql}) ORDER BY {order}")
        for batch in relation.to_arrow_reader(BATCH_ROWS):
            names = batch.column("bucket")
            rows = batch.drop_columns(["bucket"])
            for name in compute.unique(names).to_pylist():
                yield name, rows.filter(compute.equal(names, name))

    def _this(self) -> str:
        """SQL of the one row that says which publication this is."""
        row = self._row
        values = f"{row.publication}, TIMESTAMP '{row.published_at.isoformat(sep=' ')}', '{row.views_sha256}'"
        return f"FROM (VALUES ({values})) AS this({', '.join(column.name for column in columns(PublicationRow))})"

    def _writer(self, path: str, schema: pa.Schema) -> Any:
        import pyarrow.parquet as parquet
        from pyarrow.fs import FSSpecHandler, PyFileSystem

        goal = f"{self._place.root}/{path}"
        self._place.filesystem.makedirs(goal.rpartition("/")[0], exist_ok=True)
        filesystem = PyFileSystem(FSSpecHandler(self._place.filesystem))
        return parquet.ParquetWriter(goal, schema, filesystem=filesystem, compression="zstd")


def _catalogue(target: Path, place: ParquetFolder, manifest: Manifest) -> None:
    """Put a small database of views over the files in the place of `target`."""
    part = target.with_suffix(".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        remove_database(part)
        with duckdb.connect(str(part)) as connection:
            write_catalogue(connection, place, manifest)
        study_files.put(part, target)
    finally:
        remove_database(part)


def _sweep(place: ParquetFolder, manifest: Manifest, base: Manifest | None) -> None:
    """Delete files that no state names any more: those that retired before, or after a whole writing all others."""
    filesystem, below = place.filesystem, len(place.root) + 1
    if base is not None:
        gone = set(base.retired) - manifest.files
    else:
        gone = {path[below:] for path in filesystem.find(place.root) if path.endswith(".parquet")} - manifest.files
    for path in gone:
        if filesystem.exists(f"{place.root}/{path}"):
            filesystem.rm_file(f"{place.root}/{path}")
