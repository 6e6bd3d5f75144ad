"""Free disk space, checked before each fetch, so that lanes pause instead of failing when the disk is full."""

from __future__ import annotations

import shutil
from pathlib import Path

MIB, GIB = 1 << 20, 1 << 30
LEAST_FREE_BYTES = 2 * GIB
FILES = 10  # of the largest size allowed have to fit: other programs fill the disk too


def lack_of_room(folder: Path, max_megabytes: int) -> str | None:
    """Why nothing can be fetched into a folder now, as a sentence; None if there is room.

    At least 2 GiB must be free, and room for ten files of the largest size allowed.
    """
    needed = max(LEAST_FREE_BYTES, FILES * max_megabytes * MIB)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free >= needed:
        return None
    return f"the disk has {free / GIB:.1f} GiB free, and fetching needs {needed / GIB:.1f}: make room, and it goes on"
