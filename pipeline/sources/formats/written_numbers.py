"""Counts and durations as people, spreadsheets and programs write them: each form that has one meaning."""

from __future__ import annotations

import re

from pipeline.records import Seconds

POWER = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")  # 1e+05, as R writes 100000
WHOLE = re.compile(r"(-?[0-9]{1,30})(?:[.,]0*)?")
#: Digits in groups of three, and nothing but zeros behind them.
GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?P<mark>[,.'’ \u00a0\u202f\u2009])[0-9]{3}(?:(?P=mark)[0-9]{3})*)(?:(?!(?P=mark))[.,]0+)?"
)
ONE_POINT = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")  # one group, or three decimals
DECIMAL = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.")
COMMA = re.compile(r"([0-9]+),([0-9]{1,2}|[0-9]{4,})")  # three digits behind it may be a group
CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-5][0-9](?:[.,][0-9]+)?)")
UNITS = re.compile(
    r"(?:([0-9]+) ?h(?:ours?|rs?)?)? ?(?:([0-9]+) ?m(?:in(?:ute)?s?)?)? ?"
    r"(?:([0-9]+(?:[.,][0-9]+)?) ?s(?:ec(?:ond)?s?)?)?",
    re.IGNORECASE,
)
ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
MINUTE_S, HOUR_MINUTES, DAY_S = 60, 60, 86_400


def read_count(written: str) -> int | float | None:
    """A number that may be a count; None for what is rounded (`1.2K`), has two meanings (`1.234`) or is none."""
    if ONE_POINT.fullmatch(written):
        return None
    if found := GROUPED.fullmatch(written):
        return int("".join(each for each in found[1] if each.isdigit()))
    if found := WHOLE.fullmatch(written):
        return int(found[1])
    return float(written) if POWER.fullmatch(written) else None


def read_seconds(written: str) -> Seconds | None:
    """A duration as a number of seconds, as `1:05`, `1m 5s` or `PT1M5S`; None for anything else."""
    if DECIMAL.fullmatch(written):
        return float(written)
    if found := COMMA.fullmatch(written):
        return float(f"{found[1]}.{found[2]}")
    found = CLOCK.fullmatch(written)
    if found is not None and (found[1] is None or int(found[2]) < HOUR_MINUTES):
        return _seconds_of(*found.groups())
    found = UNITS.fullmatch(written)
    return _seconds_of(*found.groups()) if found is not None and any(found.groups()) else iso_seconds(written)


def iso_seconds(written: str) -> Seconds | None:
    """Seconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT1M5S`); None for anything else."""
    found = ISO_DURATION.fullmatch(written)
    if found is None or not any(found.groups()):
        return None
    days, *clock = found.groups()
    return float(days or 0) * DAY_S + _seconds_of(*clock)


def _seconds_of(hours: str | None, minutes: str | None, rest: str | None) -> Seconds:
    return (int(hours or 0) * HOUR_MINUTES + int(minutes or 0)) * MINUTE_S + float((rest or "0").replace(",", "."))
