"""Reading a file or folder in whatever format its content shows, packed or not."""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import heapq
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records.post import Post
from pipeline.sources.formats import info_json, plain_csv, records, unknown
from pipeline.sources.formats.formats import BY_NAME, FORMATS, Format, formats_by_kind
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.opening import open_text
from pipeline.sources.formats.result import Exposure, ImportResult, NumberedPost, PostTally, Reject
from pipeline.sources.formats.rounded_ids import RoundedIds, without_rounded
from pipeline.sources.formats.rows import Numbered
from pipeline.sources.formats.spool import Spool
from pipeline.sources.formats.tables import header
from pipeline.sources.formats.unpack import Member, text_files, unpacked
from pipeline.study.files import sha256_of

ROWS_A_REPORT = 1_000  # rows between two calls of who watches


def detect(path: Path, hints: Hints | None = None) -> Format:
    """The format of a file or folder by its content, never by its name; `UserError` names the formats if none fits."""
    hints = hints or Hints()
    with _members(path) as parts, _in_utf8(parts, hints) as members, _as_tables(members, hints) as tables:
        return _choose(path, tables, hints)[0]


def read(path: Path, hints: Hints | None = None, watch: Callable[[int], None] | None = None) -> ImportResult:
    """Everything that a file or folder holds; `UserError` where it cannot be read as a whole.

    Of a packed file or a folder, the parts of one format are read, and those of others are rejects. `watch` is told
    now and then how many rows were read.
    """
    hints = hints or Hints()
    with _members(path) as parts, _in_utf8(parts, hints) as members, _as_tables(members, hints) as tables:
        known, chosen, others = _choose(path, tables, hints)
        if known.name != plain_csv.CSV and (unused := hints.of_plain_tables):
            raise UserError(
                f"{path} is {known.title}, which says {unused} itself: leave that out, it is for plain CSV files"
            )
        found = _Found(others)
        for rows, (number, row) in enumerate(_numbered(known, path, chosen, hints), start=1):
            found.add(number, row)
            if watch is not None and rows % ROWS_A_REPORT == 0:
                watch(rows)
        unit = _unit(chosen, known)
        columns = plain_csv.columns_of(chosen[0].path, hints) if known.name == plain_csv.CSV else None
    found.leave_out_rounded()
    return ImportResult(
        path=path,
        sha256=digest(path),
        format=known.name,
        version=known.version,
        unit=unit,
        posts=found.posts,
        exposures=found.exposures,
        rejects=found.rejects,
        tally=found.tally,
        columns=columns,
        donor=hints.donor if known.is_donation else None,
    )


class _Found:
    """What the rows of a file were, so far."""

    def __init__(self, rejects: Sequence[Reject]) -> None:
        self.posts, self.exposures, self.rejects = Spool[NumberedPost](), Spool[Exposure](), Spool(rejects)
        self.tally, self._rounding = PostTally(), RoundedIds()

    def add(self, number: int, row: Post | Exposure | Rejected) -> None:
        """Take a row."""
        if isinstance(row, Rejected):
            self.rejects.append(Reject(number, row.note.reason, row.note.example))
        elif isinstance(row, Exposure):
            self.exposures.append(dataclasses.replace(row, number=number))
            self.tally.note(number, row.notes)
        else:
            self.posts.append(post := NumberedPost(number, row))
            self.tally.add(post)
            self._rounding.add(row)

    def leave_out_rounded(self) -> None:
        """Once all rows are there, leave out what was rounded."""
        if self._rounding.found:
            self.posts, rounded = without_rounded(self.posts)
            self.tally = PostTally(self.posts)
            self.rejects = Spool(heapq.merge(self.rejects, rounded, key=lambda reject: reject.number))


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder, that of the names and digests of its descriptions, or of all its text."""
    if path.is_dir():
        files = info_json.info_files(path) or text_files(path)
        lines = (f"{file.relative_to(path).as_posix()} {digest(file)}\n" for file in files)
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
    return sha256_of(path)


@contextmanager
def _members(path: Path) -> Iterator[list[Member]]:
    """The plain files of a file or folder; a folder of yt-dlp's descriptions is read as one."""
    if not path.exists():
        raise UserError(f"there is no file {path}")
    if path.is_dir() and info_json.info_files(path):
        yield [Member(path)]
        return
    with unpacked(path) as members:
        yield members


@contextmanager
def _in_utf8(members: Sequence[Member], hints: Hints) -> Iterator[Sequence[Member]]:
    """The same parts, tables in the encoding that is stated as copies in UTF-8, whatever reads them."""
    if hints.encoding is None:
        yield members
        return
    with tempfile.TemporaryDirectory(prefix="cliptone-") as folder:
        found = []
        for number, member in enumerate(members):
            if member.is_converted or not _is_in(member.path, hints.encoding):
                found.append(member)
                continue
            copy = Path(folder) / str(number) / member.path.name
            copy.parent.mkdir()
            _copy_as_utf8(member.path, copy, hints.encoding)
            found.append(dataclasses.replace(member, path=copy))
        yield found


def _copy_as_utf8(path: Path, copy: Path, encoding: str) -> None:
    try:
        with (
            open_text(path, newline="", encoding=encoding) as source,
            copy.open("w", encoding="utf-8", errors="surrogateescape", newline="") as target,
        ):
            shutil.copyfileobj(source, target)
    except UnicodeError as error:
        raise UserError(f"{path} cannot be read as {encoding}: {error}") from error


def _is_in(path: Path, encoding: str) -> bool:
    """Whether a part may be text in another encoding than UTF-8: JSON is not, unless it says so itself."""
    try:
        return path.is_file() and not records.holds_json(path)
    except UserError:  # for it is UTF-16
        return codecs.lookup(encoding).name.startswith("utf-16")


@contextmanager
def _as_tables(members: Sequence[Member], hints: Hints) -> Iterator[Sequence[Member]]:
    """The same parts, those of JSON in no known format as tables if a mapping says what their names mean."""
    if not (hints.columns or hints.platform):
        yield members
        return
    with tempfile.TemporaryDirectory(prefix="cliptone-") as folder:
        found = []
        for number, member in enumerate(members):
            if member.path.is_file() and records.holds_json(member.path) and _format_of(member.path, hints) is None:
                table = Path(folder) / f"{number}.csv"
                unknown.write_table(member.path, table, hints.columns)
                found.append(dataclasses.replace(member, path=table, is_converted=True))
            else:
                found.append(member)
        yield found


def _choose(path: Path, members: Sequence[Member], hints: Hints) -> tuple[Format, list[Member], list[Reject]]:
    """The first format that a part is in, the parts in that format, and a reject for each in another, or damaged."""
    nothing = [unknown.nothing_in(member.path) for member in members]
    if all(nothing):
        holds = nothing[0] if nothing else "holds no table, no JSON and no other text"
        known_to_user = hints.columns or hints.platform  # who says what stands in a table knows its format
        raise UserError(f"{path} {holds}." + ("" if known_to_user else f"\n{formats_by_kind()}"))
    found: list[tuple[Member, Format | str | None]] = []
    for member in members:
        try:
            found.append((member, _format_of(member.path, hints)))
        except UserError as error:
            if len(members) == 1:
                raise _renamed(error, member, path) from error
            found.append((member, str(_renamed(error, member, path))))
    formats = [known for _, known in found if isinstance(known, Format)]
    if not formats:
        record = unknown.first_record(members[0].path) if members and members[0].path.is_file() else {}
        if hints.donor:  # what a person gave is not put on a screen, but for its names
            record = dict.fromkeys(record, "…")
        raise UserError(
            f"{path} is in no format that can be imported.{unknown.advice(path, record)}\n{formats_by_kind()}"
        )
    first = min(formats, key=FORMATS.index)
    rejects = [
        Reject(1, f"{member.name} is {known.title}: import it on its own" if isinstance(known, Format) else known)
        for member, known in found
        if known not in (first, None)
    ]
    return first, [member for member, known in found if known == first], rejects


def _format_of(path: Path, hints: Hints) -> Format | None:
    if path.is_dir():
        return BY_NAME[info_json.INFO_JSON]
    values = records.first_json(path)
    if not values and (hints.columns or hints.platform):
        return BY_NAME[plain_csv.CSV]
    if values:
        subjects: dict[str, Sequence[object]] = {"json": values, "named json": [(path.name, value) for value in values]}
    else:
        subjects = {"text": [(path.name, records.beginning(path))], "csv": [header(path)]}
    fitting = (
        known for known in FORMATS if any(known.matches(one) for kind in known.kinds for one in subjects.get(kind, ()))
    )
    return next(fitting, None)


def _numbered(known: Format, path: Path, members: Sequence[Member], hints: Hints) -> Numbered[Post | Exposure]:
    """What the parts hold: numbered as each reader does it if there is one part, else counted through all of them."""
    position, as_it_lies = count(1), _is_as_it_lies(members)
    for member in members:
        try:
            for number, found in known.read(member.path, hints):
                if isinstance(found, Rejected) and len(members) > 1 and not known.is_donation:
                    found = Rejected(f"{member.name}: {found.note.reason}", found.note.example)  # noqa: PLW2901
                yield number if as_it_lies else next(position), found
        except UserError as error:
            raise _renamed(error, member, path) from error


def _is_as_it_lies(members: Sequence[Member]) -> bool:
    return len(members) == 1 and not members[0].is_converted


def _renamed(error: UserError, member: Member, path: Path) -> UserError:
    """The message with the place that the user knows instead of a temporary one."""
    return UserError(str(error).replace(str(member.path), f"{member.name} in {path}" if member.name else str(path)))


def _unit(members: Sequence[Member], known: Format) -> str:
    if not _is_as_it_lies(members):
        return "record"
    path = members[0].path
    if path.is_dir():
        return "file"
    if known.is_donation:
        return "record"
    by_line = records.is_by_line(path) or not records.holds_json(path)
    return "line" if by_line else "record"
