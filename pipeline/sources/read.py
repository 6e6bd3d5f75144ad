"""Read the sources of a study: files, URLs and exports as clips, and the pages that a run will list."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.records import ClipRow
from pipeline.records.post import Provenance, SourcedPost
from pipeline.sources.accounts import SourceAccount
from pipeline.sources.count_times import file_times, with_count_time
from pipeline.sources.formats.columns import choose_columns, further_columns
from pipeline.sources.formats.formats import BY_NAME, FORMATS
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.plain_csv import CSV
from pipeline.sources.formats.reading import read
from pipeline.sources.formats.result import ImportResult, Reject, reason_lines, sourced_posts
from pipeline.sources.formats.tables import header
from pipeline.sources.media_folder import WILDCARD, MediaFiles
from pipeline.sources.platforms.listing import ListingRequest
from pipeline.sources.platforms.options import wants_slideshow_sound
from pipeline.sources.platforms.urls import listing_platform
from pipeline.sources.url_list import read_url_list
from pipeline.study.config import Study, StudyFile
from pipeline.study.shard import Shard
from pipeline.study.source_options import SourceOptions


@dataclass(frozen=True, slots=True)
class SourceExport:
    """A file of another tool after reading, and whether the media of its posts is fetched."""

    label: str  # of the source
    result: ImportResult
    fetch: bool  # whether media is fetched from the posts' URLs
    slideshow_sound: bool = False  # whether that of slideshows is, too

    @property
    def sourced_posts(self) -> Iterator[SourcedPost]:
        """The posts of the file with their provenance."""
        return sourced_posts(self.result, self.label, self.fetch, self.slideshow_sound)

    def notes(self, *, examples: bool) -> Iterator[str]:
        """What was not read or corrected, and columns that seem to hold more, sentence by sentence."""
        found = self.result
        shows = examples and found.donor is None  # what a person gave is not put on a screen
        if examples and found.columns is not None and any(found.columns.unused):
            yield f"{self.label}: columns not used: {', '.join(filter(None, found.columns.unused))}"
        further = further_columns(found.columns) if found.columns is not None else {}
        if further:
            pairs = ", ".join(f"{ours} = {json.dumps(theirs, ensure_ascii=False)}" for ours, theirs in further.items())
            yield f"{self.label}: what seems to hold more of ours is taken with columns = {{ {pairs} }}"
        for line in (*reason_lines(found.rejects, examples=shows), *reason_lines(found.notes, examples=shows)):
            yield f"{self.label}: {line}"

    @property
    def account(self) -> SourceAccount:
        """What became of its rows."""
        found = self.result
        clips = len(found.posts) - found.repeated
        return SourceAccount(self.label, "row", clips, found.repeated, len(found.exposures), len(found.rejects))


@dataclass(frozen=True, slots=True)
class SourceList:
    """Media files or URLs that a source names."""

    label: str
    unit: str  # file, URL or row
    rows: int  # without those that were rejected
    sourced_posts: tuple[SourcedPost, ...]  # those from one place once
    rejects: Sequence[Reject] = ()

    def notes(self, *, examples: bool) -> Iterator[str]:
        """What was not read, sentence by sentence."""
        return (f"{self.label}: {line}" for line in reason_lines(self.rejects, examples=examples))

    @property
    def account(self) -> SourceAccount:
        """What became of them."""
        clips = len({one.clip_id for one in self.sourced_posts})
        return SourceAccount(self.label, self.unit, clips, self.rows - clips, rejected=len(self.rejects))


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that the sources of a study name."""

    parts: tuple[SourceExport | SourceList, ...]  # in the order of the sources
    listings: tuple[ListingRequest, ...]
    notes: tuple[str, ...] = ()  # what does not fit together, sentence by sentence
    shard: Shard | None = None  # of the study, which takes its own clips alone
    times: Mapping[str, datetime] = field(default_factory=dict)  # of counts, by source, see `file_times`

    @property
    def exports(self) -> tuple[SourceExport, ...]:
        """The files of other tools."""
        return tuple(part for part in self.parts if isinstance(part, SourceExport))

    @property
    def lists(self) -> tuple[SourceList, ...]:
        """The lists of files and URLs."""
        return tuple(part for part in self.parts if isinstance(part, SourceList))

    def all_notes(self, *, examples: bool) -> Iterator[str]:
        """What does not fit together, and what was not read of each source, with examples of values or without."""
        yield from self.notes
        for part in self.parts:
            yield from part.notes(examples=examples)

    @property
    def sourced_posts(self) -> Iterator[SourcedPost]:
        """All posts, in the order of the sources; a clip that several places name comes once for each."""
        for part in self.parts:
            for one in part.sourced_posts:
                if self.shard is None or self.shard.holds(one.clip_id):
                    yield with_count_time(one, self.times)


def read_sources(study: Study) -> Sources:
    """Read every source of a study, in order; `ConfigError` names the one that cannot be read."""
    files = MediaFiles(study)
    parts: list[SourceExport | SourceList] = []
    listings = read_listings(study)
    for source, label in zip(study.file.sources, study.file.labels, strict=True):
        if source.folder or source.glob:
            parts.append(_source_list(label, "file", files.of(source, label)))
        elif not source.listing and (export := _source_export(study.file, source, label)) is not None:
            parts.append(export)
        elif not source.listing:
            parts.append(_source_list(label, "URL", *read_url_list(study.file, source, label)))
    if missing := list(files.missing()):
        parts.append(_source_list("sidecars", "row without its file", missing))
    return Sources(tuple(parts), listings, tuple(files.notes()), study.folder.shard, file_times(study.file))


def _source_list(label: str, unit: str, found: Iterable[SourcedPost], rejects: Sequence[Reject] = ()) -> SourceList:
    once: dict[tuple[str, Provenance], SourcedPost] = {}
    rows = 0
    for one in found:
        rows += 1
        once.setdefault((one.clip_id, one.place), one)
    return SourceList(label, unit, rows, tuple(once.values()), rejects)


def read_listings(study: Study) -> tuple[ListingRequest, ...]:
    """The pages that the study file has listed; `ConfigError` names the one that cannot be. A shard lists none."""
    if study.folder.shard:
        return ()
    named = zip(study.file.sources, study.file.labels, strict=True)
    return tuple(_listing_request(study.file, source, label) for source, label in named if source.listing)


def stamp(file: StudyFile, key: bytes | None) -> str | None:
    """A stamp that changes with the sources and with the code that reads them; None if a file is missing.

    Files count by size and modification time, as those of clips do; of folders, everything in them counts.
    """
    readers = [version("cliptone"), *(f"{known.name} {known.version}" for known in FORMATS)]
    readers += [column.name for column in ClipRow.columns()]  # a column that is new is empty until they are read again
    readers.append("all names of authors")  # what an earlier version read says too little of who is who
    readers += ["sound of slideshows"] if wants_slideshow_sound(file.options) else []
    secret = None if key is None else hashlib.sha256(key).hexdigest()
    read = hashlib.sha256(json.dumps([readers, secret, str(file.path.parent)]).encode())
    try:
        for source, label in zip(file.sources, file.labels, strict=True):
            read.update(f"\n{label} {source.model_dump_json()}".encode())
            for path in _source_paths(file, source):
                for line in _file_stamps(path):
                    read.update(line.encode(errors="surrogateescape"))
    except OSError:
        return None
    return read.hexdigest()


def _source_paths(file: StudyFile, source: SourceOptions) -> Iterator[Path]:
    """The files and folders that a source reads."""
    fixed: list[str] = []
    for part in Path(source.glob or "").parts:
        if WILDCARD.search(part):
            break
        fixed.append(part)
    named = (source.folder, source.sidecar, source.url_file, source.export, str(Path(*fixed)) if source.glob else None)
    return (file.resolve(name) for name in named if name)


def _file_stamps(path: Path) -> Iterator[str]:
    """Name, size and time of a file, or of every file in a folder and below, in order."""
    if not path.is_dir():
        stat = path.stat()
        yield f"\n{path} {stat.st_size} {stat.st_mtime_ns}"
        return
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _file_stamps(Path(entry.path))
        elif entry.is_dir():
            raise OSError(f"{entry.path} is a link to a folder: what lies in it is not looked through")
        else:
            stat = entry.stat()
            yield f"\n{entry.path} {stat.st_size} {stat.st_mtime_ns}"


def _source_export(file: StudyFile, source: SourceOptions, label: str) -> SourceExport | None:
    """The file of a source if another tool, or the researcher, made it; None for a list of URLs."""
    path = file.resolve(source.export or source.url_file or "")
    if source.urls or (source.url_file and not _is_table(path, source)):
        return None
    if not path.exists():
        raise ConfigError(f"{file.path.name}: the export {path} is not there")
    result = read(path, Hints(source.donor, source.columns, source.platform, source.encoding, source.date_format))
    if source.url_file and result.format != CSV:
        raise ConfigError(f"{file.path.name}: {path} is {BY_NAME[result.format].title}: name it with export")
    if result.rejects and not result.posts and not result.exposures:
        why = "; ".join(reason_lines(result.rejects, examples=result.donor is None))
        raise ConfigError(f"{file.path.name}: {path} holds no post that can be read: {why}")
    return SourceExport(label, result, source.fetch, wants_slideshow_sound(file.options))


def _is_table(path: Path, source: SourceOptions) -> bool:
    if not path.is_file():
        return False
    return bool(source.columns or source.platform or "url" in choose_columns(header(path, source.encoding)).used)


def _listing_request(file: StudyFile, source: SourceOptions, label: str) -> ListingRequest:
    url = source.listing or ""
    try:
        platform = listing_platform(url)
    except ConfigError as error:
        raise ConfigError(f"{file.path.name}: {error}") from error
    return ListingRequest(
        source=label,
        url=url,
        platform=platform,
        max_posts=source.max_posts,
        since=source.since,
        max_minutes=source.max_minutes,
    )
