"""The rows of a table in a CSV file, each with its line; a row that cannot be read comes as `Rejected`."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.opening import open_text
from pipeline.sources.formats.rows import Numbered
from pipeline.sources.formats.values import SURROGATE, cell, shown

DECLARED_MISSING = "missing_fields"  # a column of 4CAT, in the tables of all its platforms
DELIMITERS = (",", "\t", ";", "|")
SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)  # how spreadsheets name the delimiter
EMPTY_LINE = re.compile(r"[\s,;|\"]*")
csv.field_size_limit(1 << 30)  # characters of one cell: tables hold whole pages, and the default is 131,072


def header(path: Path, encoding: str | None = None) -> tuple[str, ...]:
    """The column names of a CSV file; none of a file that is no text. `UserError` if the names are damaged."""
    try:
        with open_text(path, newline="", encoding=encoding) as file:
            if "\0" in file.readline():
                return ()
            file.seek(0)
            return _table(file, path)[0]
    except UnicodeError as error:
        raise UserError(f"{path} cannot be read as {encoding}: {error}") from error


def csv_records(
    path: Path, encoding: str | None = None, used: Collection[str] | None = None
) -> Numbered[Mapping[str, str]]:
    """The rows of a CSV file by column; the number is the line on which the row begins.

    Where two columns have one name, their cells have to agree; with `used`, only in the columns named there.
    """
    with open_text(path, newline="", encoding=encoding) as file:
        names, reader, skipped = _table(file, path)
        doubled = [name for name, times in Counter(names).items() if times > 1 and name and (not used or name in used)]
        before = reader.line_num
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:  # a quote that never closes takes all lines behind it along: each is lost
                for line in range(before + 1, reader.line_num + 1):
                    yield skipped + line, Rejected(f"the row is not CSV: {error}")
            else:
                if row:
                    yield skipped + before + 1, _row_by_column(names, row, doubled)
            before = reader.line_num


def _table(file: Any, path: Path) -> tuple[tuple[str, ...], Any, int]:
    """The column names of a table, a reader of what follows, and the lines before: empty ones, and `sep=;`."""
    skipped, delimiter = 0, None
    while True:
        place, first = file.tell(), file.readline()
        if stated := SEPARATOR_LINE.fullmatch(first):
            delimiter = stated[1]
        elif not first or not EMPTY_LINE.fullmatch(first):
            break
        skipped += 1
    file.seek(place)
    reader = csv.reader(file, delimiter=delimiter or max(DELIMITERS, key=first.count), strict=True)
    return _column_names(reader, path), reader, skipped


def _column_names(reader: Any, path: Path) -> tuple[str, ...]:
    try:
        names = tuple(name.strip("\ufeff \t\r\n") for name in next(reader, ()))
    except csv.Error as error:
        raise UserError(f"{path} has a first line that is not CSV: {error}") from error
    if any(SURROGATE.search(name) for name in names):
        raise UserError(f"{path} is not UTF-8: save it as UTF-8")
    return names


def _row_by_column(names: Sequence[str], row: list[str], doubled: Sequence[str]) -> dict[str, str] | Rejected:
    if len(row) > len(names) and not any(written.strip() for written in row[len(names) :]):
        row = row[: len(names)]
    if len(row) != len(names):
        return Rejected(f"the row has {len(row)} cells, the header {len(names)}")
    if any(SURROGATE.search(written) for written in row):
        return Rejected("the row is not UTF-8: save the file so, or say its encoding, such as cp1252")
    cells = list(map(cell, row))
    found = dict(zip(names, cells, strict=True))
    for name in doubled:
        stated = list(dict.fromkeys(each for each, one in zip(cells, names, strict=True) if one == name and each))
        if len(stated) > 1:
            return Rejected(
                f"two columns are called `{name}` and differ: rename one of them", " and ".join(map(shown, stated))
            )
        found[name] = stated[0] if stated else ""
    return _without_defaults(found)


def _without_defaults(row: dict[str, str]) -> dict[str, str]:
    """The row with no value in the fields that its platform did not give: 4CAT writes 0 there, and names them."""
    if not row.get(DECLARED_MISSING):
        return row
    absent = {name.strip() for name in row[DECLARED_MISSING].split(",")}
    return {name: "" if name in absent else value for name, value in row.items()}
