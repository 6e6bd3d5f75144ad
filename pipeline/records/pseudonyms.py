"""Authors as pseudonyms: keyed HMAC-SHA256, pure functions of the key that `study/keys.py` holds outside the study."""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import regex

from pipeline.records.clips import ClipRow, ObservationRow
from pipeline.records.post import COUNTS, Post, SourcedPost
from pipeline.records.row import stored_time
from pipeline.records.runs import AuthorNameRow
from pipeline.records.sound_names import without_account

PSEUDONYM_CHARACTERS = 26  # 130 bits of the digest in base 32
REMEMBERED = 20_000  # pseudonyms of a process: accounts come again and again
ENCODED_BYTES = 20  # hold these characters, and need no padding
MOST_HANDLE_CHARACTERS = 100  # platforms take 24 to 30, and names of channels up to 100
MENTION_CHARACTERS = 8  # enough inside one text to tell accounts apart

#: Letters, digits and marks of any script: what the platforms accept in a hashtag.
HASHTAG = regex.compile(r"(?<![\p{L}\p{N}_&])[#＃]([\p{L}\p{N}\p{M}_]+)")
MENTION = regex.compile(r"(?<![\p{L}\p{N}_])[@＠]([\p{L}\p{N}_](?:[\p{L}\p{N}_.]*[\p{L}\p{N}_])?)")
#: URLs of accounts without an @, as captions have them; the second group is the account.
PROFILE = regex.compile(
    r"(?<![\p{L}\p{N}-])"
    r"((?:instagram\.com/(?:stories/)?|youtube\.com/(?:c|user|channel)/|snapchat\.com/add/|linkedin\.com/in/"
    r"|(?:facebook|fb|twitter|x|patreon|onlyfans)\.com/|(?:twitch\.tv|linktr\.ee|t\.me)/))"
    r"(?!(?:p|reels?|tv|explore|stories|watch|hashtag|share|search|groups|events|pages|i)(?:[/?#]|(?![\p{L}\p{N}_.-])))"
    r"([\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?)",
    regex.IGNORECASE,
)
#: What stands around a name in a cell and is no part of it: any space, and signs without width.
AROUND_NAME = regex.compile(r"^[\s\p{Z}\p{Cf}]+|[\s\p{Z}\p{Cf}]+$")
HIDDEN = regex.compile(rf"user_[a-z2-7]{{{MENTION_CHARACTERS}}}")  # what stands for a name in a text
WORD_CHARACTER = regex.compile(r"[\p{L}\p{N}_]")
HANDLE_IN_URL = re.compile(r"(?<=/)@[^/?#]+")
#: Other ways in which a URL names its author, with their replacements: the post opens without the name.
OTHERS_IN_URL = (
    (re.compile(r"(?<=/)%40[^/?#]+"), "@_"),
    (re.compile(r"(?<=instagram\.com/)[\w.]+/(?=(?:p|reels?|tv)/)"), ""),
    (re.compile(r"(?<=[/.]x\.com/)\w+(?=/status/)|(?<=[/.]twitter\.com/)\w+(?=/status/)", re.IGNORECASE), "i"),
    (
        re.compile(
            r"(?<=facebook\.com/)(?!watch|reel|share|groups)[\w.-]+(?=/(?:videos|posts|photos)/)", re.IGNORECASE
        ),
        "_",
    ),
    (re.compile(r"(?<=twitch\.tv/)\w+(?=/(?:clip|v)/)", re.IGNORECASE), "_"),
)


@lru_cache(maxsize=REMEMBERED)
def pseudonym(key: bytes, platform: str, account: str) -> str:
    """The pseudonym of one account on one platform: the same for the same key, and not reversible without it."""
    digest = hmac.digest(key, f"{platform}|{account}".encode(), "sha256")
    return base64.b32encode(digest[:ENCODED_BYTES])[:PSEUDONYM_CHARACTERS].decode().lower()


def tombstone(clip_id: str, key: bytes | None) -> str:
    """What remains of a forgotten clip: its pseudonym; a plain digest where the study keeps plain ids."""
    return pseudonym(key or b"", "clip", clip_id)


def author_tombstone(author_key: str, key: bytes | None) -> str:
    """What remains of a forgotten author: the pseudonym of `author_key`; a plain digest where a study keeps ids."""
    return pseudonym(key or b"", "author", author_key)


def plain_account(text: str | None) -> str | None:
    """An account's id as it is compared: without what stands around it; None where nothing is left."""
    return AROUND_NAME.sub("", text or "") or None


def plain_handle(text: str | None) -> str | None:
    """A handle as it is compared: without @, in lower case, as no platform has two that differ in case alone."""
    bare = (plain_account(text) or "").removeprefix("@").removeprefix("＠")
    return unicodedata.normalize("NFC", bare).lower() or None


def author_keys(platform: str, accounts: Collection[str], key: bytes | None) -> set[str]:
    """Each `author_key` that accounts of a platform may have: as they are compared, and as older versions took them."""
    bare = {(plain_account(account) or "").removeprefix("@") for account in accounts}
    ways = {f"{at}{way}" for account in bare for way in (account, account.lower()) for at in ("", "@")}
    ways |= {handle for account in accounts if (handle := plain_handle(account))} | set(accounts)
    return {_stored(way, platform, key) for way in ways - {"", "@"}}


def author_names(post: Post, key: bytes | None) -> tuple[AuthorNameRow, ...]:
    """What a post calls its author, as rows: the platform's id, then the handle, then how earlier versions took either.

    Names that one post states belong to one author, whose `author_key` is the first of them until more is known.
    """
    return _author_names(post.platform or "file", post.author_id, post.author, key)


@lru_cache(maxsize=REMEMBERED)
def _author_names(
    platform: str, author_id: str | None, author: str | None, key: bytes | None
) -> tuple[AuthorNameRow, ...]:
    account, handle = _compared(author_id, author)
    names: dict[str, bool] = {}
    for name, is_id in ((account, True), (handle, False), (author_id, account is not None), (author, False)):
        if name:
            names.setdefault(_stored(name, platform, key), is_id)
    author_key = next(iter(names), "")
    return tuple(AuthorNameRow(platform, name, author_key, is_id) for name, is_id in names.items())


def author_alias(post: Post, key: bytes | None) -> str | None:
    """What the handle of a post's author is stored as, whatever their `author_key` is; one of their `author_keys`."""
    _, handle = _compared(post.author_id, post.author)
    return None if handle is None else _stored(handle, post.platform or "file", key)


@lru_cache(maxsize=REMEMBERED)
def _compared(author_id: str | None, author: str | None) -> tuple[str | None, str | None]:
    """Id and handle of an author as they are compared; some tools write the handle as the id, with @."""
    account = plain_account(author_id)
    if account is None or account.startswith("@"):
        return None, plain_handle(author) or plain_handle(author_id)
    return account, plain_handle(author)


def _stored(account: str, platform: str, key: bytes | None) -> str:
    return account if key is None else pseudonym(key, platform, account)


def tombstones_of(one: SourcedPost, key: bytes | None) -> frozenset[str]:
    """The tombstones of a post and of its author in every way of writing: one that is stored keeps the post out."""
    in_url = HANDLE_IN_URL.search(one.post.url or "")
    stated = (one.post.author_id, one.post.author, in_url[0] if in_url else None)
    accounts = [account for account in stated if account]
    found = author_keys(one.post.platform or "file", accounts, key)
    return frozenset({tombstone(one.clip_id, key), *(author_tombstone(author_key, key) for author_key in found)})


def clip_row(clip_id: str, post: Post, key: bytes | None, kind: str = "url") -> ClipRow:
    """A post as it is stored: author and mentions as pseudonyms, no handle in the URL, unless `key` is None."""
    platform = post.platform or "file"
    account, handle = _compared(post.author_id, post.author)
    account = account or handle

    def hide(text: str | None) -> str | None:
        return text if key is None or text is None else scrub(text, key, platform)

    def hide_name(text: str | None) -> str | None:
        return text if key is None or text is None else _without_author(scrub(text, key, platform), post, key, platform)

    title, artist = hidden_sound(post.sound_title, post.sound_artist, key, platform)
    # A handle may be a word or a brand: as a word of a caption it stays, as it does in captions by others.
    caption = hide(post.caption)
    stated: dict[str, Any] = {
        "url": without_handle(post.url) if key is not None and post.url else post.url,
        "caption": caption,
        "posted_at": post.posted_at and stored_time(post.posted_at),
        "declared_duration_s": post.duration_s,
        "declared_language": post.language,
        "sound_id": post.sound_id,
        "sound_title": hide_name(title),
        "sound_artist": hide_name(artist),
        "media_type": post.media_type,
        "is_ad": post.is_ad,
        "author_key": None if account is None else _stored(account, platform, key),
    }
    return ClipRow(
        clip_id=clip_id,
        platform=platform,
        kind=kind,
        hashtags=hashtags_of(caption),
        mentions=mentions_of(caption),
        posted_precision=post.posted_precision,
        field_sources={name: post.source for name, value in stated.items() if value is not None},
        **stated,
    )


@lru_cache(maxsize=REMEMBERED)
def hidden_sound(
    title: str | None, artist: str | None, key: bytes | None, platform: str
) -> tuple[str | None, str | None]:
    """Title and artist of a sound without the account whose own it is, whoever's post it is heard in."""

    def hide(name: str) -> str:
        return name if HIDDEN.fullmatch(name) else _short_pseudonym(key or b"", platform, plain_handle(name) or name)

    return (title, artist) if key is None else without_account(title, artist, hide)


def without_handle(url: str) -> str:
    """A URL without the account that it names as the author."""
    url = HANDLE_IN_URL.sub("@_", url)
    for pattern, instead in OTHERS_IN_URL:
        url = pattern.sub(instead, url)
    return url


def observation_row(clip_id: str, post: Post) -> ObservationRow | None:
    """The counts of a post, with their time if that is known; None if it states none."""
    if not post.counts:
        return None
    counts = {name: post.counts.get(name) for name in COUNTS}
    return ObservationRow(
        clip_id=clip_id, counted_at=post.counted_at and stored_time(post.counted_at), count_source=post.source, **counts
    )


def hashtags_of(text: str | None) -> tuple[str, ...]:
    """Hashtags of a text in order, lower case, without # and without repeats."""
    if text is None or not ("#" in text or "＃" in text):  # the search costs more
        return ()
    return tuple(dict.fromkeys(tag.lower() for tag in HASHTAG.findall(text)))


def mentions_of(text: str | None) -> tuple[str, ...]:
    """Accounts that a text names with @, in order, without repeats."""
    if text is None or not ("@" in text or "＠" in text):
        return ()
    return tuple(dict.fromkeys(MENTION.findall(text)))


def scrub(text: str, key: bytes, platform: str) -> str:
    """A text with each @handle and each account in a URL replaced by a short pseudonym of the handle."""
    if not ("@" in text or "＠" in text or "/" in text):  # the searches cost more
        return text
    hidden = MENTION.sub(lambda found: f"@{_short_pseudonym(key, platform, found[1])}", text)
    return str(PROFILE.sub(lambda found: f"{found[1]}{_short_pseudonym(key, platform, found[2])}", hidden))


def _without_author(text: str, post: Post, key: bytes, platform: str) -> str:
    """A text without the author's own handle, which platforms put into the names of sounds."""
    if not post.author or post.author.casefold() not in text.casefold():
        return text
    short = _short_pseudonym(key, platform, post.author)
    if len(text.casefold()) == len(text):
        return _with_word_replaced(text, post.author, short)
    if len(post.author) > MOST_HANDLE_CHARACTERS:  # no platform's; the search below takes the cube of its length
        return text.replace(post.author, short)
    # Where folding lengthens a text (ß), places in it differ; to build this search takes a millisecond.
    handle = regex.compile(rf"(?<![\p{{L}}\p{{N}}_]){regex.escape(post.author)}(?![\p{{L}}\p{{N}}_])", regex.IGNORECASE)
    return str(handle.sub(short, text))


def is_hidden(before: str | None, after: str | None) -> bool:
    """Whether a text is one that was stored with a name hidden in it, and the name is in clear now."""
    if before is None or after is None or before == after or not HIDDEN.search(before):
        return False
    same = r"\S+".join(map(regex.escape, HIDDEN.split(before)))
    return bool(regex.fullmatch(same, after, regex.IGNORECASE)) and len(HIDDEN.findall(after)) < len(
        HIDDEN.findall(before)
    )


def _with_word_replaced(text: str, word: str, instead: str) -> str:
    """A text with a word replaced, in any case, where no letter, digit or underscore stands beside it."""
    folded, wanted, parts, end = text.casefold(), word.casefold(), [], 0
    place = folded.find(wanted)
    while place >= 0:
        after = place + len(wanted)
        if WORD_CHARACTER.fullmatch(text[place - 1 : place]) or WORD_CHARACTER.fullmatch(text[after : after + 1]):
            place = folded.find(wanted, place + 1)
            continue
        parts += [text[end:place], instead]
        end = after
        place = folded.find(wanted, after)
    return "".join((*parts, text[end:]))


def _short_pseudonym(key: bytes, platform: str, handle: str) -> str:
    return f"user_{pseudonym(key, platform, handle.lower())[:MENTION_CHARACTERS]}"
