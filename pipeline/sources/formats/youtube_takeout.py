"""Google Takeout: which videos of YouTube the donor watched, as JSON or as the web page that is its default."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

from pipeline.sources.formats.exposures import exposure, post_behind
from pipeline.sources.formats.records import json_records, text_lines
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.zones import zone_offset

TAKEOUT, TAKEOUT_PAGE = "youtube_takeout", "youtube_takeout_page"
ENTRY_NAMES = frozenset({"header", "title", "time"})
CELL = re.compile(r'<div class="content-cell[^>]*body-1">(.*?)</div>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"')
BREAK = re.compile(r"<br\s*/?>")
TAG = re.compile(r"<[^>]+>")
DAY_FIRST = re.compile(
    r"(\d{1,2})[. ]+(?:de )?([^\W\d]+)\.?,? (?:de )?(\d{4}),? +(?:\w{1,3} )?(\d{1,2})[:.](\d\d)[:.](\d\d)(.*)"
)
MONTH_FIRST = re.compile(r"([^\W\d]+)\.? (\d{1,2}), (\d{4}),? +(\d{1,2}):(\d\d):(\d\d)(.*)")
DIGITS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),? +(\d{1,2}):(\d\d):(\d\d)(.*)")
#: Beginnings of the names of months in English, Dutch, German, French, Spanish, Italian and Portuguese.
MONTHS = (
    ("jan", "ene", "gen"), ("feb", "fév", "fev"), ("mar", "mrt", "mär", "mrz"), ("apr", "avr", "abr"),
    ("may", "mei", "mai", "mag"), ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aoû", "ago"),
    ("sep", "set"), ("oct", "okt", "ott", "out"), ("nov",), ("dec", "dez", "déc", "dic"),
)  # fmt: skip
NOON = 12  # hours


def is_takeout(value: object) -> bool:
    """True for a history with a watched video among its first entries; the searches of the same form have none."""
    entries = value if isinstance(value, list) else [value]
    known = [entry for entry in entries if isinstance(entry, dict) and entry.keys() >= ENTRY_NAMES]
    return any(post_behind(entry.get("titleUrl")) for entry in known)


def is_takeout_page(subject: tuple[str, str]) -> bool:
    """True for the page of a history; `subject` is its name and its beginning."""
    return 'class="content-cell' in subject[1] and any(map(_video, CELL.findall(subject[1])))


def read_takeout(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of a donor, the newest first, as they stand; what is gone from YouTube is a reject."""
    return mapped(
        json_records(path, lambda page: [page]),
        lambda entry: exposure(donor, "watched", entry.get("titleUrl"), entry.get("time")),
    )


def read_takeout_page(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of a page; times in a form or a zone that is not known for certain stay unknown."""
    cells = enumerate(CELL.findall("\n".join(text_lines(path))), start=1)
    return mapped(cells, lambda cell: exposure(donor, "watched", _video(cell), written_time(_last_line(cell))))


def _video(cell: str) -> str | None:
    links = map(html.unescape, LINK.findall(cell))
    return next((link for link in links if post_behind(link)), None)


def _last_line(cell: str) -> str:
    lines = [html.unescape(TAG.sub("", line)).strip() for line in BREAK.split(cell)]
    return next((line for line in reversed(lines) if line), "")


def written_time(written: str) -> datetime | None:
    """A time as Takeout writes it in several languages, as UTC; None where form, month or zone are not known."""
    text = " ".join(written.split())  # narrow spaces too
    if found := DIGITS.fullmatch(text):
        day, month, year, *rest = found.groups()
        return _utc(year, int(month), day, rest)
    if found := MONTH_FIRST.fullmatch(text):
        name, day, year, *rest = found.groups()
    elif found := DAY_FIRST.fullmatch(text):
        day, name, year, *rest = found.groups()
    else:
        return None
    starts = enumerate(MONTHS, start=1)
    number = next((number for number, names in starts if name.lower().startswith(names)), None)
    return _utc(year, number, day, rest) if number else None


def _utc(year: str, month: int, day: str, rest: list[str]) -> datetime | None:
    hour, minute, second, tail = rest
    words = tail.split()
    half = words.pop(0).upper() if words and words[0].upper() in ("AM", "PM") else None
    zone = zone_offset(words[0]) if len(words) == 1 else None
    hours = int(hour) if half is None else int(hour) % NOON + NOON * (half == "PM")
    if zone is None:
        return None
    try:
        return datetime(int(year), month, int(day), hours, int(minute), int(second), tzinfo=UTC) - zone
    except (ValueError, OverflowError):
        return None
