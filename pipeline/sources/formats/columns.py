"""Which column of a table holds what: our names, names that other tools use for the same, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pipeline.records.post import COUNTS, TEXT_COLUMNS
from pipeline.sources.post_urls import post_of_url

COLUMNS = (*TEXT_COLUMNS, "language", "posted_at", "counted_at", "duration_s", *COUNTS)

#: Other names of our columns, the surer first, as Apify, 4CAT, the Research API and scripts write them; letters and
#: digits alone count. A shown name (nickname, full name, channel title) is never taken for a handle.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "platform": ("source_platform", "network", "social_network"),
    "id": ("post_id", "video_id", "item_id", "aweme_id", "shortcode", "code"),
    "url": (
        "post_url", "permalink", "permalink_url", "web_video_url", "tiktok_url", "share_url", "web_url", "video_link",
        "post_link", "item_url", "link",
    ),
    "caption": (
        "description", "desc", "video_description", "body", "text", "post_text", "post_caption", "message", "content",
        "title",
    ),
    "author": (
        "author_handle", "author_unique_id", "unique_id", "author_username", "owner_username", "username", "user_name",
        "author_meta_name", "user_posted", "profile_username", "account_name", "screen_name", "handle",
    ),
    "author_id": ("author_meta_id", "owner_id", "user_id", "channel_id", "profile_id"),
    "sound_id": ("music_id", "music_meta_music_id"),
    "sound_title": ("music_title", "music_name", "music_meta_music_name"),
    "sound_artist": ("music_author", "music_meta_music_author"),
    "language": ("text_language", "lang", "declared_language"),
    "posted_at": (
        "create_time_iso", "create_time", "created_at", "published_at", "date_posted", "taken_at", "post_date",
        "upload_date", "unix_timestamp", "timestamp", "datetime", "date",
    ),
    "counted_at": ("collected_at", "scraped_at", "crawled_at", "fetched_at", "retrieved_at", "collection_time"),
    "duration_s": ("video_duration", "video_meta_duration", "duration_seconds", "duration_sec", "duration"),
    "views": ("view_count", "play_count", "video_play_count", "video_view_count", "plays", "views_count"),
    "likes": ("like_count", "digg_count", "likes_count", "num_likes"),
    "comments": ("comment_count", "comments_count", "num_comments"),
    "shares": ("share_count", "shares_count", "repost_count", "num_shares"),
    "saves": ("save_count", "collect_count", "favorites_count", "bookmark_count", "saves_count"),
}  # fmt: skip


NAMES_ADVICE = "write a line with them above the first row, as in url,caption,views"


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Our columns with theirs, which of them were recognised by another name, and the columns that are not used."""

    used: Mapping[str, str]
    guessed: frozenset[str]  # of ours
    unused: tuple[str, ...]


def choose_columns(names: Sequence[str], mapping: Mapping[str, str] | None = None) -> ColumnChoice:
    """The column of each of ours: what a mapping says, else that of our name, else that of another name for it."""
    used = dict(mapping or {})
    guessed: set[str] = set()
    plain = {_plain(name): name for name in reversed(names)}
    for ours in COLUMNS:
        if ours not in used and ours in names and ours not in used.values():
            used[ours] = ours
    for ours, others in SYNONYMS.items():
        found = next((plain[_plain(other)] for other in (ours, *others) if _plain(other) in plain), None)
        if ours not in used and found is not None and found not in used.values():
            used[ours] = found
            guessed.add(ours)
    handle = next((plain[_plain(other)] for other in SYNONYMS["author"] if _plain(other) in plain), None)
    if not mapping and used.get("author") == "author" and handle is not None and handle not in used.values():
        used["author"] = handle  # beside a column of handles, `author` holds the shown name
    return ColumnChoice(used, frozenset(guessed), tuple(name for name in names if name not in used.values()))


def holds_values(names: Sequence[str]) -> bool:
    """Whether a first line holds the values of a post, and not the names of columns."""
    return any(post_of_url(name)[1] or name.lower().startswith(("https://", "http://")) for name in names)


def suggestion(name: str, names: Sequence[str] = COLUMNS) -> str | None:
    """Our column that a name of another tool, or a mistyped one, most likely means; None if there is none."""
    plain = _plain(name)
    for ours, others in SYNONYMS.items():
        if plain in map(_plain, (ours, *others)) and ours in names:
            return ours
    return next(iter(get_close_matches(name.lower(), names, 1)), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
