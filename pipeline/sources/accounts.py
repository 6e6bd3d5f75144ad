"""What became of each row, file or URL that a source gave: none is lost without a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.records.counted import counted

PLURALS = {"row without its file": "rows without their files"}  # of units; of others with an s


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """The rows of one source: `rows` is the sum of what became of them."""

    source: str  # its label
    unit: str  # row, file or URL
    clips: int  # that the source names
    repeated: int = 0  # rows that name a clip once more
    exposures: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        """How many there were."""
        return self.clips + self.repeated + self.exposures + self.rejected

    @property
    def sentence(self) -> str:
        """The account in a line."""
        parts = [counted(self.clips, "clip")]
        parts += [f"{self.repeated} of a clip named before"] if self.repeated else []
        parts += [counted(self.exposures, "exposure")] if self.exposures else []
        parts += [f"{self.rejected} not read"] if self.rejected else []
        units = PLURALS.get(self.unit)
        return f"{self.source}: {counted(self.rows, self.unit, units)}: {', '.join(parts)}"


def in_all(accounts: Sequence[SourceAccount], stored: int, kept_out: int) -> tuple[str, ...]:
    """Why the clips of all sources together are more than those of the study, as sentences.

    `stored` are the clips that the study has of what they name, `kept_out` those that were forgotten or opted out.
    """
    named = sum(one.clips for one in accounts)
    again = named - stored - kept_out
    lines = []
    if again > 0:
        lines.append(f"all sources: {counted(named, 'clip')}, {again} of them named by another source too")
    if kept_out:
        lines.append(f"{counted(kept_out, 'clip stays', 'clips stay')} out: forgotten, or opted out")
    return tuple(lines)
