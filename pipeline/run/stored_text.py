"""The texts that a study stores: redacted or dropped where it keeps no more of people than it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pipeline.analysis.text.redaction import DROPPED, redact, redact_words, require_library
from pipeline.records import ClipRow, MentionRow, PlatformCaptionRow, Row, RowT, SegmentRow, TranscriptRow, WordRow
from pipeline.records.pseudonyms import hidden_sound
from pipeline.store.store import Store

SPOKEN: tuple[type[Row], ...] = (TranscriptRow, SegmentRow, PlatformCaptionRow)  # each with a column `text`
WRITTEN = ("caption", "sound_title", "sound_artist")  # columns of `clips`


def minimise_spoken(store: Store, clip_ids: Sequence[str], choice: Literal["keep", "redact", "drop"]) -> set[str]:
    """Keep, redact or drop what was said; returns the clips that changed."""
    match choice:
        case "keep":
            return set()
        case "redact":
            return redact_spoken(store, clip_ids)
        case "drop":
            return drop_spoken(store, clip_ids)


def redact_spoken(store: Store, clip_ids: Sequence[str]) -> set[str]:
    """Put marks in place of numbers, addresses and handles in what was said; returns the clips that changed.

    Raises `UserError` where the extra `redact` is not installed.
    """
    require_library()
    changed: set[str] = set()
    with store.uninterrupted_lock(), store.change():
        for kind in SPOKEN:
            changed |= _change(store, kind, clip_ids, lambda row: _with_text(row, redact))
        changed |= _replace(store, WordRow, clip_ids, _redacted_words(store.tables.read(WordRow, clip_ids)))
        changed |= _change(store, MentionRow, clip_ids, _with_match("speech", redact))
    return changed


def drop_spoken(store: Store, clip_ids: Sequence[str]) -> set[str]:
    """Put one mark in place of each text that was said; times and counts stay. Returns the clips that changed."""
    changed: set[str] = set()
    with store.uninterrupted_lock(), store.change():
        for kind in SPOKEN:
            changed |= _change(store, kind, clip_ids, lambda row: _with_text(row, _dropped))
        changed |= _change(store, WordRow, clip_ids, lambda row: dataclasses.replace(row, word=DROPPED))
        changed |= _change(store, MentionRow, clip_ids, _with_match("speech", _dropped))
    return changed


def hide_sounds(store: Store, key: bytes | None) -> set[str]:
    """Put pseudonyms in place of accounts after which stored sounds are called, as of posts that come in now.

    Returns the clips that changed: an earlier version stored them.
    """
    sql = "SELECT clip_id, platform, sound_title, sound_artist FROM clips WHERE sound_title IS NOT NULL"
    with store.change():
        named = store.tables.connection.execute(sql).fetchall() if key is not None else []
        hidden = {clip_id: hidden_sound(title, artist, key, platform) for clip_id, platform, title, artist in named}
        changed = {clip_id for clip_id, _, *sound in named if hidden[clip_id] != tuple(sound)}
        for row in store.tables.read(ClipRow, sorted(changed)):
            title, artist = hidden[row.clip_id]
            store.tables.replace([dataclasses.replace(row, sound_title=title, sound_artist=artist)])
    return changed


def drop_written(store: Store, clip_ids: Sequence[str]) -> set[str]:
    """Put one mark in place of captions and names of sounds, and drop hashtags and mentions."""

    def without(row: ClipRow) -> ClipRow:
        texts = {name: DROPPED for name in WRITTEN if getattr(row, name) is not None}
        return dataclasses.replace(row, hashtags=(), mentions=(), **texts)  # type: ignore[arg-type]

    with store.uninterrupted_lock(), store.change():
        changed = _change(store, ClipRow, clip_ids, without)
        return changed | _change(store, MentionRow, clip_ids, _with_match("caption", _dropped))


def _dropped(_: str) -> str:
    return DROPPED


def _with_text(row: Row, change: Callable[[str], str]) -> Row:
    text = getattr(row, "text", None)
    return row if text is None else dataclasses.replace(row, text=change(text))  # type: ignore[type-var]


def _with_match(channel: str, change: Callable[[str], str]) -> Callable[[MentionRow], MentionRow]:
    """What changes the words of a mention in speech, or of one in a caption."""
    return lambda row: dataclasses.replace(row, matched=change(row.matched)) if row.channel == channel else row


def _redacted_words(rows: Iterable[WordRow]) -> list[WordRow]:
    """Words of clips, in order, with marks in place of what forms a number or an address together."""
    clips: dict[str, list[WordRow]] = {}
    for row in rows:
        clips.setdefault(row.clip_id, []).append(row)
    return [
        dataclasses.replace(row, word=word)
        for words in clips.values()
        for row, word in zip(words, redact_words([row.word for row in words]), strict=True)
    ]


def _change(store: Store, kind: type[RowT], clip_ids: Sequence[str], change: Callable[[RowT], Row]) -> set[str]:
    return _replace(store, kind, clip_ids, [change(row) for row in store.tables.read(kind, clip_ids)])


def _replace(store: Store, kind: type[Row], clip_ids: Sequence[str], rows: Sequence[Row]) -> set[str]:
    """Store rows in place of those of their clips, where any of a clip differs."""
    before: dict[str, list[Row]] = {}
    after: dict[str, list[Row]] = {}
    for known, found in ((before, store.tables.read(kind, clip_ids)), (after, rows)):
        for row in found:
            known.setdefault(row.clip_id, []).append(row)  # type: ignore[attr-defined]
    changed = {clip_id for clip_id in before if before[clip_id] != after.get(clip_id)}
    store.tables.delete(kind, changed)
    store.tables.insert([row for clip_id in sorted(changed) for row in after[clip_id]])
    return changed
