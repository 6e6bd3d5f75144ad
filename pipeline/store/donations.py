"""What donors of data brought into a study: their files, the clips that these alone name, and how all of it goes."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.records import ExposureRow, ImportRow, ProvenanceRow, Row
from pipeline.store.store import Store
from pipeline.store.tables import Tables

#: Tables whose rows name the donated file that they come from.
OF_FILES: tuple[type[Row], ...] = (ExposureRow, ProvenanceRow, ImportRow)
FILES = """
    SELECT file_sha256 FROM exposures WHERE donor_key IN (SELECT unnest($keys))
    UNION SELECT file_sha256 FROM imports WHERE exposures > 0 AND file_name IN (SELECT unnest($keys))
"""
#: Whoever gives the same file is the same person, under whatever code.
SAME_FILE = "SELECT DISTINCT donor_key FROM exposures WHERE file_sha256 IN (SELECT unnest($names))"
ALONE = """
    SELECT clip_id FROM provenance
    GROUP BY clip_id HAVING bool_and(coalesce(file_sha256 IN (SELECT unnest($names)), false))
"""


def files_of(tables: Tables, donor_keys: Collection[str]) -> set[str]:
    """The digests of the files that donors gave."""
    return tables.texts(FILES, {"keys": sorted(donor_keys)})


def donors_of(tables: Tables, files: Collection[str]) -> set[str]:
    """Everybody who gave one of these files."""
    return tables.texts(SAME_FILE, {"names": sorted(files)}) if files else set()


def clips_of(tables: Tables, files: Collection[str]) -> set[str]:
    """Clips that nothing but these files names."""
    return tables.texts(ALONE, {"names": sorted(files)}) if files else set()


def delete_donation(store: Store, files: Collection[str], clip_ids: Collection[str]) -> None:
    """Delete what donors saw, the notes of their files, and the clips that nothing else names; in a transaction."""
    store.delete(sorted(clip_ids))
    for kind in OF_FILES:
        sql = f"DELETE FROM {kind.table} WHERE file_sha256 IN (SELECT unnest($names))"  # noqa: S608 - our own names
        store.tables.connection.execute(sql, {"names": sorted(files)})
