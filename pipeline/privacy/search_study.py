"""What is left of the forgotten: a search through every file of a study, wherever it is published.

Compression hides texts from a search of bytes, so the database is searched as a copy without it, and Parquet files
batch by batch as they are read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DiskFull
from pipeline.privacy.byte_search import Scan, SearchTexts, files_below
from pipeline.store.compact import copy_database
from pipeline.store.database_files import remove_database
from pipeline.store.publish.parquet import chosen
from pipeline.store.publish.parquet_files import ParquetFolder
from pipeline.study.folder import StudyFolder

PROOF = "proof.duckdb"  # a copy without compression, deleted once it was searched
BATCH_ROWS = 10_000  # of a Parquet file that are in memory at a time


@dataclass(frozen=True)
class Remains:
    """What was searched and found, and what could not be searched."""

    scan: Scan
    proof: str  # of the database without compression
    not_searched: tuple[str, ...] = ()  # URLs of places that were rewritten, and lie on other machines


def search(folder: StudyFolder, needles: SearchTexts) -> Remains:
    """Look for texts in all files of a study, in its database without compression, and in its Parquet files."""
    proof = folder.working.with_name(PROOF)
    try:
        copy_database(folder.working, proof, compressed=False)
        said = "searched without compression"
    except DiskFull:
        said = "not made: no room for a copy without compression"
        remove_database(proof)
    try:
        scan = needles.scan(files_below(folder.root), folder.root)
    finally:
        remove_database(proof)
    choice = chosen(folder.working)
    place = ParquetFolder(choice.url) if choice else None
    if place is not None and place.is_local:
        _search_place(Path(place.root), folder.root, needles, scan)
    return Remains(scan, said, () if place is None or place.is_local else (place.url,))


def _search_place(folder: Path, output: Path, needles: SearchTexts, scan: Scan) -> None:
    """Add what is found in a folder of Parquet files: in their bytes as they are, and in their rows."""
    paths = list(files_below(folder))
    outside = paths if not folder.is_relative_to(output) else []  # those inside were looked at with all others
    scan.add(needles.scan(outside, folder.parent))
    for path in (path for path in paths if path.suffix == ".parquet"):
        name = path.relative_to(folder.parent).as_posix()
        scan.note(name, name, _in_rows(path, needles))


def _in_rows(path: Path, needles: SearchTexts) -> Counter[str]:
    """How often each kind stands in the rows of a Parquet file, laid out in memory without compression."""
    import pyarrow.parquet as parquet

    found: Counter[str] = Counter()
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            found += needles.in_bytes(batch.serialize().to_pybytes())
    return found
