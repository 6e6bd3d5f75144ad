"""Posts become clips of a study: new ones are added, known ones are updated, nothing is stored twice."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.records import ClipRow, ExposureRow, ImportRow, ProvenanceRow, RowT, TombstoneRow
from pipeline.records.post_rows import PostRows
from pipeline.records.runs import SourceRow
from pipeline.sources.formats.spool import Spool
from pipeline.store.authors import Authors
from pipeline.store.merged_clip import KINDS, WHOLE, fetched_kind, merged
from pipeline.store.tables import Tables, now, without_offset
from pipeline.study.source_options import IMPORTED

#: Statements over the clips that one reading has listed.
NEW_BY_FILE = """
    SELECT file_sha256, count(DISTINCT clip_id) FROM provenance SEMI JOIN (FROM listed WHERE is_new) USING (clip_id)
    WHERE file_sha256 IS NOT NULL
    GROUP BY ALL
"""
WITHOUT_COUNT_TIME = """
    SELECT count(*) FROM (
        SELECT clip_id FROM observations SEMI JOIN listed USING (clip_id) GROUP BY clip_id HAVING count(counted_at) = 0
    )
"""


@dataclass
class UpsertResult:
    """What storing posts changed."""

    listed: int = 0  # clips that were named
    new: Spool[str] = field(default_factory=Spool)
    new_by_file: Mapping[str, int] = field(default_factory=dict)  # new clips that a file names, by its sha256
    kept_out: int = 0  # clips that were named and had been forgotten
    joined_authors: int = 0  # names under which authors had stood beside their other one
    without_count_time: int = 0  # of those listed, clips with counts of which none has a time
    changed_files: list[str] = field(default_factory=list)
    changed_captions: list[str] = field(default_factory=list)


class Upsert:
    """Posts on their way into the tables, batch by batch: in memory are those of one batch alone.

    A post that several places name becomes one clip. Each of its fields comes from whoever is believed most, and
    among equals from the last; nothing known is replaced by nothing, except where whoever stated it takes it back.
    What was forgotten stays out.
    """

    def __init__(self, tables: Tables, start: int = 0, *, slideshow_sound: bool = False) -> None:
        """`start` is the position of the first post in the order; `slideshow_sound` has slideshows fetched for it."""
        self._tables, self._position, self._slideshow_sound = tables, start, slideshow_sound
        self._authors = Authors(tables)
        self._kept_out: set[str] = set()
        self._result = UpsertResult()
        self._captions = Differences()
        self._files = Differences()
        tables.script("CREATE OR REPLACE TEMP TABLE listed (clip_id VARCHAR, is_new BOOLEAN)")
        self._tombstones = tables.tombstones()

    def add(self, posts: Iterable[PostRows]) -> None:
        """Store a batch, inside a transaction."""
        kept = self._not_forgotten(posts)
        author_keys = self._authors.settle([post.author_names for post in kept])
        names = list({post.clip_id for post in kept})
        sources = {row.clip_id: row for row in self._tables.read(SourceRow, names)}
        known = {row.clip_id: row for row in self._tables.read(ClipRow, names)}
        places = {name: sources[name] for name in self._listed_before(names)}
        self._result.listed += len(names) - len(places)
        self._note_listed(names, sources, places)
        clips: dict[str, ClipRow] = {}
        remembered = self._tables.read(ProvenanceRow, names)
        stated = _by_clip(remembered)
        for post, author_key in zip(kept, author_keys, strict=True):
            name = post.clip_id
            places[name] = _place(sources.get(name), places.get(name), post, self._position)
            self._position += 1
            before = clips.get(name) or known.get(name)
            row = without_offset(post.clip)
            if row.author_key != author_key:
                row = dataclasses.replace(row, author_key=author_key)
            takes_back = _takes_back(post.provenance, stated[name])
            clips[name] = merged(before, row, post.provenance.format, takes_back=takes_back)
            stated[name].append(post.provenance)
        _without_video(clips, places, self._slideshow_sound)
        for name, place in places.items():
            if name in sources:
                self._files.note(name, sources[name].stamp, place.stamp)
        for name, clip in clips.items():
            if name in known:
                self._captions.note(name, known[name].caption, clip.caption)
        _put(self._tables, places, sources)
        _put(self._tables, clips, known)
        self._tables.observe([post.observation for post in kept if post.observation is not None])
        _remember(self._tables, remembered, [post.provenance for post in kept])

    def _not_forgotten(self, posts: Iterable[PostRows]) -> list[PostRows]:
        """The posts that may come in; a forgotten author is forgotten under every name that their posts state."""
        sorted_out = [(post, self._is_forgotten(post)) for post in posts]
        known = {row.clip_key: row for row in self._tables.read(TombstoneRow)} if self._tombstones else {}
        new: dict[str, TombstoneRow] = {}
        for post, is_forgotten in sorted_out:
            causes = [known[one].cause for one in post.author_tombstones & known.keys()] if is_forgotten else []
            for one in post.author_tombstones - known.keys() if causes else ():
                new[one] = TombstoneRow(one, now(), causes[0], "account")
        self._tables.insert(list(new.values()))
        self._tombstones |= new.keys()
        self._kept_out |= {post.clip_id for post, is_forgotten in sorted_out if is_forgotten}
        return [post for post, is_forgotten in sorted_out if not is_forgotten]

    def _is_forgotten(self, post: PostRows) -> bool:
        if self._tombstones and post.tombstones is None:
            raise ValueError("a study that has forgotten somebody takes no post without its tombstones")
        return not self._tombstones.isdisjoint(post.tombstones or ())

    def changed(self) -> tuple[list[str], list[str]]:
        """Known clips with another file, and those with another caption, than at the last call."""
        files, captions = self._files.take(), self._captions.take()
        self._result.changed_files += files
        self._result.changed_captions += captions
        return files, captions

    def result(self) -> UpsertResult:
        """What all batches changed."""
        self._result.new_by_file = dict(self._tables.connection.execute(NEW_BY_FILE).fetchall())
        self._result.without_count_time = self._tables.number(WITHOUT_COUNT_TIME)
        self._result.kept_out = len(self._kept_out)
        self._result.joined_authors = self._authors.joined
        self._tables.script("DROP TABLE listed")
        return self._result

    def _listed_before(self, names: Sequence[str]) -> set[str]:
        """Those of some clips that an earlier batch named."""
        return self._tables.texts("SELECT clip_id FROM listed WHERE clip_id IN (SELECT unnest($ids))", {"ids": names})

    def _note_listed(self, names: Sequence[str], known: Collection[str], before: Collection[str]) -> None:
        first = [name for name in names if name not in before]
        new = [name not in known for name in first]
        self._result.new.extend(name for name, is_new in zip(first, new, strict=True) if is_new)
        rows = {"ids": first, "new": new}
        self._tables.script("INSERT INTO listed SELECT unnest($ids), unnest($new)", rows)


class Differences:
    """What differs from how it was in the beginning: a value that comes back is no difference."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str | None, str | None]] = {}

    def note(self, name: str, before: str | None, after: str | None) -> None:
        """A value was one thing and is another now."""
        if before != after or name in self._values:
            self._values[name] = self._values.get(name, (before,))[0], after

    def take(self) -> list[str]:
        """The names of all that differs; from now on this is the beginning."""
        found = [name for name, (before, after) in self._values.items() if before != after]
        self._values = {}
        return found


def _put(tables: Tables, rows: Mapping[str, RowT], known: Mapping[str, RowT]) -> None:
    """Store the rows that are new, and those that differ from what is known in its place."""
    tables.insert([row for name, row in rows.items() if name not in known])
    tables.replace([row for name, row in rows.items() if name in known and known[name] != row])


def _without_video(clips: dict[str, ClipRow], places: dict[str, SourceRow], slideshow_sound: bool) -> None:
    """No platform is asked for the video of a post that is known to hold none."""
    for name, clip in clips.items():
        kind = fetched_kind(places[name].kind, clip.media_type, slideshow_sound)
        if kind != places[name].kind:
            places[name] = dataclasses.replace(places[name], kind=kind)
        if clip.kind != places[name].kind:
            clips[name] = dataclasses.replace(clip, kind=places[name].kind)


def _by_clip(places: Iterable[ProvenanceRow]) -> defaultdict[str, list[ProvenanceRow]]:
    found: defaultdict[str, list[ProvenanceRow]] = defaultdict(list)
    for place in places:
        found[place.clip_id].append(place)
    return found


def _takes_back(place: ProvenanceRow, others: Iterable[ProvenanceRow]) -> bool:
    """Whether a place that says nothing of a field takes back what its format has stated: none else can have stated it.

    A file that was changed is one place with what it was before; a file that was imported, or another row, is another.
    """
    if place.format not in WHOLE or place.source == IMPORTED:
        return False
    of_format = [one for one in others if one.format == place.format]
    return all(
        one.source == place.source and (one.file_sha256 != place.file_sha256 or one.file_row == place.file_row)
        for one in of_format
    )


def _place(known: SourceRow | None, listed: SourceRow | None, post: PostRows, position: int) -> SourceRow:
    """Where the bytes of a clip come from: the best of what was known, what was just listed, and this."""
    before = listed or known
    alias = post.author_alias or (before.author_alias if before else None)
    row = SourceRow(post.clip_id, position, post.source.kind, post.source.location, post.source.stamp, alias)
    rank = KINDS.index(row.kind)
    if before is None or KINDS.index(before.kind) > rank or (listed is None and KINDS.index(before.kind) == rank):
        return row
    return before if before.author_alias == alias else dataclasses.replace(before, author_alias=alias)


def _remember(tables: Tables, remembered: Sequence[ProvenanceRow], rows: Sequence[ProvenanceRow]) -> None:
    """Add the places that are not remembered yet; one that a newer reader has read again notes its version."""

    def name(row: ProvenanceRow) -> tuple[Any, ...]:
        return row.clip_id, row.source, row.file_sha256, row.file_row

    known = {name(row): row for row in remembered}
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


def add_import(tables: Tables, row: ImportRow) -> None:
    """Note a file that was read into the study, once, inside a transaction."""
    known_files = {(known.file_sha256, known.format, known.format_version) for known in tables.read(ImportRow)}
    if (row.file_sha256, row.format, row.format_version) not in known_files:
        tables.insert([row])


def add_exposures(tables: Tables, exposures: Sequence[ExposureRow]) -> None:
    """Note what a donor saw, once, inside a transaction.

    What was seen of clips that the study does not hold is left out: they were forgotten.
    """

    def name(exposure: ExposureRow) -> tuple[Any, ...]:
        return exposure.donor_key, exposure.clip_id, exposure.kind, exposure.seen_at

    clip_ids = list({exposure.clip_id for exposure in exposures})
    held = {row.clip_id for row in tables.read(SourceRow, clip_ids)}
    known = set(map(name, tables.read(ExposureRow, clip_ids)))
    plain = {name(exposure): exposure for exposure in map(without_offset, exposures) if exposure.clip_id in held}
    tables.insert([exposure for each, exposure in plain.items() if each not in known])
