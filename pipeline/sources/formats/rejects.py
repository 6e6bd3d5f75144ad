"""The file of the rows that were rejected, or taken with a note: where it lies, and what stands in it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from pipeline.sources.formats.result import ImportResult, Reject, donation_stem
from pipeline.study.source_options import IMPORTED

HEADER = re.compile(rb"(?:line|record|file),reason(?:,taken)?\r?\n")
HEADER_BYTES = 64


def rejects_path(folder: Path, result: ImportResult, source: str = IMPORTED) -> Path:
    """The file for the rejected rows, see `place_of_rejects`.

    The names of donated files often identify the donor, so a digest replaces them.
    """
    stem = donation_stem(result.sha256) if result.donor else result.path.absolute().stem
    return place_of_rejects(folder, stem, source)


def place_of_rejects(folder: Path, stem: str, source: str = IMPORTED) -> Path:
    """The file in a folder for what a source rejects; sources of a study may hold files of one name.

    A file that was not written here is never named: another number is taken.
    """
    name = stem if source == IMPORTED else f"{source} {stem}"
    numbers = (f" {number}" if number else "" for number in count())
    places = (folder / f"{name}{number}.rejects.csv" for number in numbers)
    return next(place for place in places if not os.path.lexists(place) or _holds_rejects(place))


def _holds_rejects(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return HEADER.match(file.readline(HEADER_BYTES)) is not None
    except OSError:
        return False


def write_rejects(path: Path, unit: str, rejects: Sequence[Reject], notes: Sequence[Reject] = ()) -> None:
    """Write number and reason of every rejected row as CSV in UTF-8, then those of rows that were taken with a note.

    What was written there before goes, even if nothing replaces it.
    """
    if not rejects and not notes:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow((unit, "reason", "taken"))
        writer.writerows((reject.number, reject.sentence, "no") for reject in rejects)
        writer.writerows((note.number, note.sentence, "yes") for note in notes)
