"""The formats that can be imported, how each is recognised by its content, and the reading of a file."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.records.post import Post
from pipeline.sources.formats import (
    apify,
    donation,
    fourcat,
    info_json,
    plain_csv,
    records,
    tiktok,
    youtube,
    zeeschuimer,
)
from pipeline.sources.formats.records import Numbered
from pipeline.sources.formats.result import Exposure, ImportResult, NumberedPost, Reject
from pipeline.sources.formats.values import Rejected
from pipeline.study.files import sha256_of

DONATION = "tiktok_donation"
JSON, CSV = frozenset({"json"}), frozenset({"csv"})
JSON_OR_CSV = JSON | CSV


@dataclass(frozen=True, slots=True)
class Hints:
    """What the user states about a file, because the file does not."""

    donor: str | None = None  # a code for the donor of the data, never a name
    columns: Mapping[str, str] = field(default_factory=dict)  # plain CSV: our column to theirs
    platform: str | None = None  # plain CSV: of every row


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, its name in messages, the test that recognises it, and its reader."""

    name: str
    title: str
    kinds: frozenset[str]  # what `matches` is given: a JSON value, or the column names of a CSV file
    matches: Callable[[Any], bool]
    read: Callable[[Path, Hints], Numbered[Post | Exposure]]
    version: int = 1  # rises when the same file would give different posts


def _read_donation(path: Path, hints: Hints) -> Numbered[Exposure]:
    if not hints.donor:
        raise UserError(f"{path} is a data donation: name a code for its donor, which never shows who it is")
    return donation.read_donation(path, hints.donor)


#: In the order in which they are tried: CSV files with our column names come last.
FORMATS = (
    Format(
        zeeschuimer.ZEESCHUIMER, "Zeeschuimer NDJSON (TikTok, Instagram)", JSON,
        zeeschuimer.is_zeeschuimer, lambda path, _: zeeschuimer.read_zeeschuimer(path), 3,
    ),
    Format(
        zeeschuimer.FOURCAT, "4CAT NDJSON (TikTok, Instagram)", JSON,
        zeeschuimer.is_fourcat, lambda path, _: zeeschuimer.read_fourcat(path), 3,
    ),
    Format(
        info_json.INFO_JSON, "yt-dlp .info.json (a folder of them, or one)", JSON,
        info_json.is_info, lambda path, _: info_json.read_info(path), 3,
    ),
    Format(
        youtube.DATA_API, "YouTube Data API JSON", JSON,
        youtube.is_data_api, lambda path, _: youtube.read_data_api(path), 3,
    ),
    Format(
        tiktok.RESEARCH_API, "TikTok Research API JSON", JSON,
        tiktok.is_research, lambda path, _: tiktok.read_research(path),
    ),
    Format(
        tiktok.PAGE_RECORDS, "records of TikTok's pages as JSON (TikTok-Api, pyktok)", JSON,
        tiktok.is_page_record, lambda path, _: tiktok.read_page_records(path),
    ),
    Format(
        apify.TIKTOK, "Apify's and drawrowfly's scrapers of TikTok (JSON, CSV)", JSON_OR_CSV,
        apify.is_tiktok, lambda path, _: apify.read_tiktok(path),
    ),
    Format(
        apify.INSTAGRAM, "Apify's scrapers of Instagram (JSON, CSV)", JSON_OR_CSV,
        apify.is_instagram, lambda path, _: apify.read_instagram(path),
    ),
    Format(DONATION, "TikTok data donation JSON", JSON, donation.is_donation, _read_donation),
    Format(
        fourcat.INSTAGRAM, "4CAT CSV of Instagram", CSV,
        fourcat.is_instagram, lambda path, _: fourcat.read_instagram(path), 2,
    ),
    Format(
        fourcat.TIKTOK, "4CAT CSV of TikTok", CSV,
        fourcat.is_tiktok, lambda path, _: fourcat.read_tiktok(path), 2,
    ),
    Format(
        youtube.DATA_TOOLS, "YouTube Data Tools CSV", CSV,
        youtube.is_data_tools, lambda path, _: youtube.read_data_tools(path), 3,
    ),
    Format(
        plain_csv.CSV, "plain CSV (a column `url`, or `platform` and `id`; or a column mapping)", CSV,
        plain_csv.is_plain, lambda path, hints: plain_csv.read_plain(path, hints.columns, hints.platform), 2,
    ),
)  # fmt: skip
BY_NAME = {known.name: known for known in FORMATS}


def detect(path: Path, hints: Hints | None = None) -> Format:
    """The format of a file or folder by its content, never by its name; `UserError` names the formats if none fits."""
    if path.is_dir():
        if info_json.info_files(path):
            return BY_NAME[info_json.INFO_JSON]
        raise UserError(f"the folder {path} holds no .info.json file: name one file to import")
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    values = records.first_json(path)
    if not values and hints is not None and (hints.columns or hints.platform):
        return BY_NAME[plain_csv.CSV]
    kind, subjects = ("json", values) if values else ("csv", [records.header(path)])
    fitting = (known for known in FORMATS if kind in known.kinds and any(map(known.matches, subjects)))
    found = next(fitting, None)
    if found is None:
        titles = "; ".join(known.title for known in FORMATS)
        raise UserError(f"{path} is in no format that can be imported. There are: {titles}")
    return found


def read(path: Path, hints: Hints | None = None) -> ImportResult:
    """Everything that a file or folder holds; `UserError` where it cannot be read as a whole."""
    hints = hints or Hints()
    known = detect(path, hints)
    if hints.columns and known.name != plain_csv.CSV:
        raise UserError(f"{path} is {known.title}: only the columns of a plain CSV file can be mapped")
    posts: list[NumberedPost] = []
    exposures: list[Exposure] = []
    rejects: list[Reject] = []
    for number, found in known.read(path, hints):
        if isinstance(found, Rejected):
            rejects.append(Reject(number, str(found)))
        elif isinstance(found, Exposure):
            exposures.append(dataclasses.replace(found, number=number))
        else:
            posts.append(NumberedPost(number, found))
    return ImportResult(
        path=path,
        sha256=digest(path),
        format=known.name,
        version=known.version,
        unit=_unit(path, known),
        posts=tuple(posts),
        exposures=tuple(exposures),
        rejects=tuple(rejects),
        donor=hints.donor if known.name == DONATION else None,
    )


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder, that of the names and digests of its descriptions."""
    if path.is_dir():
        lines = (f"{file.relative_to(path).as_posix()} {digest(file)}\n" for file in info_json.info_files(path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    return sha256_of(path)


def _unit(path: Path, known: Format) -> str:
    if path.is_dir():
        return "file"
    by_line = not records.holds_json(path) or (known.name != DONATION and records.is_by_line(path))
    return "line" if by_line else "record"
