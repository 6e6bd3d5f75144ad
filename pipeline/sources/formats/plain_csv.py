"""A table of the researcher's own or of another tool, with our column names, other names for them, or a mapping."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import UserError
from pipeline.records.post import COUNTS, Note, Post
from pipeline.sources.formats.columns import COLUMNS, NAMES_ADVICE, ColumnChoice, choose_columns, holds_values
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.notes import Rejected, leave_out, note
from pipeline.sources.formats.result import known_post, post_url, unresolved_id
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records, header
from pipeline.sources.formats.values import (
    counts,
    decoded,
    identifier,
    language,
    moment,
    other_identifier,
    seconds,
    shown,
    text,
)
from pipeline.sources.formats.written_times import EITHER_WAY, DayOrder, states_clock
from pipeline.sources.post_urls import NamedByUrl, read_url, with_scheme

CSV = "csv"
#: What a handle may look like; anything else in a column of authors is a shown name.
HANDLE = re.compile(r"@?[\w.·-]{1,100}")
#: Other names of platforms, in lower case.
PLATFORM_NAMES = {
    **dict.fromkeys(("tt", "tik tok", "tik-tok", "tiktok.com", "www.tiktok.com"), "tiktok"),
    **dict.fromkeys(("ig", "insta", "instagram reels", "instagram.com", "www.instagram.com"), "instagram"),
    **dict.fromkeys(("yt", "shorts", "youtube shorts", "youtube.com", "www.youtube.com", "youtu.be"), "youtube"),
}
TIMES = ("posted_at", "counted_at")
SEARCHED_ROWS = 1_000  # for times of which day and month could stand either way
DATE_ADVICE = ": say how dates are written, with --date-format or date_format in a study file"
NO_PLATFORM = "the row has no platform: name it with --platform, or platform in a study file"
SHOWN_NAME = "left out: `author` is no handle but a shown name"
URL_WINS = "the URL is believed"


def is_plain(names: Collection[str]) -> bool:
    """True for a file with enough of our column names, or of other names for them, to identify a post."""
    used = choose_columns(tuple(names)).used
    return "url" in used or {"platform", "id"} <= used.keys()


def columns_of(path: Path, hints: Hints) -> ColumnChoice:
    """Which columns of a file are taken for which of ours; `UserError` where the mapping does not fit the file."""
    names, mapping = header(path), hints.columns
    unknown, absent = sorted(mapping.keys() - set(COLUMNS)), sorted(set(mapping.values()) - set(names))
    if holds_values(names):
        raise UserError(f"{path} has no names of columns: {NAMES_ADVICE}")
    if unknown:
        raise UserError(f"unknown columns in the mapping: {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
    if absent:
        raise UserError(f"{path} has no column {', '.join(absent)}; it has {', '.join(names)}")
    choice = choose_columns(names, mapping)
    if "url" not in choice.used and ("id" not in choice.used or not (hints.platform or "platform" in choice.used)):
        raise UserError(f"the mapping for {path} has to name a column for `url`, or for `id` and `platform`")
    return choice


def read_plain(path: Path, hints: Hints) -> Numbered[Post]:
    """The posts of a file; raises `UserError` where the mapping of columns does not fit it."""
    used = columns_of(path, hints).used
    orders = {} if hints.date_format else _day_orders(path, used)
    rows = csv_records(path, used=frozenset(used.values()))
    return mapped(rows, lambda row: _csv_post({ours: row[theirs] for ours, theirs in used.items()}, hints, orders))


def _day_orders(path: Path, used: Mapping[str, str]) -> Mapping[str, bool]:
    """Of our columns of times, whether the day stands first, where their cells show it."""
    orders = {ours: DayOrder() for ours in TIMES if ours in used}
    for number, (_, row) in enumerate(csv_records(path, used=())):
        if number == SEARCHED_ROWS and not any(order.is_open for order in orders.values()):
            break
        if not isinstance(row, Rejected):
            for ours, order in orders.items():
                order.add(row[used[ours]])
    return {ours: order.day_first for ours, order in orders.items() if order.day_first is not None}


def _csv_post(cells: Mapping[str, str], hints: Hints, orders: Mapping[str, bool]) -> Post:
    place = cells.get("platform", "").strip() or hints.platform or ""
    post = stated_post({**cells, "platform": place}, hints.date_format, orders)
    if post.platform == "url" and post.post_id == unresolved_id(post.url or ""):
        return post  # a short link
    if post.url and not (post.platform and post.post_id):
        raise Rejected("the URL shows no post of TikTok, Instagram or YouTube, and the row names none")
    if not post.post_id:
        raise Rejected("the row has no URL and no id" if "url" in cells else "the row has no id")
    if not post.platform:
        raise Rejected(NO_PLATFORM)
    return known_post(post)


def stated_post(
    row: Mapping[str, str], date_format: str | None = None, orders: Mapping[str, bool] = MappingProxyType({})
) -> Post:
    """What a row under our column names states, even if it identifies no post; `Rejected` names a wrong cell.

    `orders` tells of columns of times whether the day stands before the month.
    A post that only a short link leads to has the platform `url`. Where id, platform or author contradict the URL, the
    URL is believed, and a note says so.
    """
    url = _url_cell(row)
    named = read_url(url) if url else None
    post_id, id_note = _id_cell(row.get("id"), named)
    place, posted = text(row.get("platform")), row.get("posted_at") or ""
    posted_at = _time_cell(posted, "posted_at", date_format, orders)
    author, author_note = _handle(text(row.get("author")))
    post = Post(
        source=CSV,
        platform=PLATFORM_NAMES.get(place.lower(), place.lower()) if place else None,
        post_id=post_id,
        url=url,
        caption=decoded(row.get("caption")),
        author=author,
        author_id=other_identifier(row.get("author_id"), "author_id"),
        posted_at=posted_at,
        posted_precision=("second" if states_clock(posted, date_format) else "day") if posted_at else None,
        duration_s=seconds(row.get("duration_s"), "duration_s"),
        language=language(row.get("language"), "language"),
        sound_id=other_identifier(row.get("sound_id"), "sound_id"),
        sound_title=decoded(row.get("sound_title")),
        sound_artist=decoded(row.get("sound_artist")),
        counted_at=_time_cell(row.get("counted_at"), "counted_at", date_format, orders),
        counts=counts({name: row.get(name) for name in COUNTS}),
        notes=(*id_note, *author_note),
    )
    return post if named is None else _believing_url(post, named)


def _url_cell(row: Mapping[str, str]) -> str | None:
    """The URL of a row; one that is none costs a row without an id the row, and else is left out."""
    written = text(row.get("url"))
    if written is None:
        return None
    url = written if read_url(written) is None else with_scheme(written)
    if url.startswith(("https://", "http://")):
        return url
    rejected = Rejected("`url` is not a URL that starts with https://", shown(url))
    if text(row.get("id")) is None:
        raise rejected
    leave_out(rejected)
    return None


def _id_cell(written: str | None, named: NamedByUrl | None) -> tuple[str | None, tuple[Note, ...]]:
    """The id of a row; one that was cut or rounded is not missed beside a URL that shows it."""
    try:
        return identifier(written, "id"), ()
    except Rejected as rejected:
        if named is None or named.kind != "post":
            raise
        return None, (Note(f"{rejected.note.reason}; {URL_WINS}", rejected.note.example),)


def _handle(written: str | None) -> tuple[str | None, tuple[Note, ...]]:
    """A handle, and a note where the cell holds a shown name instead."""
    if written is None or HANDLE.fullmatch(written):
        return written, ()
    return None, (Note(SHOWN_NAME),)


def _believing_url(post: Post, named: NamedByUrl) -> Post:
    """A post with what its URL names in place of what the row says otherwise."""
    if named.kind == "short link" and not post.post_id:
        return dataclasses.replace(post, platform="url", post_id=unresolved_id(post.url or ""))
    if named.kind != "post" or named.name is None:
        if not (post.platform and post.post_id):
            raise Rejected(named.sentence)
        url, note = post_url(post.platform, post.post_id), Note(f"{named.sentence}: `id` is believed")
        return dataclasses.replace(post, url=url, notes=(*post.notes, note))
    notes = list(post.notes)
    if post.post_id and post.post_id != named.name and not _same_media(post.post_id, named):
        notes.append(Note(f"`id` differs from the URL: {URL_WINS}", f"{shown(post.post_id)} and {named.name}"))
    if post.platform and post.platform != named.platform:
        notes.append(Note(f"`platform` is not that of the URL: {URL_WINS}", shown(post.platform)))
    author = post.author
    if named.account and author and author.removeprefix("@").lower() != named.account.lower():
        notes.append(Note(f"`author` is not the account in the URL: {URL_WINS}"))
        author = named.account
    return dataclasses.replace(
        post,
        platform=named.platform,
        post_id=named.name,
        url=post_url(named.platform, named.name),
        author=author or named.account,
        media_type=named.media_type,
        notes=tuple(notes),
    )


def _same_media(post_id: str, named: NamedByUrl) -> bool:
    """Whether an id is another way to write that of the URL: Instagram's number of the media."""
    written = read_url(f"https://www.instagram.com/p/{post_id}/") if named.platform == "instagram" else None
    return written is not None and written.name == named.name


def _time_cell(written: str | None, name: str, date_format: str | None, orders: Mapping[str, bool]) -> datetime | None:
    """A time; where day and month could stand either way, in the order that the rest of the column shows."""
    order = orders.get(name)
    found = moment(written, name, date_format, DATE_ADVICE, day_first=order)
    if found is not None and order is not None and EITHER_WAY.fullmatch(" ".join((written or "").split())):
        first = "day" if order else "month"
        note(f"`{name}` is read with the {first} first, as other cells of the column show", shown(written))
    return found
