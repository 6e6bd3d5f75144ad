"""Files: written so that a power cut leaves them whole or absent, deleted, and known by their sha256.

Written under another name, brought to the disk, then renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

#: What file systems answer that cannot bring a folder to the disk by itself.
NO_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)


def put(part: Path, target: Path) -> None:
    """Put a finished file, or a folder of such files, in the place of `target` on the same file system.

    When it returns, a row that names the file may be committed. Raises `OSError`, and leaves `target` as it was or new.
    """
    for path in sorted(part.rglob("*"), reverse=True) if part.is_dir() else ():  # what is below comes first
        sync(path)
    sync(part)
    part.replace(target)
    sync(target.parent)


def write(path: Path, text: str) -> None:
    """Put a text in the place of a file, UTF-8."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        put(part, path)
    finally:
        part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Bring the bytes of a file, or the names in a folder, to the disk; `OSError` names what could not be brought."""
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":  # its folders cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in NO_FOLDERS:
            raise OSError(error.errno, error.strerror, str(path)) from error  # the system's own names no file
    finally:
        os.close(descriptor)


def delete(path: Path) -> int:
    """Delete a file, or a folder with all in it, if it is there; returns how many files that were."""
    if path.is_dir() and not path.is_symlink():
        count = sum(not found.is_dir() for found in path.rglob("*"))
        shutil.rmtree(path)
        return count
    found = path.is_symlink() or path.exists()
    path.unlink(missing_ok=True)
    return int(found)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
