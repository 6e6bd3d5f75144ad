"""Media files of a study as clips, with the metadata in their sidecars."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.records import Source
from pipeline.records.counted import counted
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.sources.formats.result import NumberedPost, Reject, reason_lines
from pipeline.sources.sidecars import Sidecar, is_inside, key_of, read_info, read_sidecar
from pipeline.sources.tool_sidecars import POST_NAME, read_tool_sidecar
from pipeline.study.config import Study, StudyFile
from pipeline.study.files import sha256_of
from pipeline.study.source_options import SourceOptions

VIDEO = "mp4 mov m4v webm mkv avi divx 3gp 3g2 ts mts m2ts mpg mpeg vob flv f4v wmv asf ogv mxf rm rmvb dv"
AUDIO = (
    "mp3 mp2 mpga m4a m4b m4r aac wav flac ogg oga opus spx weba mka amr awb 3ga aif aiff aifc caf wma ac3 eac3 au snd "
    "w64 wv tta ape voc ra"
)
#: What lies beside media: descriptions, captions and pictures of posts; nobody misses them as clips.
COMPANIONS = (
    "json ndjson jsonl xz csv tsv txt md toml xml html description vtt srt ass lrc jpg jpeg png webp gif heic avif"
)
#: Endings of containers that `pipeline.media.sandbox.worker` opens.
MEDIA_SUFFIXES = frozenset(f".{ending}" for ending in (VIDEO + " " + AUDIO).split())
COMPANION_SUFFIXES = frozenset(f".{ending}" for ending in COMPANIONS.split())
MOST_NAMES = 5  # in a note
WILDCARD = re.compile(r"[*?\[]")


class MediaFiles:
    """The media files of all sources of a study; sidecar rows without a file come at the end."""

    def __init__(self, study: Study) -> None:
        self._study = study
        named = {source.sidecar: source for source in reversed(study.file.sources) if source.sidecar}
        self._sidecars: Mapping[str, Sidecar] = {
            name: read_sidecar(study.file.resolve(name), source.encoding, source.date_format)
            for name, source in sorted(named.items())
        }
        self._labels: dict[str, str] = {}  # of the first source that reads a sidecar
        self._found: set[tuple[str, str]] = set()  # sidecar and key of the rows that have their file
        self._without_row: dict[str, list[str]] = {}  # by sidecar, files that no row names
        self._files: dict[int, list[Path]] = {}  # by size in bytes
        self._clip_ids: set[str] = set()
        self._damaged: list[str] = []
        self._corrections: list[Reject] = []  # of descriptions
        self._left_out: dict[Path, list[str]] = {}  # by folder, files whose ending is not one of media
        self._named_by_id: list[str] = []  # files of which nothing is known, but that have a post's id for a name

    def of(self, source: SourceOptions, label: str) -> Iterator[SourcedPost]:
        """The files of one source in order; `ConfigError` if there are none."""
        sidecar = self._sidecars.get(source.sidecar or "", Sidecar())
        if source.sidecar:
            self._labels.setdefault(source.sidecar, label)
        folder, paths, left_out = _files_of_source(self._study.file, source)
        outputs = self._study.folder.root.parent  # a study may lie in its own source
        if left_out := [name for name in left_out if not (folder / name).is_relative_to(outputs)]:
            self._left_out[folder] = left_out
        for path in paths:
            relative = path.relative_to(folder).as_posix()
            key = self._key_in(sidecar, source, path, relative)
            post, place = Post(source="file"), Provenance(label)
            if key is not None:
                self._found.add((source.sidecar or "", key))
                post, place = sidecar.rows[key].post, sidecar.place(label, sidecar.rows[key])
            else:
                if source.sidecar:
                    self._without_row.setdefault(source.sidecar, []).append(relative)
                described = self._described(path, label)
                post, place = described or (post, place)
                self._corrections += [Reject(0, note.reason, note.example) for note in post.notes]
                if described is None and POST_NAME.fullmatch(path.stem):
                    self._named_by_id.append(path.name)
            stat = path.stat()
            self._files.setdefault(stat.st_size, []).append(path)
            clip_id = _clip_id(post, as_text(relative))
            self._clip_ids.add(clip_id)
            stamp = f"{stat.st_size}-{stat.st_mtime_ns}"
            yield SourcedPost(clip_id, Source("file", as_text(str(path)), stamp), post, place)

    def _key_in(self, sidecar: Sidecar, source: SourceOptions, path: Path, relative: str) -> str | None:
        """The key of a file's row: a row names it below its source, below the sidecar, or by its name alone."""
        names = [relative, path.name]
        home = self._study.file.resolve(source.sidecar or "").parent
        if path.is_relative_to(home):
            names.insert(1, path.relative_to(home).as_posix())
        return next((key for key in map(key_of, names) if key in sidecar.rows), None)

    def _described(self, path: Path, label: str) -> tuple[Post, Provenance] | None:
        """What yt-dlp or another tool wrote beside a file; a damaged description costs the file no more than that."""
        try:
            return read_info(path, label) or read_tool_sidecar(path, label)
        except ConfigError as error:
            self._damaged.append(f"{error}; {path.name} is taken without it")
            return None

    def missing(self) -> Iterator[SourcedPost]:
        """Sidecar rows without their file: they become clips that fail with a reason, instead of vanishing."""
        for sidecar, label in self._labels.items():
            folder = self._study.file.resolve(sidecar).parent
            for key, row in self._unmatched(sidecar).items():
                clip_id = _clip_id(row.post, key)
                if not is_inside(folder / key, folder):
                    raise ConfigError(f"{sidecar}, line {row.number}: `file` leads out of its folder")
                if clip_id not in self._clip_ids:
                    place = self._sidecars[sidecar].place(label, row)
                    yield SourcedPost(clip_id, Source("file", str(folder / key), ""), row.post, place)

    def notes(self) -> Iterator[str]:
        """What does not fit together, sentence by sentence: once all files were given out."""
        yield from self._damaged
        yield from (f"descriptions beside the files: {said}" for said in reason_lines(self._corrections))
        for folder, names in self._left_out.items():
            endings = ", ".join(sorted({Path(name).suffix.lower() or "none" for name in names}))
            yield (
                f"{folder.name}: {counted(len(names), 'file was', 'files were')} left out, with endings ({endings}) "
                f"that are not those of video or audio: {_some(names)}"
            )
        if self._named_by_id:
            yield (
                f"{_some(self._named_by_id)}: nothing is known of these files but their names, which look like ids of "
                f"TikTok: a sidecar with file, platform and id makes them known by their posts"
            )
        for sidecar in self._labels:
            yield from self._sidecars[sidecar].notes
            yield from self._unmatched_notes(sidecar)
        yield from _same_bytes(self._files.values())

    def _unmatched(self, sidecar: str) -> dict[str, NumberedPost]:
        rows = self._sidecars[sidecar].rows
        return {key: row for key, row in rows.items() if (sidecar, key) not in self._found}

    def _unmatched_notes(self, sidecar: str) -> Iterator[str]:
        rows, unmatched = self._sidecars[sidecar].rows, self._unmatched(sidecar)
        files = self._without_row.get(sidecar, [])
        if not (unmatched or files):
            return
        yield (
            f"{sidecar}: {len(rows) - len(unmatched)} of {len(rows)} rows match a file; rows without a file: "
            f"{_some(unmatched) or 'none'}; files without a row: {_some(files) or 'none'}"
        )
        lower = {key_of(name).lower(): name for name in files}
        for key, row in unmatched.items():
            if key.lower() in lower:
                yield f"{sidecar}, line {row.number}: {key} is written {lower[key.lower()]} in the folder"


def _some(names: Collection[str]) -> str:
    """The first of some names, and how many there are beside them."""
    more = len(names) - MOST_NAMES
    return ", ".join(map(as_text, islice(names, MOST_NAMES))) + (f" and {more} more" if more > 0 else "")


def _same_bytes(groups: Iterable[Sequence[Path]]) -> Iterator[str]:
    """Files of the same bytes, which are clips of their own all the same; only those of one length are read."""
    for paths in groups:
        by_digest: dict[str, list[str]] = {}
        for path in paths if len(paths) > 1 else ():
            by_digest.setdefault(sha256_of(path), []).append(path.name)
        for names in by_digest.values():
            if len(names) > 1:
                yield f"{_some(names)} hold the same bytes: each is analysed and counted"


def as_text(name: str) -> str:
    """A file's name as a database can hold it: bytes that are not UTF-8 are escaped, so that it leads to no file."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _clip_id(post: Post, name: str) -> str:
    return f"{post.platform}:{post.post_id}" if post.platform and post.post_id else f"file:{name}"


def _files_of_source(file: StudyFile, source: SourceOptions) -> tuple[Path, list[Path], list[str]]:
    """The folder that clip ids are relative to, its media files in order, and the names of files left out of it."""
    left_out: list[str] = []
    if source.folder:
        folder = file.resolve(source.folder)
        if not folder.is_dir():
            raise ConfigError(f"{file.path.name}: the folder {folder} is not there")
        present = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        listed = [path for path in present if path.suffix.lower() in MEDIA_SUFFIXES]
        left_out = [path.relative_to(folder).as_posix() for path in present if _is_missed(path)]
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
    return folder, listed, left_out


def _is_missed(path: Path) -> bool:
    """Whether somebody may take a file for a clip that is none: it is neither media nor what lies beside media."""
    return path.suffix.lower() not in MEDIA_SUFFIXES | COMPANION_SUFFIXES and not path.name.startswith(".")
