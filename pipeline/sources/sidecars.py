"""Metadata beside media files: a CSV file with one row a file, or the `.info.json` that yt-dlp writes."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from pipeline.errors import ConfigError, UserError
from pipeline.records.post import Note, Post, Provenance
from pipeline.sources.formats.columns import COLUMNS as POST_COLUMNS
from pipeline.sources.formats.columns import suggestion
from pipeline.sources.formats.formats import BY_NAME
from pipeline.sources.formats.info_json import INFO_JSON, described
from pipeline.sources.formats.notes import Rejected, taking_notes
from pipeline.sources.formats.plain_csv import CSV, stated_post
from pipeline.sources.formats.reading import digest
from pipeline.sources.formats.records import document
from pipeline.sources.formats.result import NumberedPost, Reject, reason_lines, well_formed
from pipeline.sources.formats.rows import with_notes
from pipeline.sources.formats.tables import csv_records, header

COLUMNS = ("file", *POST_COLUMNS)
MOST_ERRORS = 20  # of one file in a message


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The rows of one CSV file by the key of their media file, see `key_of`."""

    rows: Mapping[str, NumberedPost] = field(default_factory=dict)
    sha256: str | None = None
    notes: tuple[str, ...] = ()  # rows that another row of the same file, or of the same post, replaces

    def place(self, source: str, row: NumberedPost) -> Provenance:
        """The provenance of a row, for the source that reads it."""
        return Provenance(source, self.sha256, row.number, BY_NAME[CSV].version)


def key_of(name: str) -> str:
    """A file's name as names are compared: systems write é as one character or two, and folders with / or \\."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).removeprefix("./")


def read_sidecar(path: Path, encoding: str | None = None, date_format: str | None = None) -> Sidecar:
    """Posts of a CSV file by media file; cells without a value are unknown, never 0.

    `ConfigError` names every wrong row at once. Of several rows for one file the last counts, and a note says so.
    """
    if not path.is_file():
        raise ConfigError(f"the sidecar {path} is not there")
    _require_columns(path, header(path, encoding))
    rows: dict[str, NumberedPost] = {}
    errors, notes = [], []
    corrections: list[Reject] = []
    posts: dict[tuple[str | None, str], int] = {}
    for line, row in csv_records(path, encoding):
        try:
            if isinstance(row, Rejected):
                raise row
            key, found = _row_of_file(line, row, date_format)
        except Rejected as error:
            errors.append(f"line {line}: {error}")
            continue
        if key in rows:
            notes.append(f"{path.name}: lines {rows[key].number} and {line} name the file {key}: line {line} counts")
        rows[key] = found
        corrections += [Reject(line, note.reason, note.example) for note in found.post.notes]
        if found.post.post_id:
            first = posts.setdefault((found.post.platform, found.post.post_id), line)
            notes += [f"{path.name}: lines {first} and {line} name one post"] if first != line else []
    if errors:
        more = f"; and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise ConfigError(f"{path}, {'; '.join(errors[:MOST_ERRORS])}{more}")
    notes += [f"{path.name}: {said}" for said in reason_lines(corrections, examples=False)]
    return Sidecar(rows, digest(path), tuple(notes))


def _require_columns(path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if "file" in names and not unknown:
        return
    meant = {name: suggestion(name, COLUMNS) for name in unknown}
    hints = [f"{name} (did you mean {ours}?)" if ours else name for name, ours in meant.items()]
    if not any(names):
        raise ConfigError(f"{path} is empty: it has to hold a row a file, under columns of which one is called `file`")
    wrong = f"the unknown columns {', '.join(hints)}" if "file" in names else "no column `file`"
    raise ConfigError(f"{path} has {wrong}: valid columns are {', '.join(COLUMNS)}")


def _row_of_file(line: int, row: Mapping[str, str], date_format: str | None) -> tuple[str, NumberedPost]:
    key = key_of(row["file"])
    if not key:
        raise Rejected("the row names no file")
    if not is_below(key):
        raise Rejected("`file` leads out of its folder: name it as it stands below the sidecar or its source")
    post = well_formed(stated_post(row, date_format))
    if not row.get("id"):  # a post of a file is known by the id that its row states, or by the file
        post = dataclasses.replace(post, post_id=None)
    return key, NumberedPost(line, post)


def is_below(name: str) -> bool:
    """Whether a relative name stays inside its folder on any system, and is a possible file name."""
    parts = PureWindowsPath(name)  # knows both kinds of slashes
    return not (parts.anchor or name.startswith("/") or ".." in parts.parts or "\0" in name)


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
        with taking_notes() as notes:
            post = well_formed(described(info))
    except (UserError, Rejected) as error:
        raise ConfigError(f"{path} does not describe a video: {error}") from error
    notes = [Note(note.reason, f"{note.example} in {path.name}") for note in notes]
    return with_notes(post, notes), Provenance(source, digest(path), 1, BY_NAME[INFO_JSON].version)
