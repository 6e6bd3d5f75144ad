"""A TikTok data donation: which videos the donor watched, liked and saved. Nothing else in the file is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.sources.formats.records import Numbered, document, inside, mapped
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.values import Rejected, moment, text

ROOTS = ("Your Activity", "Activity")

#: Kinds of exposure with the paths of their lists, whose names changed over the years.
LISTS = {
    "watched": (("Watch History", "VideoList"), ("Video Browsing History", "VideoList")),
    "liked": (("Like List", "ItemFavoriteList"), ("Likes and Favorites", "Like List", "ItemFavoriteList")),
    "saved": (
        ("Favorite Videos", "FavoriteVideoList"),
        ("Likes and Favorites", "Favorite Videos", "FavoriteVideoList"),
    ),
}
#: What else stands under these roots: a donor may leave out every list of videos.
OTHER_SECTIONS = frozenset(
    {"Searches", "Login History", "Share History", "Reposts", "Following", "Follower", "Hashtag"}
)
DATES = ("Date", "date")
LINKS = ("Link", "link", "VideoLink")
VIDEO_LINK = re.compile(r"https?://(?:[\w-]+\.)*tiktokv?\.com/(?:share|@[^/]*)/video/(\d{1,20})(?:[/?#].*)?")


def is_donation(value: object) -> bool:
    """True for the file that TikTok gives a user who asks for their data."""
    if not isinstance(value, dict):
        return False
    named = {names[0] for places in LISTS.values() for names in places}
    roots = [root for root in map(value.get, ROOTS) if isinstance(root, dict)]
    return not named.isdisjoint(value) or any(not (named | OTHER_SECTIONS).isdisjoint(root) for root in roots)


def read_donation(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of a donor, watched before liked before saved; the number is the position among them all."""
    whole = document(path)
    rows = enumerate(_exposure_rows(whole if isinstance(whole, dict) else {}), start=1)
    return mapped(rows, lambda row: _exposure(row, donor))


def _exposure_lists(whole: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Each list of videos with its kind of exposure."""
    for kind, places in LISTS.items():
        for root in _roots(whole):
            for names in places:
                place = inside(root, *names)
                if place is not None:  # TikTok writes null for a list without entries
                    yield kind, place


def _roots(whole: Mapping[str, Any]) -> tuple[object, ...]:
    return *(whole.get(name) for name in ROOTS), whole  # in some years likes stand beside the root


def _exposure_rows(whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]] | Rejected]:
    for kind, rows in _exposure_lists(whole):
        if not isinstance(rows, list):
            yield Rejected(f"the list of {kind} videos is no list")
            continue
        for row in rows:
            yield (kind, row) if isinstance(row, dict) else Rejected(f"a {kind} row is no object")


def _exposure(row: tuple[str, Mapping[str, Any]], donor: str) -> Exposure:
    kind, record = row
    link = text(next((record[name] for name in LINKS if name in record), None))
    found = VIDEO_LINK.fullmatch(link or "")
    if found is None:  # the message leaves out the link, which is the donor's
        raise Rejected(f"a {kind} row has no link to a video")
    seen_at = moment(next((record[name] for name in DATES if name in record), None), "Date")
    return Exposure(donor=donor, kind=kind, platform="tiktok", post_id=found[1], seen_at=seen_at)
