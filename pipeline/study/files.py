"""Writing files so that a power cut leaves them whole or absent, deleting them, and their SHA-256.

A file is written under another name, synced to disk, then renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

#: Errors of file systems that cannot sync a folder.
NO_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)


def put(part: Path, target: Path) -> None:
    """Sync a finished file, or a folder of such files, to disk and rename it to `target` on the same file system.

    When it returns, a row that names the file may be committed. Raises `OSError`, and leaves `target` old or new.
    """
    for path in sorted(part.rglob("*"), reverse=True) if part.is_dir() else ():  # files before their folder
        sync(path)
    sync(part)
    part.replace(target)
    sync(target.parent)


def write(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        put(part, path)
    finally:
        part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Sync the bytes of a file, or the entries of a folder, to disk; the `OSError` names the path."""
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in NO_FOLDERS:
            raise OSError(error.errno, error.strerror, str(path)) from error  # the error of fsync names no file
    finally:
        os.close(descriptor)


def delete(path: Path) -> int:
    """Delete a file, or a folder with all in it, if it exists; returns the number of files deleted."""
    found = count(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return found


def count(path: Path) -> int:
    """How many files `delete` would delete."""
    if path.is_dir() and not path.is_symlink():
        return sum(not found.is_dir() for found in path.rglob("*"))
    return int(path.is_symlink() or path.exists())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
