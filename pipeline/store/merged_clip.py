"""What is known of a clip once several sources have told of it: each field from whoever is believed most."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline.records import ClipRow
from pipeline.records.post import is_fetched
from pipeline.records.pseudonyms import is_hidden

#: What a clip's bytes can come from, the better first: a file is here, a post must be fetched, or is never fetched.
KINDS = ("file", "url", "post")
#: Who is believed: the URL alone, then any export or sidecar, then the platform itself.
RANKS = {
    **dict.fromkeys(("url", "tiktok_donation", "tiktok_donation_txt", "port_tables", "instagram_download"), 0),
    **dict.fromkeys(("youtube_takeout", "youtube_takeout_page"), 0),
    "yt_dlp": 2,
}
OTHER_RANK = 1
#: Formats that state all they know of a post; what an export leaves out, it may only not have seen.
WHOLE = ("csv", "info_json", "yt_dlp")
#: Fields of a clip that are known or not each for itself, and those that follow from one of them.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "url": (),
    "caption": ("hashtags", "mentions"),
    "posted_at": ("posted_precision",),
    "declared_duration_s": (),
    "declared_language": (),
    "sound_id": (),
    "sound_title": (),
    "sound_artist": (),
    "media_type": (),
    "is_ad": (),
    "author_key": (),
}
#: Fields in which the author's own name was hidden: under another name of theirs it would come back.
HIDDEN_NAMES = ("sound_title", "sound_artist")


def merged(known: ClipRow | None, row: ClipRow, source: str, *, takes_back: bool = True) -> ClipRow:
    """What is known of a clip once `row`, from one source, has been read too."""
    if known is None:
        return row
    values: dict[str, Any] = {}
    origins = dict(known.field_sources or {})  # NULL in a database of an older version
    for name, followers in FIELDS.items():
        stated = getattr(row, name) is not None
        if name in HIDDEN_NAMES and is_hidden(getattr(known, name), getattr(row, name)):
            continue  # the author has another name now; what stands there hides the one before
        origin = origins.get(name)
        if stated and (origin is None or _rank(source) >= _rank(origin)):
            origins[name] = source
        elif not stated and origin == source and source in WHOLE and takes_back:
            del origins[name]  # the source has taken it back
        else:
            continue
        values |= {each: getattr(row, each) for each in (name, *followers)}
    return dataclasses.replace(known, **values, platform=row.platform, field_sources=origins)


def joined(clip: ClipRow, other: ClipRow) -> ClipRow:
    """A clip with what another one of the same post knows beside it, or from whoever is believed more."""
    values: dict[str, Any] = {}
    origins = dict(clip.field_sources or {})
    for name, origin in (other.field_sources or {}).items():
        is_better = name not in origins or _rank(origin) > _rank(origins[name])
        if is_better and getattr(other, name) is not None:
            origins[name] = origin
            values |= {each: getattr(other, each) for each in (name, *FIELDS[name])}
    return dataclasses.replace(clip, **values, field_sources=origins)


def fetched_kind(kind: str, media_type: str | None, slideshow_sound: bool) -> str:
    """Where bytes come from, given what a post shows: no platform is asked for the video of one that holds none."""
    return "post" if kind == "url" and not is_fetched(media_type, slideshow_sound) else kind


def _rank(source: str) -> int:
    return RANKS.get(source, OTHER_RANK)
