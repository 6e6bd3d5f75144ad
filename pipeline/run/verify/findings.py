"""What is wrong with a study, one thing at a time, and what would repair it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; the last four say what `cliptone verify --repair` does about it."""

    check: str  # media, audio, files, rows, attempts, counts, published or audit
    what: str
    advice: str
    clip_id: str | None = None
    stale_stage: str | None = None  # runs again on the clip
    spare_file: Path | None = None  # is deleted
    spare_rows: str | None = None  # table whose rows of the clip are deleted
    publishes: bool = False  # readers get what is stored

    @property
    def deletes(self) -> bool:
        """Whether its repair deletes something."""
        return bool(self.spare_file or self.spare_rows)

    @property
    def is_repairable(self) -> bool:
        """Whether `--repair` does something about it."""
        return bool(self.stale_stage or self.spare_file or self.spare_rows or self.publishes)
