"""The options of filters before the download: which posts a study leaves out."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from pipeline.stage import Options


class FilterOptions(Options):
    """Posts to exclude; a post whose value is not known is kept, and judged again once it is."""

    min_duration_s: float | None = Field(
        None, examples=[3.0], ge=0, description="shorter posts are excluded, in seconds"
    )
    max_duration_s: float | None = Field(
        None, examples=[90.0], gt=0, description="longer posts are excluded, in seconds"
    )
    posted_from: date | None = Field(
        None, examples=[date(2026, 1, 1)], description="posts before this day (UTC) are excluded"
    )
    posted_until: date | None = Field(
        None, examples=[date(2026, 6, 30)], description="posts after this day (UTC) are excluded"
    )
    languages: tuple[str, ...] = Field(
        (),
        examples=[["en", "es"]],
        description="languages that are kept (ISO 639-1), as the platform states them or the caption shows",
    )
    min_likes: int | None = Field(None, examples=[100], ge=0, description="posts with fewer likes are excluded")
    max_likes: int | None = Field(None, examples=[100000], ge=0, description="posts with more likes are excluded")
    caption_matches: str | None = Field(
        None, examples=["thrift|vintage"], description="posts whose caption does not match this pattern are excluded"
    )
    caption_excludes: str | None = Field(
        None, examples=["#ad"], description="posts whose caption matches this pattern are excluded"
    )
    sample: int | None = Field(
        None,
        examples=[500],
        gt=0,
        description="of the posts left, draw this many at random (of each stratum); posts known by their metadata "
        "alone are drawn apart",
    )
    sample_by: Literal["platform", "author", "language", "week"] | None = Field(
        None,
        examples=["platform"],
        description="draw the sample separately from each platform, author, language or week of posting",
    )
    seed: str = Field("cliptone", description="the same seed draws the same posts")

    @field_validator("caption_matches", "caption_excludes")
    @classmethod
    def _pattern(cls, text: str | None) -> str | None:
        try:
            re.compile(text or "")
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from error
        return text
