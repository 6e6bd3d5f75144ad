"""The rows of a foreign file, each with its number; a row that cannot be read comes as `Rejected`, the rest go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.opening import open_text
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import SURROGATE

SCANNED_LINES = 20  # the first of them may be broken
SCANNED_CHARACTERS = 1024
DEEPEST = 6  # level of objects inside objects that gets names of its own
BEGINNING_CHARACTERS = 1 << 20  # web pages begin with their style sheet

# ---------------------------------------------------------------- JSON


def is_by_line(path: Path) -> bool:
    """True if each line of a file is a JSON object of its own (NDJSON), judged by its first lines."""
    return bool(_first_objects(path))


def holds_json(path: Path) -> bool:
    """True if a file is JSON, by line or as a whole, as far as its beginning shows."""
    return is_by_line(path) or _begins_as_json(path)


def first_json(path: Path) -> list[object]:
    """The first values of a JSON file: some lines, or the whole of a document; empty if it holds no JSON."""
    objects = _first_objects(path)
    if objects:
        return objects
    return [document(path)] if _begins_as_json(path) else []


def _begins_as_json(path: Path) -> bool:
    with open_text(path) as file:
        return file.read(SCANNED_CHARACTERS).lstrip()[:1] in ("{", "[")


def _first_objects(path: Path) -> list[object]:
    with open_text(path) as file:
        lines = list(islice((line for line in file if line.strip()), SCANNED_LINES))
    if lines and lines[0].startswith("[") and _json_value(lines[0]) is None:
        return []  # a list over several lines, some of which may look like objects of their own
    values = [_json_value(line) for line in lines if line.startswith("{") and not SURROGATE.search(line)]
    return [value for value in values if isinstance(value, dict)]


def json_records(path: Path, expand: Callable[[object], Iterable[object]]) -> Numbered[dict[str, Any]]:
    """The objects of a JSON file, where `expand` lists the records of a page.

    The number is the line where each line is an object of its own, else the position of the record from 1.
    """
    if is_by_line(path):
        for line, value in json_lines(path):
            if isinstance(value, Rejected):
                yield line, value
            else:
                yield from ((line, _json_object(record)) for record in _page_records(value, expand))
    else:
        whole = document(path)
        pages = whole if isinstance(whole, list) else [whole]
        records = (record for page in pages for record in _page_records(page, expand))
        yield from ((number, _json_object(record)) for number, record in enumerate(records, start=1))


def json_lines(path: Path) -> Numbered[object]:
    """The value of each line that is not empty."""
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.isascii() and SURROGATE.search(line):
                yield number, Rejected("the line is not UTF-8")
            elif line.strip():
                value = _json_value(line)
                yield number, Rejected("the line is not complete JSON") if value is None else value


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file; what is not UTF-8 in it is replaced."""
    with open_text(path) as file:
        yield from (SURROGATE.sub("\ufffd", line) for line in file)


def beginning(path: Path) -> str:
    """The first characters of a text file, enough to know it by; empty for what is no text."""
    with open_text(path) as file:
        found: str = file.read(BEGINNING_CHARACTERS)
    return "" if "\0" in found else found


def document(path: Path) -> object:
    """A file that is one JSON value; `UserError` says in which line it breaks off."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: export it again as UTF-8") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path} breaks off or is damaged in line {error.lineno}: export it again") from error
    except (ValueError, RecursionError) as error:  # such as a number of thousands of digits, or thousands of brackets
        raise UserError(f"{path} is not an export of posts: {error}") from error


def inside(value: object, *names: str) -> Any:
    """What stands under these names, one inside the other; None where one of them is absent."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _page_records(page: object, expand: Callable[[object], Iterable[object]]) -> Iterable[object]:
    try:
        return list(expand(page))
    except Rejected as rejected:
        return [rejected]


def _json_object(record: object) -> dict[str, Any] | Rejected:
    return record if isinstance(record, dict | Rejected) else Rejected("the record is not a JSON object")


def _json_value(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


# ---------------------------------------------------------------- JSON or CSV


def flat_records(path: Path, expand: Callable[[object], Iterable[object]]) -> Numbered[dict[str, Any]]:
    """The records of a JSON file or the rows of a CSV file under the same names: those inside others have dots."""
    rows: Numbered[Any] = json_records(path, expand) if holds_json(path) else csv_records(path)
    return mapped(rows, flattened)


def flattened(record: Mapping[str, Any], depth: int = DEEPEST) -> dict[str, Any]:
    """A record with the parts of its objects and lists under names such as `author.name` and `images.0`."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        parts = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(parts, dict) and depth:
            flat |= {f"{name}.{below}": part for below, part in flattened(parts, depth - 1).items()}
        else:
            flat[str(name).replace("/", ".")] = value
    return flat


def names_of(value: object) -> frozenset[str]:
    """The names of a record, of the first record of a list, or of the columns of a table, as in `flattened`."""
    if isinstance(value, tuple):
        return frozenset(name.replace("/", ".") for name in value)
    first = value[0] if isinstance(value, list) and value else value
    return frozenset(flattened(first)) if isinstance(first, dict) else frozenset()
