"""A TikTok data donation as JSON: which videos the donor watched, liked, saved and passed on. Nothing else is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.sources.formats.exposures import exposure, post_behind
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import document, inside
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered, mapped

ROOTS = ("Your Activity", "Activity")

#: Kinds of exposure with the paths of their lists, whose names changed over the years.
LISTS = {
    "watched": (("Watch History", "VideoList"), ("Video Browsing History", "VideoList")),
    "liked": (("Like List", "ItemFavoriteList"), ("Likes and Favorites", "Like List", "ItemFavoriteList")),
    "saved": (
        ("Favorite Videos", "FavoriteVideoList"),
        ("Likes and Favorites", "Favorite Videos", "FavoriteVideoList"),
    ),
    "reposted": (("Reposts", "RepostList"), ("Reposts", "RepostsList"), ("Reposts", "VideoList")),
    "shared": (("Share History", "ShareHistoryList"),),
    "commented": (("Comment", "Comments", "CommentsList"),),
    "posted": (("Video", "Videos", "VideoList"), ("Post", "Posts", "VideoList")),
}
#: Lists of which many rows name no video: comments hardly ever do, and accounts and sounds are shared too.
PARTLY = frozenset({"shared", "commented", "posted"})
#: What else stands under these roots: a donor may leave out every list of videos.
OTHER_SECTIONS = frozenset({"Searches", "Login History", "Following", "Follower", "Hashtag"})
DATES = ("Date", "date")
LINKS = ("Link", "link", "VideoLink", "Url", "url", "originalPostUrl")


def is_donation(value: object) -> bool:
    """True for the file that TikTok gives a user who asks for their data."""
    if not isinstance(value, dict):
        return False
    beside = {names[0] for kind in ("watched", "liked", "saved") for names in LISTS[kind]}
    sections = OTHER_SECTIONS.union(names[0] for places in LISTS.values() for names in places)
    roots = [root for root in map(value.get, ROOTS) if isinstance(root, dict)]
    return not beside.isdisjoint(value) or any(not sections.isdisjoint(root) for root in roots)


def read_donation(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of a donor, by kind in the order of `LISTS`; the number is the position among all their rows."""
    whole = document(path)
    rows = enumerate(_exposure_rows(whole if isinstance(whole, dict) else {}), start=1)
    return mapped(rows, lambda row: exposure(donor, row[0], _first(row[1], LINKS), _first(row[1], DATES)))


def _exposure_lists(whole: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Each list of videos with its kind of exposure."""
    for kind, places in LISTS.items():
        for root in (*(whole.get(name) for name in ROOTS), whole):  # in some years likes stand beside the root
            for names in places:
                place = inside(root, *names)
                if place is not None:  # TikTok writes null for a list without entries
                    yield kind, place


def _exposure_rows(whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]] | Rejected]:
    for kind, rows in _exposure_lists(whole):
        if not isinstance(rows, list):
            yield Rejected(f"the list of {kind} videos is no list")
            continue
        for row in rows:
            if not isinstance(row, dict):
                yield Rejected(f"a {kind} row is no object")
            elif kind not in PARTLY or post_behind(_first(row, LINKS)):
                yield kind, row


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if name in row), None)
