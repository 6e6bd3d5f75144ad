"""Packed files by their first bytes (.gz, .xz, .bz2, .zip, .xlsx), unpacked into a temporary folder with limits."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipeline.errors import UserError
from pipeline.sources.formats.opening import GZIP_MARK, UTF16_MARKS, ZIP_MARKS
from pipeline.sources.formats.workbook import is_workbook, write_sheets

MOST_BYTES = 64 << 30  # that one file may hold once it is unpacked
HARMLESS_BYTES = 256 << 20  # up to here, text may be packed as tightly as it likes
MOST_TIMES_LARGER = 200  # beyond: exports shrink to a tenth or a twentieth, files made to fill a disk to a thousandth
FREE_BYTES = 1 << 30  # that stay free on the disk
MOST_MEMBERS = 100_000
DEEPEST = 3  # packed files inside packed files
CHUNK_BYTES = 1 << 20
HEAD_BYTES = 512
NAME_CHARACTERS = 80

STREAMS: dict[bytes, Callable[[Path], Any]] = {
    GZIP_MARK: gzip.GzipFile,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
DAMAGES = (zipfile.BadZipFile, EOFError, OSError, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Member:
    """One plain file with what may be posts: the file itself, or a part of it that was unpacked."""

    path: Path
    name: str = ""  # inside the packed file or the folder; empty for a file that is not in another
    is_converted: bool = False  # its lines are not those of a file that the user can open


@contextmanager
def unpacked(path: Path) -> Iterator[list[Member]]:
    """The plain files that a file holds, in order, for as long as the context lasts; those of media are left out.

    Nothing is written outside of a temporary folder. Raises `UserError` for a file that is damaged, has a password, or
    holds more than `MOST_BYTES`.
    """
    if path.is_dir():
        yield [Member(file, file.relative_to(path).as_posix()) for file in text_files(path)]
    elif not _packing(_head(path)):
        yield [Member(path)]
    else:
        with tempfile.TemporaryDirectory(prefix="cliptone-") as folder:
            yield list(_Unpacking(path, Path(folder)).members(path, "", DEEPEST))


def text_files(folder: Path) -> list[Path]:
    """The files in a folder and below that are no media, in order; links are not followed."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if not path.name.startswith(".") and _is_text(_head(path))]


class _Unpacking:
    """The unpacking of one file, with what may still be written."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder, self._count = path, folder, 0
        by_ratio = max(HARMLESS_BYTES, path.stat().st_size * MOST_TIMES_LARGER)
        self._left = min(MOST_BYTES, by_ratio, max(0, shutil.disk_usage(folder).free - FREE_BYTES))

    def members(self, path: Path, name: str, depth: int) -> Iterator[Member]:
        head = _head(path)
        if not _packing(head):
            yield Member(path, name)
        elif depth == 0:
            raise UserError(f"{self._path} is packed several times over: unpack it first")
        elif head.startswith(ZIP_MARKS):
            yield from self._of_zip(path, name, depth)
        else:
            inner = self._place(path.name)
            self._copy(_stream(path, head), inner)
            yield from self.members(inner, name, depth - 1)

    def _of_zip(self, path: Path, name: str, depth: int) -> Iterator[Member]:
        try:
            with zipfile.ZipFile(path) as archive:
                if is_workbook(archive):
                    yield from self._of_workbook(archive, path, name)
                    return
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                if len(entries) > MOST_MEMBERS:
                    raise UserError(f"{self._path} holds more than {MOST_MEMBERS:,} files: unpack it first")
                for entry in sorted(entries, key=lambda entry: entry.filename):
                    with archive.open(entry) as file:
                        if not _is_text(file.read(HEAD_BYTES)) or "__MACOSX" in entry.filename:
                            continue
                    inner = self._place(entry.filename)
                    self._copy(archive.open(entry), inner)
                    yield from self.members(inner, "/".join(filter(None, (name, entry.filename))), depth - 1)
        except DAMAGES as error:
            raise self._damaged(error) from error

    def _of_workbook(self, archive: zipfile.ZipFile, path: Path, name: str) -> Iterator[Member]:
        if sum(entry.file_size for entry in archive.infolist()) > self._left:
            raise self._too_large()
        for sheet, table in write_sheets(path, self._folder, self._spend):
            yield Member(table, "/".join(filter(None, (name, sheet))), is_converted=True)

    def _place(self, name: str) -> Path:
        """A new file in a folder of its own: the last part of a name is all of it that is used."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        last = "".join(each for each in name.replace("\\", "/").rpartition("/")[2] if each.isprintable())
        return folder / (last.strip(".")[-NAME_CHARACTERS:] or "file")

    def _copy(self, source: IO[bytes], target: Path) -> None:
        try:
            with source, target.open("wb") as file:
                while chunk := source.read(CHUNK_BYTES):
                    self._spend(len(chunk))
                    file.write(chunk)
        except DAMAGES as error:
            raise self._damaged(error) from error

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise self._too_large()

    def _too_large(self) -> UserError:
        return UserError(f"{self._path} holds more than there is room for, or than an export would: unpack it first")

    def _damaged(self, error: BaseException) -> UserError:
        if "password" in str(error):
            return UserError(f"{self._path} has a password: unpack it first")
        return UserError(f"{self._path} is damaged or breaks off, and cannot be unpacked: get it again ({error})")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _packing(head: bytes) -> bool:
    return head.startswith((*ZIP_MARKS, *STREAMS))


def _is_text(head: bytes) -> bool:
    """True for text, and for what may hold text once it is unpacked."""
    return b"\0" not in head or _packing(head) or head.startswith(UTF16_MARKS)


def _stream(path: Path, head: bytes) -> IO[bytes]:
    stream: IO[bytes] = next(opened for mark, opened in STREAMS.items() if head.startswith(mark))(path)
    return stream
