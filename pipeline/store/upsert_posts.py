"""Posts become clips of a study: new ones are added, known ones are updated, nothing is stored twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.records import ClipRow, ExposureRow, ImportRow, ObservationRow, ProvenanceRow
from pipeline.records.post import WITHOUT_VIDEO
from pipeline.records.post_rows import PostRows
from pipeline.records.runs import SourceRow
from pipeline.store.tables import Tables, without_offset

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


@dataclass
class UpsertResult:
    """What storing posts changed."""

    listed: int = 0
    new: list[str] = field(default_factory=list)
    changed_files: list[str] = field(default_factory=list)
    changed_captions: list[str] = field(default_factory=list)


def upsert_posts(tables: Tables, posts: Iterable[PostRows], start: int = 0) -> UpsertResult:
    """Store posts, inside a transaction; `start` is the position of the first in the order of the clips.

    A post that several places name becomes one clip. Each of its fields comes from whoever is believed most, and
    among equals from the last; nothing known is replaced by nothing, except where whoever stated it takes it back.
    What was forgotten stays out.
    """
    tombstones = tables.tombstones()
    kept = (post for post in posts if tombstones.isdisjoint(post.tombstones))
    sources = {row.clip_id: row for row in tables.read(SourceRow)}
    known = {row.clip_id: row for row in tables.read(ClipRow)}
    found = UpsertResult()
    clips: dict[str, ClipRow] = {}
    places: dict[str, SourceRow] = {}
    observations: list[ObservationRow] = []
    provenance: list[ProvenanceRow] = []
    for position, post in enumerate(kept, start):
        clip_id = post.clip_id
        if clip_id not in places:
            found.listed += 1
        places[clip_id] = _place(sources.get(clip_id), places.get(clip_id), post, position)
        row = without_offset(post.clip)
        clips[clip_id] = merged(clips.get(clip_id) or known.get(clip_id), row, post.provenance.format)
        if post.observation is not None:
            observations.append(post.observation)
        provenance.append(post.provenance)
    for name, clip in clips.items():
        places[name] = dataclasses.replace(places[name], kind=fetched_kind(places[name].kind, clip.media_type))
    clips = {name: dataclasses.replace(row, kind=places[name].kind) for name, row in clips.items()}
    found.new = [clip_id for clip_id in places if clip_id not in sources]
    found.changed_files = [name for name, row in places.items() if name in sources and sources[name].stamp != row.stamp]
    found.changed_captions = [
        name for name, row in clips.items() if name in known and known[name].caption != row.caption
    ]
    tables.replace([row for name, row in places.items() if sources.get(name) != row])
    tables.replace([row for name, row in clips.items() if known.get(name) != row])
    tables.observe(observations)
    _remember(tables, provenance)
    return found


def merged(known: ClipRow | None, row: ClipRow, source: str) -> ClipRow:
    """What is known of a clip once `row`, from one source, has been read too."""
    if known is None:
        return row
    values: dict[str, Any] = {}
    origins = dict(known.field_sources or {})  # NULL in a database of an older version
    for name, followers in FIELDS.items():
        stated = getattr(row, name) is not None
        origin = origins.get(name)
        if stated and (origin is None or _rank(source) >= _rank(origin)):
            origins[name] = source
        elif not stated and origin == source and source in WHOLE:
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


def fetched_kind(kind: str, media_type: str | None) -> str:
    """Where bytes come from, given what a post shows: no platform is asked for the video of one that holds none."""
    return "post" if kind == "url" and media_type in WITHOUT_VIDEO else kind


def _rank(source: str) -> int:
    return RANKS.get(source, OTHER_RANK)


def _place(known: SourceRow | None, listed: SourceRow | None, post: PostRows, position: int) -> SourceRow:
    """Where the bytes of a clip come from: the best of what was known, what was just listed, and this."""
    row = SourceRow(post.clip_id, position, post.source.kind, post.source.location, post.source.stamp)
    if listed is not None:
        return listed if KINDS.index(listed.kind) <= KINDS.index(row.kind) else row
    if known is not None and KINDS.index(known.kind) < KINDS.index(row.kind):
        return known
    return row


def _remember(tables: Tables, rows: Sequence[ProvenanceRow]) -> None:
    """Add the places that were not known yet; one that a newer reader has read again notes its version."""

    def name(row: ProvenanceRow) -> tuple[Any, ...]:
        return row.clip_id, row.source, row.file_sha256, row.file_row

    known = {name(row): row for row in tables.read(ProvenanceRow, [row.clip_id for row in rows])}
    read = {name(row): row for row in rows}
    renewed = {
        each: dataclasses.replace(row, first_seen_at=known[each].first_seen_at)
        for each, row in read.items()
        if each in known and known[each].format_version != row.format_version
    }
    if renewed:
        clip_ids = {row.clip_id for row in renewed.values()}
        tables.delete(ProvenanceRow, sorted(clip_ids))
        tables.insert([row for each, row in (known | renewed).items() if row.clip_id in clip_ids])
    tables.insert([row for each, row in read.items() if each not in known])


def add_import(tables: Tables, row: ImportRow, exposures: Sequence[ExposureRow]) -> None:
    """Note a file that was read into the study, once, and what its donor saw, inside a transaction.

    What was seen of clips that the study does not hold is left out: they were forgotten.
    """
    known_files = {(known.file_sha256, known.format, known.format_version) for known in tables.read(ImportRow)}
    if (row.file_sha256, row.format, row.format_version) not in known_files:
        tables.insert([row])

    def name(exposure: ExposureRow) -> tuple[Any, ...]:
        return exposure.donor_key, exposure.clip_id, exposure.kind, exposure.seen_at

    clip_ids = list({exposure.clip_id for exposure in exposures})
    held = {row.clip_id for row in tables.read(SourceRow, clip_ids)}
    known = set(map(name, tables.read(ExposureRow, clip_ids)))
    plain = {name(exposure): exposure for exposure in map(without_offset, exposures) if exposure.clip_id in held}
    tables.insert([exposure for each, exposure in plain.items() if each not in known])
