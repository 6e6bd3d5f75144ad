"""Where the user's own media lie, by clip: a list beside the working database, so that readers play them in place.

The working database knows the same, but a run locks everybody else out of it; what is published names no folders.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pipeline.study import files
from pipeline.study.folder import StudyFolder

LIST = "own_files.json"


def list_of(folder: StudyFolder) -> Path:
    """The list of a study's folder."""
    return folder.beside_working(LIST)


def write(path: Path, places: Mapping[str, str]) -> None:
    """Replace the list at `path`: by clip, the absolute path of its media."""
    content = {"root": str(_root_of(path)), "files": dict(sorted(places.items()))}
    text = json.dumps(content, ensure_ascii=True, indent=0) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        files.write(path, text)


def own_files(folder: StudyFolder) -> Mapping[str, Path]:
    """The list of a study: by clip, the path of the user's own media, whether it is still there or not.

    Where a project was moved as a whole, its files are looked for beside the results as they lay before.
    """
    path = list_of(folder).absolute()
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


def own_file(folder: StudyFolder, clip_id: str) -> Path | None:
    """The user's own media file of a clip, whether it is still there or not; None for posts and unknown clips."""
    return own_files(folder).get(clip_id)


@lru_cache(maxsize=2)
def _read(path: Path, _stamp: int) -> Mapping[str, Path]:
    """The list as it was written at a moment; empty where it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        before, now = found["root"], str(_root_of(path))
        return {clip_id: _where(place, before, now) for clip_id, place in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _where(place: str, before: str, now: str) -> Path:
    """A file where it was, or where it is after the project moved from one place to another."""
    if before == now or Path(place).exists():
        return Path(place)
    try:
        moved = Path(os.path.normpath(Path(now) / os.path.relpath(place, before)))
    except ValueError:  # on another Windows drive
        return Path(place)
    return moved if moved.exists() else Path(place)


def _root_of(path: Path) -> Path:
    """The folder of a study whose list lies at `path`."""
    return path.absolute().parent.parent
