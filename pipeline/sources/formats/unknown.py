"""A file in no known format: its first record, the mapping that would read it, and JSON as a table for a mapping."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.sources.formats.columns import NAMES_ADVICE, SYNONYMS, choose_columns, further_columns, holds_values
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.opening import open_text
from pipeline.sources.formats.records import SCANNED_CHARACTERS, first_json, flattened, json_records
from pipeline.sources.formats.tables import csv_records, header
from pipeline.sources.formats.values import SURROGATE
from pipeline.sources.post_urls import post_of_url

SHOWN_NAMES = 12  # of a first record in a message
SHOWN_VALUE = 40  # characters
SEARCHED_ROWS = 200  # for the names of a table; what later records add is left out
DEEPEST = 4  # level at which a list of records is looked for
EMPTY_JSON = frozenset({"[]", "{}", "[{}]", "null"})
IDENTIFYING = ("url", "id")
POST_NAMES = frozenset({"id", "url", *SYNONYMS["id"], *SYNONYMS["url"]})


def first_record(path: Path) -> dict[str, Any]:
    """The first record of a JSON file or of a table, under flat names; empty where there is none."""
    try:
        values = first_json(path)
        if values:
            records = values if len(values) > 1 else _listed(values[0])
            return next((flattened(one) for one in records if isinstance(one, dict)), {})
        names = header(path)
        row = next((row for _, row in csv_records(path) if not isinstance(row, Rejected)), {}) if len(names) > 1 else {}
        return dict.fromkeys(names, "") | dict(row) if len(names) > 1 or holds_values(names) else {}
    except (UserError, OSError):
        return {}


def nothing_in(path: Path) -> str | None:
    """That a file holds nothing, in words; None for one that holds something."""
    if not path.is_file():
        return None
    try:
        with open_text(path) as file:
            start = "".join(file.read(SCANNED_CHARACTERS).lstrip("\ufeff").split())
    except UserError:
        return None
    return None if start.strip(",;|") and start not in EMPTY_JSON else f"holds {start} alone" if start else "is empty"


def advice(path: Path, record: Mapping[str, Any]) -> str:
    """Sentences on the first record of a file and on the command that would read the file; empty without a record."""
    if not record:
        return ""
    if holds_values(tuple(record)) and len(record) == 1:
        return " It is a list of URLs: name it with url_file under [[sources]] in a study file."
    if holds_values(tuple(record)):
        return f" Its first line holds values and no names of columns: {NAMES_ADVICE}."
    shown = ", ".join(f"{name} = {_short(value)}" for name, value in list(record.items())[:SHOWN_NAMES])
    more = f" and {len(record) - SHOWN_NAMES} more" if len(record) > SHOWN_NAMES else ""
    return f" Its first record is: {shown}{more}. If that is a post, this reads it: {command(path, record)}."


def command(path: Path, record: Mapping[str, Any]) -> str:
    """The command that reads a file with these names by a mapping; where a name is not known it has capitals."""
    choice = choose_columns(tuple(record))
    used = {**choice.used, **further_columns(choice)}
    link = next((name for name, value in record.items() if isinstance(value, str) and post_of_url(value)[1]), None)
    if link is not None:
        used = {ours: theirs for ours, theirs in used.items() if theirs != link} | {"url": link}
    if "url" not in used and "id" not in used:
        used = {"url": "COLUMN"} | used
    words = ["cliptone", "import", str(path)]
    for ours in sorted(used, key=lambda ours: ours not in IDENTIFYING):
        words += ["--map", f"{ours}={used[ours]}"]
    if "url" not in used and "platform" not in used:
        words += ["--platform", "tiktok"]
    return shlex.join(words)


def write_table(path: Path, target: Path, mapping: Mapping[str, str]) -> None:
    """Write the records of a JSON file as CSV with flat names; rows that are no objects become empty ones."""
    wanted = frozenset(mapping.values() or first_record(path))
    rows = (row for _, row in json_records(path, lambda page: [page] if _has(page, wanted) else _listed(page)))
    early: list[dict[str, Any]] = []
    for row in rows:
        early.append({} if isinstance(row, Rejected) else flattened(row))
        if len(early) == SEARCHED_ROWS:
            break
    names = list(dict.fromkeys(name for row in early for name in row))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(_cell, names))
        writer.writerows([_cell(row.get(name)) for name in names] for row in early)
        for row in rows:
            flat = {} if isinstance(row, Rejected) else flattened(row)
            writer.writerow([_cell(flat.get(name)) for name in names])


def _has(page: object, names: frozenset[str]) -> bool:
    return isinstance(page, dict) and not names.isdisjoint(flattened(page))


def _listed(page: object) -> Sequence[object]:
    """The records of a document: its elements, itself if it may be a post, else the first list of objects inside it."""
    if isinstance(page, dict):
        names = {name for name in page if isinstance(name, str)}
        return [page] if names & POST_NAMES else _list_inside(page, DEEPEST) or [page]
    return page if isinstance(page, list) else [page]


def _list_inside(page: Mapping[str, Any], depth: int) -> Sequence[object]:
    for value in page.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return value
    inner = (value for value in page.values() if isinstance(value, dict)) if depth else ()
    return next((found for value in inner if (found := _list_inside(value, depth - 1))), ())


def _short(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    clean = "".join(each if each.isprintable() else " " for each in written)
    return clean if len(clean) <= SHOWN_VALUE else f"{clean[:SHOWN_VALUE]}…"


def _cell(value: object) -> str:
    if value is None:
        return ""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return SURROGATE.sub("\ufffd", written).replace("\0", "")
