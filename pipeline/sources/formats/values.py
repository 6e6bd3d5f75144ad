"""Convert one value of a foreign file: id as text, count, time in UTC; or raise `Rejected` with what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.records import Seconds
from pipeline.sources.media_ids import LARGEST_EXACT
from pipeline.sources.post_fields import language_of, parse_time

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before any of the platforms
LATEST = datetime(2100, 1, 1, tzinfo=UTC)  # milliseconds read as seconds lie far beyond it
LARGEST_COUNT = 2**63 - 1  # what a BIGINT column holds
MILLISECONDS = 1000  # in a second
SHOWN_CHARACTERS = 40  # of a wrong value in a message

SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
POWER = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")  # 1e+05, as R writes 100000
WHOLE = re.compile(r"(-?[0-9]{1,30})(?:\.0*)?")
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x1f\x7f]")
#: How pandas, R, spreadsheets and people write that a cell of a table is not known, in lower case.
MISSING = frozenset(
    ["na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none", "-", "--", "#value!", "#ref!"]
) | {""}
EXCEL_TEXT = re.compile(r"""=?"([^"]*)"|'(.*)""")  # how a number is kept from being rounded: ="73…" or '73…
EXACT_FLOAT = re.compile(r"(\d+)\.0*", re.ASCII)  # a whole number that went through a float
NO_LANGUAGE = ("un", "und", "unknown")  # how exports write an unknown language
ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class Rejected(ValueError):
    """One row that cannot become a post; its text is the reason, without the row's number."""


def child(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside an object, empty where it is absent or null; `Rejected` if something else stands there."""
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Rejected(f"`{name}` is {shown(value)}, not an object")
    return value


def text(value: object) -> str | None:
    """A text, None where it is absent or empty; lone surrogates become U+FFFD and NUL characters are removed."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejected(f"{shown(value)} stands where a text is expected")
    if not value.isascii():
        value = SURROGATE.sub("\ufffd", value)
    return value.replace("\0", "").strip() or None


def cell(written: str) -> str:
    """A cell of a table, empty where it says in any usual way that its value is not known."""
    return "" if written.strip().lower() in MISSING else written


def identifier(value: object, name: str) -> str | None:
    """An id as text, exactly as it stands; `Rejected` if a spreadsheet or a float has rounded its digits."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():  # nearly all
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        value = int(value)  # as pandas writes a column of numbers with gaps
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Rejected(f"`{name}` is {shown(value)}: its last digits are lost; export it as text")
    found = text(str(value))
    if isinstance(value, str) and (SURROGATE.search(value) or CONTROL.search(value.strip())):
        raise Rejected(f"`{name}` is {shown(value)}, which is damaged")
    if found is not None and (quoted := EXCEL_TEXT.fullmatch(found)):
        found = (quoted[1] or quoted[2] or "").strip() or None
    if found is not None and (whole := EXACT_FLOAT.fullmatch(found)):
        if int(whole[1]) >= LARGEST_EXACT:
            raise Rejected(f"`{name}` is {shown(found)}: its last digits are lost; export it as text")
        found = whole[1]
    if found is not None and SCIENTIFIC.fullmatch(found):
        raise Rejected(f"`{name}` is {shown(found)}: a spreadsheet has cut its digits; export the file again")
    return found


def language(value: object, name: str) -> str | None:
    """An ISO 639-1 code from a column of the researcher's own; None where it is absent or says unknown."""
    written = text(value)
    if written is None or written.lower() in NO_LANGUAGE:
        return None
    found = language_of(written)
    if found is None:
        raise Rejected(f"`{name}` is {shown(written)}, not a code such as en (ISO 639-1)")
    return found


def count(value: object, name: str) -> int | None:
    """A count of at least 0; None where it is absent, empty or below 0, which stands for unknown in several exports."""
    if _is_missing(value):
        return None
    if isinstance(value, str) and POWER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, str) and (found := WHOLE.fullmatch(value.strip())):
        value = int(found[1])
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value > LARGEST_COUNT:
        raise Rejected(f"`{name}` is {shown(value)}, not a whole number")
    return value if value >= 0 else None


def counts(values: Mapping[str, object]) -> dict[str, int]:
    """Counts by our names, those that are unknown left out."""
    return {name: number for name, value in values.items() if (number := count(value, name)) is not None}


def seconds(value: object, name: str) -> Seconds | None:
    """A duration in seconds; None where it is absent, empty or 0, which stands for unknown."""
    if _is_missing(value):
        return None
    number = _float(value, name)
    if not math.isfinite(number) or number < 0:
        raise Rejected(f"`{name}` is {shown(value)}, not a duration in seconds")
    return number or None


def iso_duration(value: object, name: str) -> Seconds | None:
    """Seconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT1M5S`); None for `P0D`, a live stream."""
    written = text(value)
    if written is None:
        return None
    found = ISO_DURATION.fullmatch(written)
    if found is None or not any(found.groups()):
        raise Rejected(f"`{name}` is {shown(value)}, not an ISO 8601 duration")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest or None


def epoch(value: object, name: str, per_second: int = 1) -> datetime | None:
    """A Unix time as UTC; None where it is absent, empty or 0, which stands for unknown."""
    if _is_missing(value) or value in (0, "0"):
        return None
    number = _float(value, name)
    try:
        moment = datetime.fromtimestamp(number / per_second, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Rejected(f"`{name}` is {shown(value)}, not a Unix time") from error
    return _plausible(moment, value, name)


def moment(value: object, name: str, date_format: str | None = None) -> datetime | None:
    """A written time as UTC; None where it is absent.

    It is written as `date_format` says, else as ISO 8601 (`2026-01-31 12:00:00`, with or without ` UTC`), with slashes
    after the year, or as `31.01.2026 12:00`.
    """
    written = text(value)
    if written is None or written.lower() in MISSING:
        return None
    try:
        found = parse_time(written.removesuffix(" UTC"), date_format)
    except (ValueError, OverflowError) as error:
        wanted = date_format or "2026-01-31T12:00:00Z"
        raise Rejected(f"`{name}` is {shown(value)}, not a time such as {wanted}") from error
    return _plausible(found, value, name)


def shown(value: object) -> str:
    """A value as messages show it: short, and in quotes if it is a text."""
    written = ascii(value) if isinstance(value, str) and SURROGATE.search(value) else repr(value)
    return written if len(written) <= SHOWN_CHARACTERS else f"{written[:SHOWN_CHARACTERS]}…"


def _is_missing(value: object) -> bool:
    """Whether a value says that it is not known: pandas writes NaN into JSON too."""
    return value is None or value != value or (isinstance(value, str) and value.strip().lower() in MISSING)


def _plausible(found: datetime, value: object, name: str) -> datetime:
    if not EARLIEST <= found < LATEST:
        raise Rejected(f"`{name}` is {shown(value)}, a time outside {EARLIEST.year} to {LATEST.year}")
    return found


def _float(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Rejected(f"`{name}` is {shown(value)}, not a number")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise Rejected(f"`{name}` is {shown(value)}, not a number") from error
