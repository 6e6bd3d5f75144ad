"""Donors of data: what they brought, found by their code, and excluded once they have withdrawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.records.pseudonyms import pseudonym
from pipeline.sources.read import SourceExport, Sources
from pipeline.store import donations
from pipeline.store.store import Store


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
        files = donations.files_of(store.tables, keys)
        keys |= donations.donors_of(store.tables, files)
        return Donated(frozenset(keys), frozenset(files), frozenset(donations.clips_of(store.tables, files)))


def donor_tombstones(donor_keys: Collection[str], key: bytes | None) -> set[str]:
    """What remains of donors who withdrew, so that their files are not taken in again."""
    return {pseudonym(key or b"", "donor who withdrew", one) for one in donor_keys}


def has_withdrawn(store: Store, export: SourceExport, key: bytes | None) -> bool:
    """Whether a file is the donation of somebody who withdrew."""
    code = export.result.donor
    if code is None:
        return False
    with store.uninterrupted_lock():
        tombstones = store.tables.tombstones()
    return not tombstones.isdisjoint(donor_tombstones({donor_key(code, key)}, key))


def without_withdrawn(sources: Sources, store: Store, key: bytes | None) -> Sources:
    """Sources without the donations of those who withdrew."""
    gone = {export.result.sha256 for export in sources.exports if has_withdrawn(store, export, key)}
    if not gone:
        return sources
    return dataclasses.replace(
        sources,
        parts=tuple(
            part for part in sources.parts if not (isinstance(part, SourceExport) and part.result.sha256 in gone)
        ),
    )
