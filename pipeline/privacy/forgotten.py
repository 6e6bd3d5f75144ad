"""What was forgotten, or would be, and what of it a receipt says."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.privacy.byte_search import FORMS, Scan
from pipeline.privacy.erase_files import Elsewhere, Erased
from pipeline.privacy.receipt import NOT_REACHED
from pipeline.privacy.search_study import Remains
from pipeline.records import Seconds


@dataclass
class Forgotten:
    """What was forgotten, and what shows it."""

    clips: int = 0
    authors: int = 0  # accounts of stored posts
    donors: int = 0
    rows: dict[str, int] = field(default_factory=dict)  # by table
    erased: Erased = field(default_factory=Erased)
    others_before: dict[str, str] = field(default_factory=dict)  # by table, digest of all other rows
    others_after: dict[str, str] = field(default_factory=dict)
    remains: Remains = field(default_factory=lambda: Remains(Scan(), "not made: nothing was deleted"))
    named_by_others: dict[str, int] = field(default_factory=dict)  # cells of others, by kind of text and column
    own_files: tuple[str, ...] = ()  # media of the user's own: never touched, and never in a receipt
    sources_naming: tuple[str, ...] = ()  # sources of the study file that still name them
    cards: tuple[str, ...] = ()  # of heads, rewritten without ids
    elsewhere: Elsewhere = field(default_factory=Elsewhere)  # exports in folders of the user's own
    seconds: Seconds = 0.0
    receipt: Path | None = None

    @property
    def scan(self) -> Scan:
        """What was looked through, and what was found."""
        return self.remains.scan

    @property
    def proof(self) -> str:
        """Whether the database was searched without compression."""
        return self.remains.proof

    @property
    def proven(self) -> bool:
        """True when nothing was found where nothing should be, and all other rows are as they were."""
        return self.scan.total == 0 and not self.changed

    @property
    def changed(self) -> list[str]:
        """Tables whose rows of others are not as they were."""
        tables = sorted(self.others_after)
        return [table for table in tables if self.others_before.get(table) != self.others_after[table]]


def receipt_content(result: Forgotten, cause: str) -> dict[str, Any]:
    """A receipt without personal data: counts, digests and kinds alone."""
    return {
        "cliptone_version": version("cliptone"),
        "cause": cause,
        "clips": result.clips,
        "authors": result.authors,
        "donors": result.donors,
        "rows_deleted": result.rows,
        "files_deleted": dict(result.erased.files),
        "exports_deleted": result.erased.exports,
        "all_other_rows": {
            "tables": len(result.others_after),
            "changed": result.changed,
            "sha256": result.others_after,
        },
        "scan": {
            "needles": result.scan.needles,
            "files": result.scan.files,
            "bytes": result.scan.bytes,
            "forms": FORMS,
            "database": result.proof,
            "found": {place: dict(counts) for place, counts in result.scan.found.items()},
        },
        "written_anew_but_not_searched": result.remains.not_searched,
        "named_in_rows_of_others": result.named_by_others,
        "media_of_your_own_left": len(result.own_files),
        "cards_rewritten": result.cards,
        "exports_elsewhere": {
            "affected": len(result.elsewhere.affected),
            "not_found": len(result.elsewhere.not_found),
        },
        "sources_still_naming_them": result.sources_naming,
        "not_reached": NOT_REACHED,
        "seconds": round(result.seconds, 1),
    }
