"""The sources of a study, read: files, addresses and exports as clips, and the pages that a run will list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.addresses import listing_platform
from pipeline.collect.listing import ListingRequest
from pipeline.config import Study
from pipeline.errors import ConfigError
from pipeline.imports.formats import BY_NAME, Hints, digest, read
from pipeline.imports.plain_csv import CSV
from pipeline.imports.result import ImportResult, enrolments, unresolved_id
from pipeline.imports.rows import header
from pipeline.media_files import MediaFiles
from pipeline.posts import Enrolment, Place, Post, post_address
from pipeline.records import Source
from pipeline.source_options import SourceOptions

ADDRESS = re.compile(r"https?://[^\s/]+")


@dataclass(frozen=True, slots=True)
class Export:
    """A file of another tool, read, and what is to become of its posts."""

    label: str  # of the source
    result: ImportResult
    fetch: bool  # whether media is fetched from the posts' addresses

    def enrolments(self) -> Iterator[Enrolment]:
        """The posts of the file with their places."""
        return enrolments(self.result, self.label, self.fetch)


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that the sources of a study name; a clip that several name comes once for each place."""

    enrolments: tuple[Enrolment, ...]  # in the order of the sources, those of exports among them
    exports: tuple[Export, ...]
    listings: tuple[ListingRequest, ...]


def read_sources(study: Study) -> Sources:
    """Read every source of a study, in order; `ConfigError` names the one that cannot be read."""
    files = MediaFiles(study)
    found: list[Enrolment] = []
    exports: list[Export] = []
    listings: list[ListingRequest] = []
    for source, label in zip(study.file.sources, study.file.labels, strict=True):
        if source.folder or source.glob:
            found += files.of(source, label)
        elif source.listing:
            listings.append(_listing(study, source, label))
        elif (export := _export(study, source, label)) is not None:
            exports.append(export)
            found += export.enrolments()
        else:
            found += _addresses(study, source, label)
    found += files.missing()
    once: dict[tuple[str, Place], Enrolment] = {}
    for enrolment in found:
        once.setdefault((enrolment.clip_id, enrolment.place), enrolment)
    return Sources(tuple(once.values()), tuple(exports), tuple(listings))


def _export(study: Study, source: SourceOptions, label: str) -> Export | None:
    """The file of a source if another tool, or the researcher, made it; a list of addresses is none."""
    path = study.resolve(source.export or source.url_file or "")
    if source.urls or (source.url_file and not _is_table(path, source)):
        return None
    if not path.exists():
        raise ConfigError(f"{study.path.name}: the export {path} is not there")
    result = read(path, Hints(source.donor, source.columns, source.platform))
    if source.url_file and result.format != CSV:
        raise ConfigError(f"{study.path.name}: {path} is {BY_NAME[result.format].title}: name it with export")
    if not result.posts and not result.exposures:
        raise ConfigError(f"{study.path.name}: {path} holds no posts: `cliptone import` says what it found")
    return Export(label, result, source.fetch)


def _is_table(path: Path, source: SourceOptions) -> bool:
    return path.is_file() and bool(source.columns or source.platform or "url" in header(path))


def _addresses(study: Study, source: SourceOptions, label: str) -> Iterator[Enrolment]:
    """The addresses of posts: those in the study file, or one a line of a file, where # begins a comment."""
    if source.urls:
        for address in source.urls:
            yield _address(study.path.name, address, Place(label))
        return
    path = study.resolve(source.url_file or "")
    if path.suffix.lower() == ".csv" and path.is_file():
        names = ", ".join(header(path))
        raise ConfigError(f'{path} has no column `url`, it has {names}: name it with columns = {{ url = "…" }}')
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{study.path.name}: the file {path} cannot be read as text in UTF-8") from error
    sha256 = digest(path)
    for number, line in enumerate(lines, start=1):
        address = line.strip()
        if address and not address.startswith("#"):
            yield _address(f"{path}, line {number}", address, Place(label, sha256, number))


def _address(where: str, address: str, place: Place) -> Enrolment:
    if not ADDRESS.match(address):
        raise ConfigError(f"{where}: {address!r} is not an address that starts with https://")
    platform, post_id = post_address(address)
    return Enrolment(
        f"{platform or 'url'}:{post_id or unresolved_id(address)}",
        Source("url", address, ""),
        Post(source="url", platform=platform or "url", post_id=post_id, url=address),
        place,
    )


def _listing(study: Study, source: SourceOptions, label: str) -> ListingRequest:
    address = source.listing or ""
    try:
        platform = listing_platform(address)
    except ConfigError as error:
        raise ConfigError(f"{study.path.name}: {error}") from error
    return ListingRequest(
        source=label,
        address=address,
        platform=platform,
        max_posts=source.max_posts,
        since=source.since,
        max_minutes=source.max_minutes,
    )
