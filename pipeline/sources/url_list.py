"""URLs of posts one by one: those in a study file, and those of a text file with one a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import ConfigError, UserError
from pipeline.records import Source
from pipeline.records.post import Post, Provenance, SourcedPost, is_fetched
from pipeline.sources.formats.columns import NAMES_ADVICE, holds_values
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.opening import open_text
from pipeline.sources.formats.reading import digest
from pipeline.sources.formats.result import Reject, post_url, unresolved_id
from pipeline.sources.formats.tables import header
from pipeline.sources.formats.values import SURROGATE, shown
from pipeline.sources.platforms.options import wants_slideshow_sound
from pipeline.sources.post_urls import read_url, with_scheme
from pipeline.study.config import StudyFile
from pipeline.study.source_options import SourceOptions

MOST_ERRORS = 20  # of one list in a message
URL = re.compile(r"https?://[^\s/]+", re.IGNORECASE)


def read_url_list(file: StudyFile, source: SourceOptions, label: str) -> tuple[list[SourcedPost], list[Reject]]:
    """The posts of a source of URLs, and the lines of its file that name none.

    `ConfigError` for a file of which nothing can be read, and names every wrong URL of the study file.
    """
    path = file.resolve(source.url_file) if source.url_file else None
    rows = list(enumerate(source.urls, start=1) if path is None else _lines(file, source, path))
    if path is not None and not rows:
        raise ConfigError(f"{file.path.name}: {path} holds no URL")
    sha256 = digest(path) if path else None
    sound = wants_slideshow_sound(file.options)
    found: list[SourcedPost] = []
    rejects: list[Reject] = []
    for number, url in rows:
        try:
            found.append(_post(url, Provenance(label, sha256, number if path else None), sound))
        except Rejected as rejected:
            rejects.append(Reject(number, rejected.note.reason, rejected.note.example))
    if rejects and (path is None or not found):
        unit = "URL" if path is None else "line"
        raise ConfigError(f"{path or file.path.name}: {'; '.join(_with_numbers(rejects, unit))}")
    return found, rejects


def _lines(file: StudyFile, source: SourceOptions, path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that hold something, with their numbers; # begins a comment."""
    names = header(path, source.encoding) if path.suffix.lower() == ".csv" and path.is_file() else ()
    if holds_values(names) and len(names) > 1:
        raise ConfigError(f"{path} has no names of columns: {NAMES_ADVICE}")
    if names and not holds_values(names):
        wanted = 'name it with columns = { url = "…" }'
        raise ConfigError(f"{path} has no column `url`, it has {', '.join(names)}: {wanted}")
    try:
        with open_text(path, encoding=source.encoding) as lines:
            for number, line in enumerate(lines, start=1):
                url = line.strip()
                if url and not url.startswith("#"):
                    yield number, url
    except (OSError, UnicodeError, UserError) as error:
        raise ConfigError(f"{file.path.name}: the file {path} cannot be read as text: {error}") from error


def _post(url: str, place: Provenance, slideshow_sound: bool) -> SourcedPost:
    named = read_url(url)
    url = url if named is None else with_scheme(url)
    if not URL.match(url) or SURROGATE.search(url):
        raise Rejected("it is not a URL that starts with https://", shown(url))
    if named is not None and named.kind not in ("post", "short link"):
        raise Rejected(f"it cannot be fetched: {named.sentence}", shown(url))
    if named is None or named.name is None or named.kind == "short link":
        clip_id = f"url:{unresolved_id(url)}"
        return SourcedPost(clip_id, Source("url", url, ""), Post(source="url", platform="url", url=url), place)
    url = post_url(named.platform, named.name) or url
    post = Post("url", named.platform, named.name, url, author=named.account, media_type=named.media_type)
    kind = "url" if is_fetched(post.media_type, slideshow_sound) else "post"
    return SourcedPost(f"{named.platform}:{named.name}", Source(kind, url, ""), post, place)


def _with_numbers(rejects: Sequence[Reject], unit: str) -> list[str]:
    """Why each was rejected, with its number: as many as a message holds."""
    said = [f"{unit} {one.number}: {one.sentence}" for one in rejects[:MOST_ERRORS]]
    return [*said, f"and {len(rejects) - MOST_ERRORS} more"] if len(rejects) > MOST_ERRORS else said
