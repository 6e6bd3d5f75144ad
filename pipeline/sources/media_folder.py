"""Media files of a study as clips, with the metadata in their sidecars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.records import Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.sources.sidecars import Sidecar, is_inside, read_info, read_sidecar
from pipeline.study.config import Study, StudyFile
from pipeline.study.source_options import SourceOptions

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".3gp", ".ts", ".mpg", ".mpeg")
AUDIO_SUFFIXES = (".mp3", ".m4a", ".aac", ".wav", ".flac", ".ogg", ".opus")
MEDIA_SUFFIXES = frozenset({*VIDEO_SUFFIXES, *AUDIO_SUFFIXES})
WILDCARD = re.compile(r"[*?\[]")


class MediaFiles:
    """The media files of all sources of a study; sidecar rows without a file come at the end."""

    def __init__(self, study: Study) -> None:
        self._study = study
        named = {source.sidecar for source in study.file.sources if source.sidecar}
        self._sidecars: Mapping[str, Sidecar] = {name: read_sidecar(study.file.resolve(name)) for name in sorted(named)}
        self._labels: dict[str, str] = {}  # of the first source that reads a sidecar
        self._found: set[tuple[str, str]] = set()  # sidecar and name of the rows that have their file
        self._clip_ids: set[str] = set()

    def of(self, source: SourceOptions, label: str) -> Iterator[SourcedPost]:
        """The files of one source in order; `ConfigError` if there are none."""
        sidecar = self._sidecars.get(source.sidecar or "", Sidecar())
        if source.sidecar:
            self._labels.setdefault(source.sidecar, label)
        folder, paths = _files_of_source(self._study.file, source)
        for path in paths:
            relative = path.relative_to(folder).as_posix()
            name = next((name for name in (relative, path.name) if name in sidecar.rows), None)
            post, place = Post(source="file"), Provenance(label)
            if name is not None:
                self._found.add((source.sidecar or "", name))
                post, place = sidecar.rows[name].post, sidecar.place(label, sidecar.rows[name])
            elif (described := read_info(path, label)) is not None:
                post, place = described
            stat = path.stat()
            clip_id = _clip_id(post, as_text(relative))
            self._clip_ids.add(clip_id)
            stamp = f"{stat.st_size}-{stat.st_mtime_ns}"
            yield SourcedPost(clip_id, Source("file", as_text(str(path)), stamp), post, place)

    def missing(self) -> Iterator[SourcedPost]:
        """Sidecar rows without their file: they become clips that fail with a reason, instead of vanishing."""
        for sidecar, label in self._labels.items():
            folder = self._study.file.resolve(sidecar).parent
            for name, row in self._sidecars[sidecar].rows.items():
                clip_id = _clip_id(row.post, name)
                if (sidecar, name) not in self._found and clip_id not in self._clip_ids:
                    place = self._sidecars[sidecar].place(label, row)
                    yield SourcedPost(clip_id, Source("file", str(folder / name), ""), row.post, place)


def as_text(name: str) -> str:
    """A file's name as a database can hold it: bytes that are not UTF-8 are escaped, so that it leads to no file."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _clip_id(post: Post, name: str) -> str:
    return f"{post.platform}:{post.post_id}" if post.platform and post.post_id else f"file:{name}"


def _files_of_source(file: StudyFile, source: SourceOptions) -> tuple[Path, list[Path]]:
    """The folder that clip ids are relative to, and its media files in order."""
    if source.folder:
        folder = file.resolve(source.folder)
        if not folder.is_dir():
            raise ConfigError(f"{file.path.name}: the folder {folder} is not there")
        listed = [
            path for path in sorted(folder.rglob("*")) if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file()
        ]
    else:
        pattern = Path(source.glob or "")
        fixed = [part for part in pattern.parts if not WILDCARD.search(part)]
        depth = next((i for i, part in enumerate(pattern.parts) if WILDCARD.search(part)), len(fixed) - 1)
        folder = file.resolve(str(Path(*pattern.parts[:depth]))) if depth else file.path.parent
        try:
            found = (path for path in folder.glob(str(Path(*pattern.parts[depth:]))) if path.is_file())
            # as in a folder: links to other folders are not followed
            listed = sorted(path for path in found if is_inside(path, folder, file.path.parent))
        except (OSError, ValueError, NotImplementedError) as error:
            raise ConfigError(f"{file.path.name}: {source.glob!r} is no pattern of files: {error}") from error
    if not listed:
        raise ConfigError(f"{file.path.name}: no media file matches {source.folder or source.glob}")
    return folder, listed
