"""The sources of a study as clips: files with their sidecars, and addresses."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.config import SourceOptions, Study
from pipeline.errors import ConfigError
from pipeline.imports.formats import read as read_export
from pipeline.imports.result import enrolments
from pipeline.posts import COUNTS, TEXT_COLUMNS, Enrolment, Post, from_info, parse_time, post_address
from pipeline.records import Source

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".3gp", ".ts", ".mpg", ".mpeg")
AUDIO_SUFFIXES = (".mp3", ".m4a", ".aac", ".wav", ".flac", ".ogg", ".opus")
MEDIA_SUFFIXES = frozenset({*VIDEO_SUFFIXES, *AUDIO_SUFFIXES})
COLUMNS = ("file", *TEXT_COLUMNS, "posted_at", "counted_at", "duration_s", *COUNTS)


def read_sources(study: Study) -> Iterator[Enrolment]:
    """Every clip of every source, in order, each clip once; `ConfigError` names the source that cannot be read.

    A row of a sidecar without its file is a clip too: it is lost for a reason, instead of vanishing.
    """
    seen: set[str] = set()
    sidecars = {name: read_sidecar(study.resolve(name)) for s in study.file.sources if (name := s.sidecar)}
    found: set[tuple[str, str]] = set()  # sidecar and name of the rows that have their file
    for source in study.file.sources:
        if source.folder or source.glob:
            listed = _files(study, source, sidecars.get(source.sidecar or "", {}), found)
        elif source.export:
            listed = _exported(study, source)
        else:
            listed = _addresses(study, source)
        for enrolment in listed:
            if enrolment.clip_id not in seen:
                seen.add(enrolment.clip_id)
                yield enrolment
    for sidecar, rows in sidecars.items():
        for name, post in rows.items():
            clip_id = _clip_id(post, name)
            if (sidecar, name) not in found and clip_id not in seen:
                yield Enrolment(clip_id, Source("file", str(study.resolve(sidecar).parent / name), ""), post)


def _files(
    study: Study, source: SourceOptions, rows: Mapping[str, Post], found: set[tuple[str, str]]
) -> Iterator[Enrolment]:
    folder, paths = _list(study, source)
    for path in paths:
        relative = path.relative_to(folder).as_posix()
        name = next((name for name in (relative, path.name) if name in rows), None)
        if name is not None and source.sidecar:
            found.add((source.sidecar, name))
        post = rows[name] if name is not None else _info_sidecar(path) or Post(source="file")
        stat = path.stat()
        stamp = f"{stat.st_size}-{stat.st_mtime_ns}"
        yield Enrolment(_clip_id(post, relative), Source("file", str(path), stamp), post)


def _clip_id(post: Post, name: str) -> str:
    return f"{post.platform}:{post.post_id}" if post.platform and post.post_id else f"file:{name}"


def _list(study: Study, source: SourceOptions) -> tuple[Path, list[Path]]:
    """The folder that clip ids are relative to, and its media files in order."""
    if source.folder:
        folder = study.resolve(source.folder)
        if not folder.is_dir():
            raise ConfigError(f"{study.path.name}: the folder {folder} is not there")
        listed = [
            path for path in sorted(folder.rglob("*")) if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file()
        ]
    else:
        pattern = Path(source.glob or "")
        fixed = [part for part in pattern.parts if not re.search(r"[*?\[]", part)]
        depth = next((i for i, part in enumerate(pattern.parts) if re.search(r"[*?\[]", part)), len(fixed) - 1)
        folder = study.resolve(str(Path(*pattern.parts[:depth]))) if depth else study.path.parent
        listed = sorted(path for path in folder.glob(str(Path(*pattern.parts[depth:]))) if path.is_file())
    if not listed:
        raise ConfigError(f"{study.path.name}: no media file matches {source.folder or source.glob}")
    return folder, listed


def _info_sidecar(path: Path) -> Post | None:
    """The `.info.json` that yt-dlp writes beside a video; it is read, and nothing in it is followed."""
    sidecar = path.with_suffix(".info.json")
    if not sidecar.is_file():
        return None
    try:
        info = json.loads(sidecar.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ConfigError(f"{sidecar} cannot be read as JSON: {error}") from error
    if not isinstance(info, dict):
        raise ConfigError(f"{sidecar} does not describe a video: it holds no object")
    return from_info(info, "info_json")


def read_sidecar(path: Path) -> dict[str, Post]:
    """Posts of a CSV file by media file; empty cells are unknown, never 0. `ConfigError` names the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            unknown = [name for name in names if name not in COLUMNS]
            if "file" not in names or unknown:
                wrong = f"the unknown columns {', '.join(unknown)}" if "file" in names else "no column `file`"
                raise ConfigError(f"{path} has {wrong}: valid columns are {', '.join(COLUMNS)}")
            return {row["file"]: _csv_post(row, path, line) for line, row in enumerate(reader, start=2)}
    except FileNotFoundError as error:
        raise ConfigError(f"the sidecar {path} is not there") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read as CSV in UTF-8: {error}") from error


def _csv_post(row: dict[str, str], path: Path, line: int) -> Post:
    def cell(name: str) -> str | None:
        return (row.get(name) or "").strip() or None

    try:
        posted, counted, duration = cell("posted_at"), cell("counted_at"), cell("duration_s")
        return Post(
            source="csv",
            platform=cell("platform"),
            post_id=cell("id"),
            url=cell("url"),
            caption=cell("caption"),
            author=cell("author"),
            author_id=cell("author_id"),
            posted_at=parse_time(posted) if posted else None,
            posted_precision=("second" if "T" in posted or ":" in posted else "day") if posted else None,
            duration_s=float(duration) if duration else None,
            sound_id=cell("sound_id"),
            sound_title=cell("sound_title"),
            sound_artist=cell("sound_artist"),
            counted_at=parse_time(counted) if counted else None,
            counts={name: int(count) for name in COUNTS if (count := cell(name)) is not None},
        )
    except ValueError as error:
        raise ConfigError(f"{path}, line {line}: {error}") from error


def _exported(study: Study, source: SourceOptions) -> Iterator[Enrolment]:
    """Posts of another tool's export, to be fetched from their addresses; `cliptone import` shows what is in one."""
    path = study.resolve(source.export or "")
    if not path.exists():
        raise ConfigError(f"{study.path.name}: the export {path} is not there")
    result = read_export(path)
    if not result.posts:
        raise ConfigError(f"{study.path.name}: {path} holds no posts: `cliptone import` says what it found")
    yield from enrolments(result)


def _addresses(study: Study, source: SourceOptions) -> Iterator[Enrolment]:
    addresses = list(source.urls)
    if source.url_file:
        path = study.resolve(source.url_file)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ConfigError(f"{study.path.name}: the file {path} cannot be read") from error
        addresses = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for address in addresses:
        if not re.match(r"https?://[^\s/]+", address):
            raise ConfigError(f"{study.path.name}: {address!r} is not an address that starts with https://")
        platform, post_id = post_address(address)
        yield Enrolment(
            f"{platform}:{post_id}" if platform else f"url:{hashlib.sha256(address.encode()).hexdigest()[:16]}",
            Source("url", address, ""),
            Post(source="url", platform=platform or "url", post_id=post_id, url=address),
        )
