"""What is published, a database or Parquet files, against the working database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import StoreError, UserError
from pipeline.records import STUDY_ROWS
from pipeline.records.runs import LEDGER_ROWS, FingerprintRow, PublicationRow, RunRow
from pipeline.run.verify.findings import Finding
from pipeline.stage import Stage
from pipeline.store.digests import stored_hashes
from pipeline.store.publish.parquet_files import MANIFEST, ParquetFolder
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from pipeline.study.folder import StudyFolder

#: Tables that a run without anything to do changes, and publishes with the next news.
OF_A_RUN = (RunRow, FingerprintRow, PublicationRow)
AGAIN = "--repair publishes it again"


def published_findings(folder: StudyFolder, store: Store, stages: Sequence[type[Stage]]) -> Iterator[Finding]:
    """What is wrong with what readers of an open study see; reads all of it."""
    if not folder.published.exists():
        yield Finding("published", "the published database is not there", AGAIN, publishes=True)
    elif store.unpublished:
        yield Finding("published", "the published database is behind the working database", AGAIN, publishes=True)
    else:
        yield from _tables(folder, store, stages)
    if folder.parquet is not None:
        yield from _files(ParquetFolder(folder.parquet))


def _tables(folder: StudyFolder, store: Store, stages: Sequence[type[Stage]]) -> Iterator[Finding]:
    """Each table that readers see against the stored one."""
    kinds = [*STUDY_ROWS, *(kind for stage in stages for kind in stage.tables), *LEDGER_ROWS]
    kinds = [kind for kind in kinds if kind not in OF_A_RUN]
    with store.uninterrupted_lock():
        stored = stored_hashes(store.tables, kinds)
    try:
        with ResultsReader(folder.published) as reader:
            shown = reader.counted_hashes(kinds)
    except (StoreError, UserError, OSError) as error:
        what = f"the published database cannot be read: {str(error).splitlines()[0]}"
        yield Finding("published", what, AGAIN, publishes=True)
        return
    for table in stored:
        if stored[table] != shown[table]:
            what = f"{table} differs between the published and the working database"
            yield Finding("published", what, AGAIN, publishes=True)


def _files(place: ParquetFolder) -> Iterator[Finding]:
    """Parquet files against the manifest that names them, both ways."""
    try:
        manifest = place.manifest()
    except StoreError as error:
        manifest, what = None, str(error)
    else:
        what = f"{place.path(MANIFEST)} is not there, so the published folder cannot be opened"
    if manifest is None:
        yield Finding("published", what, "empty the folder, or name another one in store, and run the study")
        return
    below = len(place.root) + 1
    there = {path[below:] for path in place.filesystem.find(place.root) if path.endswith(".parquet")}
    for path in sorted(manifest.files - there):
        yield Finding("published", f"{path} is not among the Parquet files", AGAIN, publishes=True)
    for path in sorted(there - manifest.files - set(manifest.retired)):
        what = f"{path} belongs to no published state"
        yield Finding("published", what, "--repair publishes again and deletes it", publishes=True)
