"""Imports of what researchers already have: posts and exposures from the exports of other tools."""

from pipeline.sources.formats.formats import BY_NAME, FORMATS, Format
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.reading import detect, read
from pipeline.sources.formats.result import Exposure, ImportResult, NumberedPost, Reject, sourced_posts

__all__ = [
    "BY_NAME",
    "FORMATS",
    "Exposure",
    "Format",
    "Hints",
    "ImportResult",
    "NumberedPost",
    "Reject",
    "detect",
    "read",
    "sourced_posts",
]
