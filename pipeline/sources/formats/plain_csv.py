"""A table of the researcher's own or of another tool, with our column names, other names for them, or a mapping."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records.post import COUNTS, Post
from pipeline.sources.formats.columns import COLUMNS, ColumnChoice, choose_columns
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.records import Numbered, csv_records, header, mapped
from pipeline.sources.formats.result import known_post, post_url, unresolved_id
from pipeline.sources.formats.values import Rejected, counts, epoch, identifier, language, moment, seconds, shown, text
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
DAY = re.compile(r"\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
EPOCH = re.compile(r"\d{9,11}(?:\.\d*)?|\d{12,14}", re.ASCII)
EPOCH_DIGITS = 11  # of seconds at most; more are milliseconds


def is_plain(names: Collection[str]) -> bool:
    """True for a file with enough of our column names, or of other names for them, to identify a post."""
    used = choose_columns(tuple(names)).used
    return "url" in used or {"platform", "id"} <= used.keys()


def columns_of(path: Path, hints: Hints) -> ColumnChoice:
    """Which columns of a file are taken for which of ours; `UserError` where the mapping does not fit the file."""
    names, mapping = header(path, hints.encoding), hints.columns
    unknown, absent = sorted(mapping.keys() - set(COLUMNS)), sorted(set(mapping.values()) - set(names))
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
    choice = columns_of(path, hints)
    return mapped(csv_records(path, hints.encoding), lambda row: _csv_post(row, choice, hints))


def _csv_post(row: Mapping[str, str], choice: ColumnChoice, hints: Hints) -> Post:
    cells = {ours: row[theirs] for ours, theirs in choice.used.items()}
    notes = _without_wrong_guesses(cells, choice, hints.date_format)
    place = cells.get("platform", "").strip() or hints.platform or ""
    post = stated_post({**cells, "platform": place}, hints.date_format)
    post = dataclasses.replace(post, notes=(*notes, *post.notes))
    if post.platform == "url" and post.post_id == unresolved_id(post.url or ""):
        return post  # a short link
    if post.url and not (post.platform and post.post_id):
        raise Rejected("the URL shows no post of TikTok, Instagram or YouTube, and the row names none")
    return known_post(post)


def _without_wrong_guesses(cells: dict[str, str], choice: ColumnChoice, date_format: str | None) -> list[str]:
    """Empty the cells of recognised columns that do not hold what their name promises; gives a note on each."""
    notes = []
    for ours in choice.guessed & READERS.keys():
        try:
            READERS[ours](cells[ours], choice.used[ours], date_format)
        except Rejected as rejected:
            notes.append(f"{rejected}; it is left out")
            cells[ours] = ""
    return notes


def stated_post(row: Mapping[str, str], date_format: str | None = None) -> Post:
    """What a row under our column names states, even if it identifies no post; `Rejected` names a wrong cell.

    A post that only a short link leads to has the platform `url`. Where id, platform or author contradict the URL, the
    URL is believed, and a note says so.
    """
    place, posted = text(row.get("platform")), text(row.get("posted_at"))
    posted_at = _time_cell(posted, "posted_at", date_format)
    author, author_note = _handle(text(row.get("author")))
    post = Post(
        source=CSV,
        platform=PLATFORM_NAMES.get(place.lower(), place.lower()) if place else None,
        post_id=identifier(row.get("id"), "id"),
        url=_url_cell(text(row.get("url"))),
        caption=text(row.get("caption")),
        author=author,
        author_id=identifier(row.get("author_id"), "author_id"),
        posted_at=posted_at,
        posted_precision=("day" if posted and DAY.fullmatch(posted) else "second") if posted_at else None,
        duration_s=seconds(row.get("duration_s"), "duration_s"),
        language=language(row.get("language"), "language"),
        sound_id=identifier(row.get("sound_id"), "sound_id"),
        sound_title=text(row.get("sound_title")),
        sound_artist=text(row.get("sound_artist")),
        counted_at=_time_cell(text(row.get("counted_at")), "counted_at", date_format),
        counts=counts({name: row.get(name) for name in COUNTS}),
        notes=author_note,
    )
    named = read_url(post.url) if post.url else None
    return post if named is None else _believing_url(post, named)


def _url_cell(written: str | None) -> str | None:
    if written is None:
        return None
    url = written if read_url(written) is None else with_scheme(written)
    if not url.startswith(("https://", "http://")):
        raise Rejected(f"`url` is {shown(url)}, not a URL that starts with https://")
    return url


def _handle(written: str | None) -> tuple[str | None, tuple[str, ...]]:
    """A handle, and a note where the cell holds a shown name instead."""
    if written is None or HANDLE.fullmatch(written):
        return written, ()
    return None, ("`author` is no handle but a shown name; it is left out",)


def _believing_url(post: Post, named: NamedByUrl) -> Post:
    """A post with what its URL names in place of what the row says otherwise."""
    if named.kind == "short link" and not post.post_id:
        return dataclasses.replace(post, platform="url", post_id=unresolved_id(post.url or ""))
    if named.kind != "post" or named.name is None:
        if not (post.platform and post.post_id):
            raise Rejected(named.sentence)
        return dataclasses.replace(post, notes=(*post.notes, f"{named.sentence}: `id` is believed"))
    notes = list(post.notes)
    if post.post_id and post.post_id != named.name and not _same_media(post.post_id, named):
        notes.append(f"`id` is {shown(post.post_id)}, the URL shows {named.name}: the URL is believed")
    if post.platform and post.platform != named.platform:
        notes.append(f"`platform` is {shown(post.platform)}, the URL is of {named.platform}: the URL is believed")
    author = post.author
    if named.account and author and author.removeprefix("@").lower() != named.account.lower():
        notes.append("`author` is not the account in the URL: the URL is believed")
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


def _time_cell(written: str | None, name: str, date_format: str | None = None) -> datetime | None:
    """A time as the user says it is written, as ISO 8601, as 31.12.2026, or as a Unix time in s or ms."""
    if written is None or date_format or not EPOCH.fullmatch(written):
        return moment(written, name, date_format)
    return epoch(written, name, 1000 if len(written.partition(".")[0]) > EPOCH_DIGITS else 1)


#: How the cell of a recognised column is tried: one that cannot be read is left out, with a note.
READERS: Mapping[str, Callable[[str, str, str | None], object]] = {
    "author_id": lambda cell, name, _: identifier(cell, name),
    "sound_id": lambda cell, name, _: identifier(cell, name),
    "duration_s": lambda cell, name, _: seconds(cell, name),
    "language": lambda cell, name, _: language(cell, name),
    "posted_at": lambda cell, name, form: _time_cell(text(cell), name, form),
    "counted_at": lambda cell, name, form: _time_cell(text(cell), name, form),
    **{name: lambda cell, name, _: counts({name: cell}) for name in COUNTS},
}
