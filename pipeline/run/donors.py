"""Donors of data: what they brought, found by their code, and kept out once they have withdrawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.records import ExposureRow, ImportRow, ProvenanceRow, Row
from pipeline.records.pseudonyms import pseudonym
from pipeline.sources.read import SourceExport, Sources
from pipeline.store.store import Store

#: Tables whose rows name the donated file that they come from.
OF_FILES: tuple[type[Row], ...] = (ExposureRow, ProvenanceRow, ImportRow)
FILES = """
    SELECT file_sha256 FROM exposures WHERE donor_key IN (SELECT unnest($keys))
    UNION SELECT file_sha256 FROM imports WHERE exposures > 0 AND file_name IN (SELECT unnest($keys))
"""
#: Whoever gives the same file is the same person, under whatever code.
SAME_FILE = "SELECT DISTINCT donor_key FROM exposures WHERE file_sha256 IN (SELECT unnest($files))"
ALONE = """
    SELECT clip_id FROM provenance
    GROUP BY clip_id HAVING bool_and(coalesce(file_sha256 IN (SELECT unnest($files)), false))
"""


@dataclass(frozen=True, slots=True)
class Donated:
    """What named donors brought into a study."""

    donor_keys: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()  # their digests
    clip_ids: frozenset[str] = frozenset()  # that nothing else names; another donor may bring them again


NOTHING_DONATED = Donated()


def donor_key(code: str, key: bytes | None) -> str:
    """A donor under a pseudonym that is no author's, unless the study keeps ids as they are."""
    return code if key is None else pseudonym(key, "donor", code)


def donated(store: Store, codes: Collection[str], key: bytes | None) -> Donated:
    """What donors brought, by their codes or stored `donor_key`s."""
    if not codes:
        return NOTHING_DONATED
    keys = {donor_key(code, key) for code in codes} | set(codes)
    with store.uninterrupted_lock():
        connection = store.tables.connection
        files = [file for (file,) in connection.execute(FILES, {"keys": sorted(keys)}).fetchall()]
        alone = connection.execute(ALONE, {"files": files}).fetchall() if files else []
        others = connection.execute(SAME_FILE, {"files": files}).fetchall() if files else []
    keys |= {donor for (donor,) in others}
    return Donated(frozenset(keys), frozenset(files), frozenset(clip_id for (clip_id,) in alone))


def delete_donated(store: Store, found: Donated) -> None:
    """Delete what donors saw, the notes of their files, and the clips that nothing else names; in a transaction."""
    store.delete(sorted(found.clip_ids))
    for kind in OF_FILES:
        sql = f"DELETE FROM {kind.table} WHERE file_sha256 IN (SELECT unnest($files))"  # noqa: S608 - our own names
        store.tables.connection.execute(sql, {"files": sorted(found.files)})


def donor_tombstones(donor_keys: Collection[str], key: bytes | None) -> set[str]:
    """What remains of donors who withdrew, so that their files are not taken in again."""
    return {pseudonym(key or b"", "donor who withdrew", one) for one in donor_keys}


def has_withdrawn(store: Store, export: SourceExport, key: bytes | None) -> bool:
    """Whether a file is the donation of somebody who withdrew."""
    codes = {exposure.donor for exposure in export.result.exposures}
    if not codes:
        return False
    with store.uninterrupted_lock():
        tombstones = store.tables.tombstones()
    return not tombstones.isdisjoint(donor_tombstones({donor_key(code, key) for code in codes}, key))


def without_withdrawn(sources: Sources, store: Store, key: bytes | None) -> Sources:
    """Sources without the donations of those who withdrew."""
    gone = {export.result.sha256 for export in sources.exports if has_withdrawn(store, export, key)}
    if not gone:
        return sources
    return dataclasses.replace(
        sources,
        sourced_posts=tuple(one for one in sources.sourced_posts if one.place.file_sha256 not in gone),
        exports=tuple(export for export in sources.exports if export.result.sha256 not in gone),
    )
