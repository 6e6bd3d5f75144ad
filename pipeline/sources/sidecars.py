"""Metadata beside media files: a CSV file with one row a file, or the `.info.json` that yt-dlp writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from pipeline.errors import ConfigError, UserError
from pipeline.records.post import Post, Provenance
from pipeline.sources.formats.formats import BY_NAME, digest
from pipeline.sources.formats.info_json import INFO_JSON, described
from pipeline.sources.formats.plain_csv import COLUMNS as POST_COLUMNS
from pipeline.sources.formats.plain_csv import CSV, stated_post
from pipeline.sources.formats.records import csv_records, document, header
from pipeline.sources.formats.result import NumberedPost, well_formed
from pipeline.sources.formats.values import Rejected

COLUMNS = ("file", *POST_COLUMNS)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The rows of one CSV file by media file."""

    rows: Mapping[str, NumberedPost] = field(default_factory=dict)
    sha256: str | None = None

    def place(self, source: str, row: NumberedPost) -> Provenance:
        """The provenance of a row, for the source that reads it."""
        return Provenance(source, self.sha256, row.number, BY_NAME[CSV].version)


def read_sidecar(path: Path) -> Sidecar:
    """Posts of a CSV file by media file; empty cells are unknown, never 0. `ConfigError` names the line."""
    if not path.is_file():
        raise ConfigError(f"the sidecar {path} is not there")
    names = header(path)
    unknown = [name for name in names if name not in COLUMNS]
    if "file" not in names or unknown:
        wrong = f"the unknown columns {', '.join(unknown)}" if "file" in names else "no column `file`"
        raise ConfigError(f"{path} has {wrong}: valid columns are {', '.join(COLUMNS)}")
    rows: dict[str, NumberedPost] = {}
    for line, row in csv_records(path):
        try:
            if isinstance(row, Rejected):
                raise row
            if not row["file"].strip():
                raise Rejected("the row names no file")
            if not (is_below(row["file"].strip()) and is_inside(path.parent / row["file"].strip(), path.parent)):
                raise Rejected("`file` leads out of its folder: name it as it stands below the sidecar")
            rows[row["file"].strip()] = NumberedPost(line, well_formed(stated_post(row)))
        except Rejected as error:
            raise ConfigError(f"{path}, line {line}: {error}") from error
    return Sidecar(rows, digest(path))


def is_below(name: str) -> bool:
    """Whether a relative name stays inside its folder on any system, and is a possible file name."""
    parts = PureWindowsPath(name)  # knows both kinds of slashes
    return not (parts.anchor or ".." in parts.parts or "\0" in name)


def is_inside(path: Path, *folders: Path) -> bool:
    """Whether a file lies inside one of these folders after its folder's links are followed."""
    if path.parent in folders:
        return True
    try:
        home = path.parent.resolve()
        return any(home.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, RuntimeError, ValueError):  # a name that no file can have, or links in a circle
        return False


def read_info(media: Path, source: str) -> tuple[Post, Provenance] | None:
    """What yt-dlp wrote beside a video; no URL or path in it is followed. `ConfigError` if it is damaged."""
    path = media.with_suffix(".info.json")
    try:
        if not path.is_file():
            return None
    except OSError:  # with this suffix the name is too long for a file
        return None
    try:
        info = document(path)
        if not isinstance(info, dict):
            raise Rejected("it holds no object")
        post = well_formed(described(info))
    except (UserError, Rejected) as error:
        raise ConfigError(f"{path} does not describe a video: {error}") from error
    return post, Provenance(source, digest(path), 1, BY_NAME[INFO_JSON].version)
