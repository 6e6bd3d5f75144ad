"""People and posts as a user names them, and the clips of a study that are theirs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records import ClipRow
from pipeline.records.post import SourcedPost
from pipeline.records.pseudonyms import HANDLE_IN_URL, author_keys, plain_account, plain_handle
from pipeline.records.runs import SourceRow
from pipeline.run.donors import NOTHING_DONATED, Donated, donated
from pipeline.sources.formats.result import digest_of_url, unresolved_id
from pipeline.sources.post_urls import DOMAINS, read_url, with_scheme
from pipeline.store.authors import all_names
from pipeline.store.short_links import posts_of_links
from pipeline.store.store import Store

ACCOUNT = re.compile(r"(?:(?P<platform>[a-z][a-z0-9_]*):)?@(?P<account>\S+)")
CLIP = re.compile(r"[a-z][a-z0-9_]*:\S.*")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as somebody writes it: a handle, or the platform's own id."""

    name: str
    platform: str | None = None  # None: wherever there is one of this name


@dataclass(frozen=True, slots=True)
class Named:
    """Posts, accounts and donors of data that a user names."""

    clip_ids: frozenset[str] = frozenset()
    accounts: frozenset[Account] = frozenset()
    donors: frozenset[str] = frozenset()  # codes

    def __or__(self, other: Named) -> Named:
        return Named(self.clip_ids | other.clip_ids, self.accounts | other.accounts, self.donors | other.donors)


@dataclass(frozen=True, slots=True)
class SubjectMatches:
    """What a study holds of them."""

    clip_ids: frozenset[str]
    author_keys: frozenset[str]  # also of accounts that it holds nothing of, so that nothing comes in later
    handles: frozenset[str]  # as they are written in URLs and exports
    short_links: frozenset[str] = frozenset()  # ids under which these clips stood before their links were followed
    donated: Donated = NOTHING_DONATED  # its clips are among `clip_ids`; those named otherwise too are not here

    @property
    def names(self) -> frozenset[str]:
        """What these clips are called, or were before their links were followed, as in an export of that time."""
        return self.clip_ids | self.short_links


def read_author(text: str) -> Named:
    """An account: its URL, a handle with or without @, `platform:@handle`, an id, or a stored `author_key`."""
    found = read_name(text) if "/" in text or "@" in text else Named(accounts=frozenset({Account(text.strip())}))
    if not found.accounts:
        raise UserError("--author takes a handle, an id or a URL of an account; a post is named with --clip")
    return found


def read_clip(text: str) -> Named:
    """A post: its URL, or its `clip_id`."""
    found = read_name(text)
    if not found.clip_ids:
        raise UserError("--clip takes a clip_id such as tiktok:73… or a URL of a post; an account: --author")
    return found


def read_name(text: str) -> Named:
    """A line of a list: a URL, `@handle`, `platform:@handle`, or the id of a clip; `UserError` for others."""
    text = text.strip()
    named = read_url(text)
    if named is not None and named.name and named.kind == "post":
        return Named(frozenset({f"{named.platform}:{named.name}"}))
    if named is not None and named.name and named.kind == "account":
        return Named(accounts=frozenset({Account(named.name, named.platform)}))
    if named is not None and named.kind == "short link":
        # under the digest that earlier versions took, too
        return Named(frozenset(f"url:{one}" for one in (unresolved_id(text), digest_of_url(with_scheme(text)))))
    if named is not None:
        raise UserError(named.sentence)
    if found := ACCOUNT.fullmatch(text):
        return Named(accounts=frozenset({Account(found["account"], found["platform"])}))
    if CLIP.fullmatch(text) and "://" not in text:
        return Named(frozenset({text}))
    raise UserError("it is neither a URL of a post or an account, nor @handle, platform:@handle or a clip_id")


def read_list(path: Path) -> Named:
    """A file with one post or account a line, # before comments; `UserError` names the line, not what stands there."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise UserError(f"{path} is not there") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text in UTF-8") from error
    named = Named()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        try:
            named |= read_name(line)
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from error
    if named == Named():
        raise UserError(f"{path} names no post and no account")
    return named


def find(store: Store, named: Named, key: bytes | None, sourced_posts: Iterable[SourcedPost]) -> SubjectMatches:
    """The clips of a study that are named or whose author is; `sourced_posts` are what its sources say of posts,
    short links that were followed as their posts.

    An author is found by the stored `author_key`, by any other name that a post stated, by the alias that their handle
    left, by the handle in a URL, or by what a source states. Then all clips of the same `author_key` are theirs.
    """
    clips = {row.clip_id: row for row in store.tables.read(ClipRow)}
    links = posts_of_links(store)
    keys, handles = _author_keys(named, {row.platform for row in clips.values()}, key), set()
    keys |= all_names(store.tables, keys)
    of_author: set[str] = {row.clip_id for row in clips.values() if row.author_key in keys}
    of_author |= {row.clip_id for row in store.tables.read(SourceRow) if row.author_alias in keys} & clips.keys()
    for clip_id, platform, accounts in _stated(store, clips, sourced_posts):
        if clip_id in clips and any(_is(one, platform, accounts) for one in named.accounts):
            of_author.add(clip_id)
            handles |= accounts
            keys |= author_keys(platform, accounts, key)
    keys |= {author_key for clip_id in of_author if (author_key := clips[clip_id].author_key)}
    keys |= all_names(store.tables, keys)
    of_author |= {row.clip_id for row in clips.values() if row.author_key in keys}
    handles |= {one.name for one in named.accounts}
    known = {row.clip_id for row in store.tables.read(SourceRow)} | clips.keys()
    gone = of_author | ({links.get(one, one) for one in named.clip_ids} & known)
    brought = donated(store, named.donors, key)
    brought = dataclasses.replace(brought, clip_ids=brought.clip_ids - gone)
    to_them = frozenset(link_id for link_id, clip_id in links.items() if clip_id in gone)
    return SubjectMatches(frozenset(gone | brought.clip_ids), frozenset(keys), frozenset(handles), to_them, brought)


def _author_keys(named: Named, platforms: set[str], key: bytes | None) -> set[str]:
    """What `author_key` is of the named accounts; a text that is one already stands for itself."""
    found: set[str] = set()
    for one in named.accounts:
        for platform in {one.platform} if one.platform else platforms | set(DOMAINS.values()) | {"file"}:
            found |= author_keys(platform, {one.name}, key)
    return found | {one.name for one in named.accounts}


def _stated(
    store: Store, clips: dict[str, ClipRow], sourced_posts: Iterable[SourcedPost]
) -> Iterable[tuple[str, str, set[str]]]:
    """Clips with their platform and the accounts that a URL or a source names as their author."""
    for row in store.tables.read(SourceRow):
        handle = HANDLE_IN_URL.search(row.location) if row.kind != "file" else None
        if handle and row.clip_id in clips:
            yield row.clip_id, clips[row.clip_id].platform, {handle[0].removeprefix("@")}
    for one in sourced_posts:
        stated = (plain_account(one.post.author), plain_account(one.post.author_id))
        accounts = {account.removeprefix("@") for account in stated if account}
        if accounts:
            yield one.clip_id, one.post.platform or "file", accounts


def _is(one: Account, platform: str, accounts: set[str]) -> bool:
    return one.platform in (None, platform) and plain_handle(one.name) in map(plain_handle, accounts)
