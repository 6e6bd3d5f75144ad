"""Exports that were made into other folders than the study's own: remembered as keyed digests of their paths.

Whoever holds the results learns no path from them, and `forget` can tell whether a folder that it sees is one of them.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.records.pseudonyms import pseudonym
from pipeline.study import files
from pipeline.study.folder import StudyFolder

LIST = "exports_elsewhere.jsonl"
MOST_FOLDERS = 20_000  # that are looked through for them
DEPTH = 4  # of folders below those where the search begins


@dataclass(frozen=True, slots=True)
class ExportElsewhere:
    """One export in a folder of the user's own."""

    made_at: str  # UTC, ISO 8601
    level: str
    path_key: str  # keyed digest of its path

    def __str__(self) -> str:
        return f"the export of {self.made_at} at level {self.level}"


def remember(folder: StudyFolder, goal: Path, made_at: str, level: str, key: bytes | None) -> None:
    """Remember an export, unless it lies among the study's own; a path that was used before is remembered once."""
    if goal.parent == folder.exports.absolute():
        return
    one = ExportElsewhere(made_at, level, path_key(goal, key))
    write(folder, [*(known for known in remembered(folder) if known.path_key != one.path_key), one])


def remembered(folder: StudyFolder) -> list[ExportElsewhere]:
    """The exports elsewhere that are known, oldest first."""
    path = folder.beside_working(LIST)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [ExportElsewhere(**json.loads(line)) for line in lines]


def write(folder: StudyFolder, exports: Sequence[ExportElsewhere]) -> None:
    """Replace what is remembered."""
    path = folder.beside_working(LIST)
    path.parent.mkdir(parents=True, exist_ok=True)  # results that were handed on have none
    files.write(path, "".join(json.dumps(asdict(one)) + "\n" for one in exports))


def path_key(path: Path, key: bytes | None) -> str:
    """A path as it is remembered."""
    return pseudonym(key or b"", "export folder", str(path.expanduser().absolute()))


def find(exports: Sequence[ExportElsewhere], key: bytes | None, beneath: Iterable[Path], but: Path) -> dict[str, Path]:
    """By `path_key`, where those exports lie that are in or below some folders; the results themselves are left out."""
    wanted = {one.path_key for one in exports}
    found: dict[str, Path] = {}
    for path in _folders(beneath, but) if wanted else ():
        if (one := path_key(path, key)) in wanted:
            found[one] = path
        if len(found) == len(wanted):
            break
    return found


def _folders(beneath: Iterable[Path], but: Path) -> Iterator[Path]:
    """Folders and those in them, the nearest first, each once; links are not followed."""
    waiting = deque((path.expanduser().absolute(), 0) for path in beneath)
    seen: set[Path] = set()
    while waiting and len(seen) < MOST_FOLDERS:
        path, depth = waiting.popleft()
        if path in seen or path == but:
            continue
        seen.add(path)
        yield path
        if depth < DEPTH:
            waiting.extend((inside, depth + 1) for inside in _inside(path))


def _inside(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:  # not ours to read, or gone
        return []
