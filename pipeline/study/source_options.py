"""The sources of a study file, as typed options: where clips come from, and which keys go with which kind."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipeline.stage import Options

LABEL = re.compile(r"[\w][\w .,()-]{0,63}")  # of a source: results show it
IMPORTED = "import"  # the label of what `cliptone import` reads
#: The kinds of sources, and the keys that go with each.
SOURCE_KEYS: Mapping[str, tuple[str, ...]] = {
    "folder": ("sidecar", "encoding", "date_format", "counted_at"),
    "glob": ("sidecar", "encoding", "date_format", "counted_at"),
    "urls": (),
    "url_file": ("columns", "platform", "encoding", "date_format", "counted_at"),
    "export": ("fetch", "donor", "columns", "platform", "encoding", "date_format", "counted_at"),
    "listing": ("max_posts", "since", "max_minutes"),
}


class SourceOptions(Options):
    """One place where clips come from: exactly one of folder, glob, urls, url_file, export and listing."""

    name: str | None = Field(
        None,
        examples=["first wave"],
        description="name of the source in the results; by default its kind and number: folder 1",
    )
    folder: str | None = Field(None, examples=["clips"], description="every media file in this folder and below")
    glob: str | None = Field(
        None, examples=["clips/**/*.mp4"], description="every file that matches, such as clips/**/*.mp4"
    )
    sidecar: str | None = Field(
        None, examples=["posts.csv"], description="a CSV file with one row a media file, named in its column `file`"
    )
    urls: tuple[str, ...] = Field(
        (),
        examples=[["https://www.tiktok.com/@account/video/7300000000000000000"]],
        description="URLs of posts, fetched with yt-dlp",
    )
    url_file: str | None = Field(
        None, examples=["posts.csv"], description="a text file with one URL a line, or a CSV file with a column `url`"
    )
    export: str | None = Field(
        None,
        examples=["zeeschuimer.ndjson"],
        description="posts that another tool exported; `cliptone import` shows which",
    )
    fetch: bool = Field(True, description="false keeps the posts of an export as metadata, and fetches no media")
    donor: str | None = Field(None, examples=["d01"], description="a code for the donor of the data, never a name")
    columns: dict[str, str] = Field(
        {}, examples=[{"url": "link", "caption": "text"}], description="of a plain CSV file: our column to theirs"
    )
    platform: str | None = Field(
        None, examples=["tiktok"], description="of a plain CSV file: the platform of every row"
    )
    encoding: str | None = Field(
        None, examples=["cp1252"], description="of a CSV file: its encoding, such as cp1252; UTF-8 by default"
    )
    date_format: str | None = Field(
        None, examples=["%d/%m/%Y"], description="of a CSV file: how dates are written, as in %d/%m/%Y %H:%M"
    )
    counted_at: Literal["file"] | None = Field(
        None,
        examples=["file"],
        description='"file" takes the date of the file as the time of its counts, where they state none',
    )
    listing: str | None = Field(
        None,
        examples=["https://www.tiktok.com/@account"],
        description="a page that lists posts: an account, a channel's Shorts, a hashtag",
    )
    max_posts: int = Field(200, gt=0, description="most posts that are taken from the listing in one run")
    since: date | None = Field(
        None, examples=[date(2026, 1, 1)], description="a listing is read back to this day (UTC)"
    )
    max_minutes: float = Field(30, gt=0, description="most minutes that the listing is read in one run")

    @property
    def kind(self) -> str:
        """The key that says what kind of source this is."""
        return next(kind for kind in SOURCE_KEYS if getattr(self, kind))

    @model_validator(mode="after")
    def _one_kind(self) -> SourceOptions:
        if sum(bool(getattr(self, kind)) for kind in SOURCE_KEYS) != 1:
            *kinds, last = SOURCE_KEYS
            raise ValueError(f"name exactly one of {', '.join(kinds)} and {last}")
        fitting = SOURCE_KEYS[self.kind]
        wrong = sorted(self.model_fields_set - {self.kind, "name", *fitting, *SOURCE_KEYS})
        if wrong:
            more = f"beside it stand {', '.join(('name', *fitting))}"
            raise ValueError(f"{wrong[0]} does not go with {self.kind}: {more}")
        return self

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")  # some codecs that Python knows are none of text
            return encoding and codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(f"{encoding!r} is no encoding that Python knows: try cp1252, latin-1 or utf-16") from error

    @field_validator("name")
    @classmethod
    def _no_handle(cls, name: str | None) -> str | None:
        if name is not None and (name == IMPORTED or not LABEL.fullmatch(name)):
            raise ValueError(f"{name!r} cannot be the name of a source: results show it, so no handle and no URL")
        return name


def labels(sources: Sequence[SourceOptions]) -> tuple[str, ...]:
    """What each source is called in results, in order: its name, or its kind and number."""
    kinds: Counter[str] = Counter()
    found = []
    for source in sources:
        kinds[source.kind] += 1
        found.append(source.name or f"{source.kind} {kinds[source.kind]}")
    return tuple(found)
