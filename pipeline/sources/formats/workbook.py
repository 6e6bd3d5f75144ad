"""Workbooks (.xlsx): each sheet as a CSV file with the numbers as they are stored."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import count
from pathlib import Path

from pipeline.errors import UserError

WORKBOOK = "xl/workbook.xml"
LARGEST_EXACT = 1 << 53  # a spreadsheet stores numbers as floats: larger ones may have lost their last digits


#: A formula whose value was never calculated: programs that write workbooks leave that to the one that opens them.
UNCALCULATED = re.compile(rb"<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")
READ_AT_ONCE = 1 << 20  # bytes of a sheet
LONGEST_CELL = 1 << 16  # bytes: as much of one read is looked at with the next


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """True for a zip archive that is a workbook."""
    return WORKBOOK in archive.namelist()


def write_sheets(path: Path, folder: Path, spend: Callable[[int], None]) -> Iterator[tuple[str, Path]]:
    """Each sheet that has cells, by its name, as a CSV file in a folder; `spend` is told of the characters written.

    Raises `UserError` for a damaged workbook.
    """
    import openpyxl

    if _has_uncalculated(path):
        raise UserError(
            f"{path} has formulas without their values: open it in a spreadsheet program, save it, and import it again"
        )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            target = next(place for number in count(1) if not (place := folder / f"sheet {number}.csv").exists())
            sheet.reset_dimensions()  # some writers state too small a size
            if _write(sheet.iter_rows(values_only=True), target, spend):
                yield sheet.title, target
    except (ValueError, TypeError, KeyError, AttributeError, SyntaxError) as error:  # a ParseError is a SyntaxError
        raise UserError(f"{path} is a damaged workbook: save it again, or as CSV in UTF-8 ({error})") from error


def _has_uncalculated(path: Path) -> bool:
    """Whether any cell is a formula without its value, which would be read as empty."""
    with zipfile.ZipFile(path) as archive:
        for name in filter(SHEETS.fullmatch, archive.namelist()):
            with archive.open(name) as sheet:
                seen = b""
                while more := sheet.read(READ_AT_ONCE):
                    if UNCALCULATED.search(seen + more):
                        return True
                    seen = more[-LONGEST_CELL:]
    return False


def _write(rows: Iterator[Sequence[object]], target: Path, spend: Callable[[int], None]) -> bool:
    """Write the rows that have cells, as wide as the first of them; False if there are none."""
    width = 0
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            cells = [_cell(value) for value in row]
            while cells and not cells[-1] and len(cells) > width:
                cells.pop()
            if not any(cells):
                continue
            width = width or len(cells)
            spend(sum(map(len, cells)))
            writer.writerow(cells + [""] * (width - len(cells)))
    return width > 0


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()  # a cell with a day alone is stored like that
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)
