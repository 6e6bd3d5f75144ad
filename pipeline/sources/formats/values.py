"""Convert one value of a foreign file: id as text, count, time in UTC.

What is written in a form that has one meaning is read. Anything else is `Rejected`; while a row is read
(`taking_notes`), it is left out with a note, and costs the row no more than that: only an id of the row itself does.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.entities import html5
from typing import Any

from pipeline.records import Seconds
from pipeline.sources.formats.notes import Rejected, can_be_left_out, leave_out, note
from pipeline.sources.formats.written_numbers import iso_seconds, read_count, read_seconds
from pipeline.sources.formats.written_times import read_time
from pipeline.sources.media_ids import LARGEST_EXACT
from pipeline.sources.post_fields import language_of
from pipeline.sources.post_urls import post_of_url

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before any of the platforms
LATEST = datetime(2100, 1, 1, tzinfo=UTC)  # milliseconds read as seconds lie far beyond it
LARGEST_COUNT = 2**63 - 1  # what a BIGINT column holds
SHOWN_CHARACTERS = 40  # of a wrong value in a message

SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x1f\x7f]")
#: How pandas, R, spreadsheets and people write that a cell of a table is not known, in lower case.
MISSING = {""} | frozenset((
    "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "(null)", "<null>", "\\n", "none", "-", "--",
    "undefined", "#value!", "#ref!", "#name?", "#div/0!", "#num!", "#null!",
))  # fmt: skip
LONGEST_MISSING = 40  # characters, with spaces
EXCEL_TEXT = re.compile(r"""=?"([^"]*)"|'(.*)""")  # how a number is kept from being rounded: ="73…" or '73…
EXACT_FLOAT = re.compile(r"(\d+)\.0*", re.ASCII)  # a whole number that went through a float
NO_LANGUAGE = ("un", "und", "unknown")  # how exports write an unknown language
ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});", re.ASCII)


def child(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside an object, empty where it is absent, null or something else, which is left out."""
    value = record.get(name)
    if not isinstance(value, dict) and _is_missing(value):
        return {}
    if not isinstance(value, dict):
        leave_out(Rejected(f"`{name}` is not an object", shown(value)))
        return {}
    return value


def text(value: object) -> str | None:
    """A text, None where it is absent, empty or says in any usual way that it is not known, as R writes it into JSON.

    Lone surrogates become U+FFFD and NUL characters are removed. What is no text is left out.
    """
    if value is None or value != value:
        return None
    if not isinstance(value, str):
        leave_out(Rejected("another value stands where a text is expected", shown(value)))
        return None
    if not value.isascii():
        value = SURROGATE.sub("\ufffd", value)
    return cell(value.replace("\0", "").strip()) or None


def decoded(value: object) -> str | None:
    """A text, as it reads on a screen: what is written for a web page (`&amp;`, `&#39;`) is decoded, once."""
    written = text(value)
    return ENTITY.sub(_decoded_entity, written) if written and "&" in written else written


def _decoded_entity(found: re.Match[str]) -> str:
    return html.unescape(found[0]) if found[1].startswith("#") else html5.get(f"{found[1]};", found[0])


def cell(written: str) -> str:
    """A cell of a table, empty where it says in any usual way that its value is not known."""
    return "" if len(written) < LONGEST_MISSING and written.strip().lower() in MISSING else written


def identifier(value: object, name: str) -> str | None:
    """An id as text, exactly as it stands; `Rejected` if a spreadsheet or a float has rounded its digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit():  # nearly all
        return value
    if _is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        value = int(value)  # as pandas writes a column of numbers with gaps
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Rejected(f"`{name}` has lost its last digits: export it as text", shown(value))
    found = text(str(value))
    if isinstance(value, str) and (SURROGATE.search(value) or CONTROL.search(value.strip())):
        raise Rejected(f"`{name}` is damaged", shown(value))
    if found is not None and (quoted := EXCEL_TEXT.fullmatch(found)):
        found = (quoted[1] or quoted[2] or "").strip() or None
    if found is not None and (whole := EXACT_FLOAT.fullmatch(found)):
        if int(whole[1]) >= LARGEST_EXACT:
            raise Rejected(f"`{name}` has lost its last digits: export it as text", shown(found))
        found = whole[1]
    if found is not None and SCIENTIFIC.fullmatch(found):
        raise Rejected(f"`{name}` has lost digits in a spreadsheet: export the file again", shown(found))
    return found


def identifier_beside(url: object, platform: str, value: object, name: str) -> str | None:
    """The id that a row's URL shows, else its own: a spreadsheet or JavaScript may round a number, but no URL."""
    place, shown_id = post_of_url(url) if isinstance(url, str) else (None, None)
    if shown_id is None or place != platform:
        return identifier(value, name)
    if not _is_missing(value) and str(value) != shown_id:
        note(f"`{name}` differs from the URL: the URL is believed", f"{shown(value)} and {shown_id}")
    return shown_id


#: An id of something else than the row's own post, such as its author or its sound.
other_identifier = can_be_left_out(identifier)


@can_be_left_out
def language(value: object, name: str) -> str | None:
    """An ISO 639-1 code from a column of the researcher's own; None where it is absent or says unknown."""
    written = text(value)
    if written is None or written.lower() in NO_LANGUAGE:
        return None
    found = language_of(written)
    if found is None:
        raise Rejected(f"`{name}` is not a code such as en (ISO 639-1)", shown(written))
    return found


@can_be_left_out
def count(value: object, name: str) -> int | None:
    """A count of at least 0; None where it is absent, empty or below 0, which stands for unknown in several exports.

    Digits may stand in groups of three. What is rounded (`1.2K`, `3 Mio.`) or has two meanings (`1.234`) is not read.
    """
    if _is_missing(value):
        return None
    number = read_count(value.strip()) if isinstance(value, str) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or number > LARGEST_COUNT:
        raise Rejected(f"`{name}` is not a whole number written in full", shown(value))
    return number if number >= 0 else None


def counts(values: Mapping[str, object]) -> dict[str, int]:
    """Counts by our names, those that are unknown left out."""
    found: dict[str, int] = {}
    for name, value in values.items():
        if type(value) is int and 0 <= value <= LARGEST_COUNT:  # nearly all in JSON
            found[name] = value
        elif (number := count(value, name)) is not None:
            found[name] = number
    return found


@can_be_left_out
def seconds(value: object, name: str) -> Seconds | None:
    """A duration in seconds, see `read_seconds`; None where it is absent, empty or 0, which stands for unknown."""
    if _is_missing(value):
        return None
    number = read_seconds(value.strip()) if isinstance(value, str) else _float(value)
    if number is None or not math.isfinite(number) or number < 0:
        raise Rejected(f"`{name}` is not a duration such as 65, 1:05 or PT1M5S", shown(value))
    return number or None


@can_be_left_out
def iso_duration(value: object, name: str) -> Seconds | None:
    """Seconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT1M5S`); None for `P0D`, a live stream."""
    written = text(value)
    if written is None:
        return None
    found = iso_seconds(written)
    if found is None:
        raise Rejected(f"`{name}` is not an ISO 8601 duration", shown(value))
    return found or None


@can_be_left_out
def epoch(value: object, name: str, per_second: int = 1) -> datetime | None:
    """A Unix time as UTC; None where it is absent, empty or 0, which stands for unknown."""
    if _is_missing(value) or value in (0, "0"):
        return None
    number = _float(value)
    try:
        if number is None:
            raise ValueError
        found = datetime.fromtimestamp(number / per_second, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Rejected(f"`{name}` is not a Unix time", shown(value)) from error
    return _plausible(found, value, name)


@can_be_left_out
def moment(
    value: object, name: str, date_format: str | None = None, advice: str = "", *, day_first: bool | None = None
) -> datetime | None:
    """A written time as UTC, see `read_time`; None where it is absent. `advice` is what to do about a wrong one."""
    if _is_missing(value):
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    written = text(str(value) if is_number else value)
    if written is None:
        return None
    try:
        found = read_time(written, date_format, day_first)
    except (ValueError, OverflowError, OSError) as error:
        wanted = date_format or "2026-01-31T12:00:00Z"
        raise Rejected(f"`{name}` is not a time such as {wanted}{advice}", shown(value)) from error
    return _plausible(found, value, name)


def shown(value: object) -> str:
    """A value as messages show it: short, and in quotes if it is a text."""
    written = ascii(value) if isinstance(value, str) and SURROGATE.search(value) else repr(value)
    return written if len(written) <= SHOWN_CHARACTERS else f"{written[:SHOWN_CHARACTERS]}…"


def _is_missing(value: object) -> bool:
    """Whether a value says that it is not known: pandas writes NaN into JSON too."""
    if isinstance(value, str):
        return len(value) < LONGEST_MISSING and value.strip().lower() in MISSING
    return value is None or value != value


def _plausible(found: datetime, value: object, name: str) -> datetime:
    if not EARLIEST <= found < LATEST:
        raise Rejected(f"`{name}` is a time outside {EARLIEST.year} to {LATEST.year}", shown(value))
    return found


def _float(value: object) -> float | None:
    """A number, also as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return None if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return None
