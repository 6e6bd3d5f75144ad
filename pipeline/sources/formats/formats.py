"""The formats that can be imported, how each is recognised by its content, and the reading of a file."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.records.post import Post
from pipeline.sources.formats import (
    apify,
    crowdtangle,
    donation,
    donation_txt,
    fourcat,
    gallery_dl,
    info_json,
    instagram_download,
    instagram_graph_api,
    instaloader,
    mediacrawler,
    plain_csv,
    port_tables,
    records,
    tiktok,
    tiktok_tables,
    youtube,
    youtube_takeout,
    zeeschuimer,
)
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.records import Numbered
from pipeline.sources.formats.result import Exposure, ImportResult, NumberedPost, Reject
from pipeline.sources.formats.rounded_ids import without_rounded
from pipeline.sources.formats.unpack import Member, text_files, unpacked
from pipeline.sources.formats.values import Rejected
from pipeline.study.files import sha256_of

DONATION = "tiktok_donation"
#: What tells a format: a JSON value, the columns of a table, or the name of a file with its value or its beginning.
JSON, CSV, NAMED_JSON, TEXT = (frozenset({kind}) for kind in ("json", "csv", "named json", "text"))
JSON_OR_CSV = JSON | CSV


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, its name in messages, the test that recognises it, and its reader."""

    name: str
    title: str
    kinds: frozenset[str]  # what `matches` is given: a JSON value, the column names of a CSV file, or with a name
    matches: Callable[[Any], bool]
    read: Callable[[Path, Hints], Numbered[Post | Exposure]]
    version: int = 1  # rises when the same file would give different posts
    is_donation: bool = False  # whether it says what a person saw, so that a code for them is needed


def _donated(read: Callable[[Path, str], Numbered[Exposure]]) -> Callable[[Path, Hints], Numbered[Exposure]]:
    """A reader of donations, which need a code for their donor."""

    def read_donated(path: Path, hints: Hints) -> Numbered[Exposure]:
        if not hints.donor:
            raise UserError(f"{path} is a data donation: name a code for its donor, which never shows who it is")
        return read(path, hints.donor)

    return read_donated


#: In the order in which they are tried: CSV files with our column names come last.
FORMATS = (
    Format(
        zeeschuimer.ZEESCHUIMER, "Zeeschuimer NDJSON (TikTok, Instagram, Threads, Douyin, RedNote, X)", JSON,
        zeeschuimer.is_zeeschuimer, lambda path, _: zeeschuimer.read_zeeschuimer(path), 4,
    ),
    Format(
        zeeschuimer.FOURCAT, "4CAT NDJSON (TikTok, Instagram, Threads, Douyin, RedNote, X)", JSON,
        zeeschuimer.is_fourcat, lambda path, _: zeeschuimer.read_fourcat(path), 4,
    ),
    Format(
        info_json.INFO_JSON, "yt-dlp .info.json (a folder of them, one, or a playlist)", JSON,
        info_json.is_info, lambda path, _: info_json.read_info(path), 4,
    ),
    Format(
        youtube.DATA_API, "YouTube Data API JSON", JSON,
        youtube.is_data_api, lambda path, _: youtube.read_data_api(path), 4,
    ),
    Format(
        tiktok.RESEARCH_API, "TikTok Research API JSON, or a table of it (ResearchTikPy, traktok)", JSON_OR_CSV,
        tiktok.is_research, lambda path, _: tiktok.read_research(path), 2,
    ),
    Format(
        instaloader.INSTALOADER, "instaloader's JSON beside its pictures and videos", JSON,
        instaloader.is_instaloader, lambda path, _: instaloader.read_instaloader(path),
    ),
    Format(
        gallery_dl.GALLERY_DL, "gallery-dl's JSON beside its files (TikTok, Instagram)", JSON,
        gallery_dl.is_gallery_dl, lambda path, _: gallery_dl.read_gallery_dl(path),
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
    Format(
        crowdtangle.CROWDTANGLE, "CrowdTangle (CSV, JSON)", JSON_OR_CSV,
        crowdtangle.is_crowdtangle, lambda path, _: crowdtangle.read_crowdtangle(path),
    ),
    Format(
        instagram_graph_api.GRAPH_API, "Instagram media of Meta's Graph API", JSON,
        instagram_graph_api.is_graph_api, lambda path, _: instagram_graph_api.read_graph_api(path),
    ),
    Format(
        mediacrawler.MEDIACRAWLER, "MediaCrawler (Douyin, Bilibili, RedNote)", JSON_OR_CSV,
        mediacrawler.is_mediacrawler, lambda path, _: mediacrawler.read_mediacrawler(path),
    ),
    Format(
        DONATION, "TikTok data donation JSON", JSON,
        donation.is_donation, _donated(donation.read_donation), 2, is_donation=True,
    ),
    Format(
        donation_txt.DONATION_TXT, "TikTok data donation as text files", TEXT,
        donation_txt.is_donation_txt, _donated(donation_txt.read_donation_txt), is_donation=True,
    ),
    Format(
        port_tables.PORT_TABLES, "tables of the donation tools Port and D3I", JSON,
        port_tables.is_port, _donated(port_tables.read_port), is_donation=True,
    ),
    Format(
        instagram_download.DOWNLOAD, "Instagram data donation (liked_posts.json, saved_posts.json)", NAMED_JSON,
        instagram_download.is_download, _donated(instagram_download.read_download), is_donation=True,
    ),
    Format(
        youtube_takeout.TAKEOUT, "YouTube data donation (watch-history.json)", JSON,
        youtube_takeout.is_takeout, _donated(youtube_takeout.read_takeout), is_donation=True,
    ),
    Format(
        youtube_takeout.TAKEOUT_PAGE, "YouTube data donation (watch-history.html)", TEXT,
        youtube_takeout.is_takeout_page, _donated(youtube_takeout.read_takeout_page), is_donation=True,
    ),
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
        tiktok_tables.TABLES, "tables of TikTok's pages by pyktok or traktok", CSV,
        tiktok_tables.is_table, lambda path, _: tiktok_tables.read_table(path),
    ),
    Format(
        plain_csv.CSV, "plain CSV (a column `url`, or `platform` and `id`; or a column mapping)", CSV,
        plain_csv.is_plain, plain_csv.read_plain, 3,
    ),
)  # fmt: skip
BY_NAME = {known.name: known for known in FORMATS}


def detect(path: Path, hints: Hints | None = None) -> Format:
    """The format of a file or folder by its content, never by its name; `UserError` names the formats if none fits."""
    with _members(path) as members:
        return _choose(path, members, hints or Hints())[0]


def read(path: Path, hints: Hints | None = None) -> ImportResult:
    """Everything that a file or folder holds; `UserError` where it cannot be read as a whole.

    Of a packed file or a folder, the parts of one format are read, and those of others are rejects.
    """
    hints = hints or Hints()
    posts: list[NumberedPost] = []
    exposures: list[Exposure] = []
    with _members(path) as members:
        known, chosen, rejects = _choose(path, members, hints)
        if hints.columns and known.name != plain_csv.CSV:
            raise UserError(f"{path} is {known.title}: only the columns of a plain CSV file can be mapped")
        for number, found in _numbered(known, path, chosen, hints):
            if isinstance(found, Rejected):
                rejects.append(Reject(number, str(found)))
            elif isinstance(found, Exposure):
                exposures.append(dataclasses.replace(found, number=number))
            else:
                posts.append(NumberedPost(number, found))
        unit = _unit(chosen, known)
        columns = plain_csv.columns_of(chosen[0].path, hints) if known.name == plain_csv.CSV else None
    posts, rounded = without_rounded(posts)
    return ImportResult(
        path=path,
        sha256=digest(path),
        format=known.name,
        version=known.version,
        unit=unit,
        posts=tuple(posts),
        exposures=tuple(exposures),
        rejects=tuple(sorted((*rejects, *rounded), key=lambda reject: reject.number)),
        columns=columns,
        donor=hints.donor if known.is_donation else None,
    )


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder, that of the names and digests of its descriptions, or of all its text."""
    if path.is_dir():
        files = info_json.info_files(path) or text_files(path)
        lines = (f"{file.relative_to(path).as_posix()} {digest(file)}\n" for file in files)
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
    return sha256_of(path)


@contextmanager
def _members(path: Path) -> Iterator[list[Member]]:
    """The plain files of a file or folder; a folder of yt-dlp's descriptions is read as one."""
    if not path.exists():
        raise UserError(f"there is no file {path}")
    if path.is_dir() and info_json.info_files(path):
        yield [Member(path)]
        return
    with unpacked(path) as members:
        yield members


def _choose(path: Path, members: Sequence[Member], hints: Hints) -> tuple[Format, list[Member], list[Reject]]:
    """The first format that a part is in, the parts in that format, and a reject for each in another, or damaged."""
    found: list[tuple[Member, Format | str | None]] = []
    for member in members:
        try:
            found.append((member, _format_of(member.path, hints)))
        except UserError as error:
            if len(members) == 1:
                raise _renamed(error, member, path) from error
            found.append((member, str(_renamed(error, member, path))))
    formats = [known for _, known in found if isinstance(known, Format)]
    if not formats:
        titles = "; ".join(known.title for known in FORMATS)
        raise UserError(f"{path} is in no format that can be imported. There are: {titles}")
    first = min(formats, key=FORMATS.index)
    rejects = [
        Reject(1, f"{member.name} is {known.title}: import it on its own" if isinstance(known, Format) else known)
        for member, known in found
        if known not in (first, None)
    ]
    return first, [member for member, known in found if known == first], rejects


def _format_of(path: Path, hints: Hints) -> Format | None:
    if path.is_dir():
        return BY_NAME[info_json.INFO_JSON]
    values = records.first_json(path)
    if not values and (hints.columns or hints.platform):
        return BY_NAME[plain_csv.CSV]
    if values:
        subjects: dict[str, Sequence[object]] = {"json": values, "named json": [(path.name, value) for value in values]}
    else:
        subjects = {"text": [(path.name, records.beginning(path))], "csv": [records.header(path, hints.encoding)]}
    fitting = (
        known for known in FORMATS if any(known.matches(one) for kind in known.kinds for one in subjects.get(kind, ()))
    )
    return next(fitting, None)


def _numbered(known: Format, path: Path, members: Sequence[Member], hints: Hints) -> Numbered[Post | Exposure]:
    """What the parts hold: numbered as each reader does it if there is one part, else counted through all of them."""
    position = count(1)
    for member in members:
        try:
            for number, found in known.read(member.path, hints):
                named = len(members) > 1 and isinstance(found, Rejected) and not known.is_donation
                stated = Rejected(f"{member.name}: {found}") if named else found
                yield number if _is_as_it_lies(members) else next(position), stated
        except UserError as error:
            raise _renamed(error, member, path) from error


def _is_as_it_lies(members: Sequence[Member]) -> bool:
    return len(members) == 1 and not members[0].is_converted


def _renamed(error: UserError, member: Member, path: Path) -> UserError:
    """The message with the place that the user knows instead of a temporary one."""
    return UserError(str(error).replace(str(member.path), f"{member.name} in {path}" if member.name else str(path)))


def _unit(members: Sequence[Member], known: Format) -> str:
    if not _is_as_it_lies(members):
        return "record"
    path = members[0].path
    if path.is_dir():
        return "file"
    if known.is_donation:
        return "record"
    by_line = records.is_by_line(path) or not records.holds_json(path)
    return "line" if by_line else "record"
