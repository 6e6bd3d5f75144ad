"""Time zones as exports write them: abbreviations that mean one zone alone, and offsets."""

from __future__ import annotations

import re
from datetime import timedelta

OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?")
#: Hours before UTC; of abbreviations that several zones share (CST, IST) the time stays unknown.
ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "JST": 9, "KST": 9, "AEST": 10,
    "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def zone_offset(zone: str) -> timedelta | None:
    """How far a zone is ahead of UTC; None for one that is not known for certain."""
    if found := OFFSET.fullmatch(zone):
        hours = int(found[1])
        return timedelta(hours=hours, minutes=int(found[2] or 0) * (-1 if hours < 0 else 1))
    return timedelta(hours=ZONES[zone]) if zone in ZONES else None
