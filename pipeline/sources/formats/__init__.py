"""Imports of what researchers already have: posts and exposures from the exports of other tools."""

from pipeline.sources.formats.formats import BY_NAME, FORMATS, Format, Hints, detect, read
from pipeline.sources.formats.result import Exposure, Found, ImportResult, Reject, enrolments, write_rejects

__all__ = [
    "BY_NAME",
    "FORMATS",
    "Exposure",
    "Format",
    "Found",
    "Hints",
    "ImportResult",
    "Reject",
    "detect",
    "enrolments",
    "read",
    "write_rejects",
]
