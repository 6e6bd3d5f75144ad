"""cliptone: from short social-media videos to a table of what was said, how it sounded, and how sure we are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.results.study import StudyReader


def open_study(path: str | Path) -> StudyReader:
    """Open a study's results read-only: its folder under `outputs/`, its database, or its study file."""
    from pipeline.results.study import StudyReader

    return StudyReader(Path(path))


__all__ = ["open_study"]
