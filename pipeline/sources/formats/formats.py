"""The formats that can be imported, how each is recognised by its content, and its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    tiktok,
    tiktok_tables,
    youtube,
    youtube_takeout,
    zeeschuimer,
)
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered

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
        zeeschuimer.ZEESCHUIMER, "Zeeschuimer NDJSON (TikTok, Instagram, Threads, Douyin, RedNote, X, Facebook)", JSON,
        zeeschuimer.is_zeeschuimer, lambda path, _: zeeschuimer.read_zeeschuimer(path), 6,
    ),
    Format(
        zeeschuimer.FOURCAT, "4CAT NDJSON (TikTok, Instagram, Threads, Douyin, RedNote, X, Facebook)", JSON,
        zeeschuimer.is_fourcat, lambda path, _: zeeschuimer.read_fourcat(path), 6,
    ),
    Format(
        info_json.INFO_JSON, "yt-dlp .info.json (a folder of them, one, or a playlist)", JSON,
        info_json.is_info, lambda path, _: info_json.read_info(path), 5,
    ),
    Format(
        youtube.DATA_API, "YouTube Data API JSON", JSON,
        youtube.is_data_api, lambda path, _: youtube.read_data_api(path), 5,
    ),
    Format(
        tiktok.RESEARCH_API, "TikTok Research API JSON, or a table of it (ResearchTikPy, traktok)", JSON_OR_CSV,
        tiktok.is_research, lambda path, _: tiktok.read_research(path), 3,
    ),
    Format(
        instaloader.INSTALOADER, "instaloader's JSON beside its pictures and videos", JSON,
        instaloader.is_instaloader, lambda path, _: instaloader.read_instaloader(path), 2,
    ),
    Format(
        gallery_dl.GALLERY_DL, "gallery-dl's JSON beside its files (TikTok, Instagram)", JSON,
        gallery_dl.is_gallery_dl, lambda path, _: gallery_dl.read_gallery_dl(path), 2,
    ),
    Format(
        tiktok.PAGE_RECORDS, "records of TikTok's pages as JSON (TikTok-Api, pyktok)", JSON,
        tiktok.is_page_record, lambda path, _: tiktok.read_page_records(path), 2,
    ),
    Format(
        apify.TIKTOK, "Apify's and drawrowfly's scrapers of TikTok (JSON, CSV)", JSON_OR_CSV,
        apify.is_tiktok, lambda path, _: apify.read_tiktok(path), 2,
    ),
    Format(
        apify.INSTAGRAM, "Apify's scrapers of Instagram (JSON, CSV)", JSON_OR_CSV,
        apify.is_instagram, lambda path, _: apify.read_instagram(path), 2,
    ),
    Format(
        crowdtangle.CROWDTANGLE, "CrowdTangle (CSV, JSON)", JSON_OR_CSV,
        crowdtangle.is_crowdtangle, lambda path, _: crowdtangle.read_crowdtangle(path), 3,
    ),
    Format(
        instagram_graph_api.GRAPH_API, "Instagram media of Meta's Graph API", JSON,
        instagram_graph_api.is_graph_api, lambda path, _: instagram_graph_api.read_graph_api(path), 2,
    ),
    Format(
        mediacrawler.MEDIACRAWLER, "MediaCrawler (Douyin, Bilibili, RedNote)", JSON_OR_CSV,
        mediacrawler.is_mediacrawler, lambda path, _: mediacrawler.read_mediacrawler(path), 2,
    ),
    Format(
        DONATION, "TikTok data donation JSON", JSON,
        donation.is_donation, _donated(donation.read_donation), 3, is_donation=True,
    ),
    Format(
        donation_txt.DONATION_TXT, "TikTok data donation as text files", TEXT,
        donation_txt.is_donation_txt, _donated(donation_txt.read_donation_txt), 2, is_donation=True,
    ),
    Format(
        port_tables.PORT_TABLES, "tables of the donation tools Port and D3I", JSON,
        port_tables.is_port, _donated(port_tables.read_port), 2, is_donation=True,
    ),
    Format(
        instagram_download.DOWNLOAD, "Instagram data donation (liked_posts.json, saved_posts.json)", NAMED_JSON,
        instagram_download.is_download, _donated(instagram_download.read_download), 2, is_donation=True,
    ),
    Format(
        youtube_takeout.TAKEOUT, "YouTube data donation (watch-history.json)", JSON,
        youtube_takeout.is_takeout, _donated(youtube_takeout.read_takeout), 2, is_donation=True,
    ),
    Format(
        youtube_takeout.TAKEOUT_PAGE, "YouTube data donation (watch-history.html)", TEXT,
        youtube_takeout.is_takeout_page, _donated(youtube_takeout.read_takeout_page), 2, is_donation=True,
    ),
    Format(
        fourcat.INSTAGRAM, "4CAT CSV of Instagram", CSV,
        fourcat.is_instagram, lambda path, _: fourcat.read_instagram(path), 3,
    ),
    Format(
        fourcat.TIKTOK, "4CAT CSV of TikTok", CSV,
        fourcat.is_tiktok, lambda path, _: fourcat.read_tiktok(path), 3,
    ),
    Format(
        youtube.DATA_TOOLS, "YouTube Data Tools CSV", CSV,
        youtube.is_data_tools, lambda path, _: youtube.read_data_tools(path), 4,
    ),
    Format(
        tiktok_tables.TABLES, "tables of TikTok's pages by pyktok or traktok", CSV,
        tiktok_tables.is_table, lambda path, _: tiktok_tables.read_table(path), 2,
    ),
    Format(
        plain_csv.CSV, "plain CSV (a column `url`, or `platform` and `id`; or a column mapping)", CSV,
        plain_csv.is_plain, plain_csv.read_plain, 4,
    ),
)  # fmt: skip
BY_NAME = {known.name: known for known in FORMATS}


def formats_by_kind() -> str:
    """The formats as a message lists them: a line for each kind, without what stands in brackets."""
    kinds: dict[str, list[str]] = {"exports of tools": [], "data donations": [], "tables": []}
    for known in FORMATS:
        kind = "data donations" if known.is_donation else "tables" if known.kinds == CSV else "exports of tools"
        kinds[kind].append(known.title.partition(" (")[0])
    lines = (f"  {kind}: {'; '.join(dict.fromkeys(titles))}" for kind, titles in kinds.items())
    return "\n".join(("What can be imported:", *lines))
