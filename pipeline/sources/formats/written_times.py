"""Times as people, spreadsheets and programs write them: each form that has one meaning, as UTC."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta

from pipeline.sources.formats.zones import zone_offset

#: A day in numbers, with the year first or with dots, and what stands behind it.
NUMBERED = (
    re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?:[ T](?P<rest>.+))?", re.ASCII),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?:[ T](?P<rest>.+))?", re.ASCII),
)
#: A day with slashes or hyphens and the year behind: its first two numbers may stand either way.
EITHER_WAY = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(?P<year>\d{4})(?:,? (?P<rest>.+))?", re.ASCII)
MONTHS_A_YEAR = 12
UNIX = re.compile(r"\d{9,11}(?:\.\d*)?|\d{12,14}", re.ASCII)
UNIX_DIGITS = 11  # of seconds at most; more are milliseconds
MILLISECONDS = 1000  # in a second
#: Days since the end of 1899, as spreadsheets store dates, from 2000 to 2099; the time of day is the fraction.
SERIAL = re.compile(r"(?:36[5-9]|3[7-9]\d|[4-6]\d\d|7[0-2]\d)\d\d(?:\.\d+)?", re.ASCII)
FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
DAY_SECONDS = 86_400
CLOCK = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<half>[ap]\.?m\.?)? ?(?P<zone>[A-Za-z]*(?:[+-]\d\d?(?::?\d\d)?)?)",
    re.ASCII | re.IGNORECASE,
)
OFFSET = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?", re.ASCII)
DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?", re.ASCII | re.IGNORECASE)
YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = 3  # letters of such a name
NOON = 12  # hours
CLOCK_CODES = re.compile(r"%[HIMSfcXT]")  # of `strptime`


class DayOrder:
    """Whether the day or the month stands first in the times of one column: days after the 12th show it."""

    def __init__(self) -> None:
        self.is_open = False  # whether there are times that could be read either way
        self._firsts = self._seconds = 0  # the largest numbers

    def add(self, written: str) -> None:
        """Look at a cell."""
        if found := EITHER_WAY.fullmatch(" ".join(written.split())):
            self.is_open = True
            self._firsts, self._seconds = max(self._firsts, int(found[1])), max(self._seconds, int(found[3]))

    @property
    def day_first(self) -> bool | None:
        """True for 31/01/2026, False for 01/31/2026; None where both, or neither, are shown."""
        shown = self._firsts > MONTHS_A_YEAR, self._seconds > MONTHS_A_YEAR
        return None if shown[0] == shown[1] else shown[0]


def read_time(written: str, date_format: str | None = None, day_first: bool | None = None) -> datetime:
    """A time as UTC; one without an offset is taken as UTC. `ValueError` for a time that is written otherwise.

    It is written as `date_format` says (of `datetime.strptime`); else with the year first, as 31.01.2026, with the
    English name of its month, as a Unix time in s or ms, or as the number by which a spreadsheet stores it. Day and
    month before the year can be read in two ways, and are if it is known which of them is first.
    """
    text = " ".join(written.split())
    if date_format is not None:
        return _as_utc(datetime.strptime(text, date_format))  # noqa: DTZ007 - UTC is added
    if UNIX.fullmatch(text):
        is_seconds = len(text.partition(".")[0]) <= UNIX_DIGITS
        return datetime.fromtimestamp(float(text) / (1 if is_seconds else MILLISECONDS), tz=UTC)
    if SERIAL.fullmatch(text):
        return FIRST_DAY + timedelta(seconds=round(float(text) * DAY_SECONDS))
    with contextlib.suppress(ValueError):
        return _as_utc(datetime.fromisoformat(text))
    for form in NUMBERED:
        if found := form.fullmatch(text):
            return _moment(found["year"], int(found["month"]), found["day"], found["rest"] or "")
    if day_first is not None and (found := EITHER_WAY.fullmatch(text)):
        day, month = (found[1], found[3]) if day_first else (found[3], found[1])
        return _moment(found["year"], int(month), day, found["rest"] or "")
    return _with_named_month(text)


def states_clock(written: str, date_format: str | None = None) -> bool:
    """Whether a time that `read_time` reads has a time of day; else it is a day alone."""
    text = written.strip()
    if date_format is not None:
        return CLOCK_CODES.search(date_format) is not None
    if SERIAL.fullmatch(text):
        return float(text) % 1 > 0
    return ":" in text or UNIX.fullmatch(text) is not None or re.search(r"\d[T ]\d{2}", text) is not None


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_named_month(text: str) -> datetime:
    """A time such as `Jan 31, 2026`, `Sat, 31 Jan 2026 12:00:00 GMT` or `Sat Jan 31 12:00:00 +0000 2026`."""
    days, months, years, rest = [], [], [], []
    for word in text.replace(",", " ").split():
        name = word.lower().rstrip(".")
        if (month := _place_of(name, MONTHS)) is not None:
            months.append(month + 1)
        elif found := DAY.fullmatch(word):
            days.append(found[1])
        elif YEAR.fullmatch(word):
            years.append(word)
        elif name not in ("at", "of") and _place_of(name, WEEKDAYS) is None:
            rest.append(word)
    if not len(days) == len(months) == len(years) == 1:
        raise ValueError(f"{text!r} is no time that has one meaning")
    return _moment(years[0], months[0], days[0], " ".join(rest))


def _place_of(name: str, names: tuple[str, ...]) -> int | None:
    """The place of a name that is written in full or by its first three letters, or as `sept`."""
    short = name[:SHORT] if name == "sept" else name
    return next((place for place, one in enumerate(names) if short in (one, one[:SHORT])), None)


def _moment(year: str, month: int, day: str, clock: str) -> datetime:
    """A day with the time of day behind it: hours and minutes, AM or PM, and a zone that is known for certain."""
    start = datetime(int(year), month, int(day), tzinfo=UTC)
    if not clock:
        return start
    found = CLOCK.fullmatch(clock)
    zone = _offset(found["zone"]) if found else None
    if found is None or zone is None:
        raise ValueError(f"{clock!r} is no time of day in a known zone")
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= NOON:
            raise ValueError(f"{clock!r} is no time of day")
        hour = hour % NOON + NOON * (found["half"].lower()[0] == "p")
    microsecond = int((found["fraction"] or "").ljust(6, "0")[:6])
    return (
        start.replace(hour=hour, minute=int(found["minute"]), second=int(found["second"] or 0), microsecond=microsecond)
        - zone
    )


def _offset(zone: str) -> timedelta | None:
    """How far a zone is ahead of UTC, by its offset or its name; nothing for none."""
    if found := OFFSET.fullmatch(zone):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return -ahead if found[1] == "-" else ahead
    return zone_offset(zone.upper()) if zone else timedelta()
