"""Files of text are opened, in UTF-8 or in the encoding that the user states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import UserError

ZIP_MARKS, GZIP_MARK = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def open_text(path: Path, newline: str | None = None, encoding: str | None = None) -> Any:
    """A file as text; bytes that are not UTF-8 become surrogates, for which single rows are rejected."""
    if encoding is not None:
        return path.open(encoding=encoding, errors="surrogateescape", newline=newline)
    with path.open("rb") as file:
        mark = file.read(4)
    if mark[:2] in UTF16_MARKS:
        raise UserError(f"{path} is UTF-16, as some spreadsheets write it: save it as UTF-8")
    if mark in ZIP_MARKS or mark[:2] == GZIP_MARK:
        raise UserError(
            f"{path} is a workbook or packed: an export may be, but here it is read as text: save it as CSV"
        )
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline=newline)
