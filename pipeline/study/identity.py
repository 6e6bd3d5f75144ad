"""The identity of a study: an id in its folder, the study file that its results belong to, and the key that it uses."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.errors import ConfigError, UserError
from pipeline.study import files
from pipeline.study.folder import StudyFolder

FILE = "identity.json"  # beside the working database of the whole study
ID_BYTES = 16
LOCK_S = 30  # another command that starts is done with it in a moment


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a study is, wherever its folder lies."""

    id: str
    study_file: str | None = None  # relative to the folder of results
    key: str | None = None  # name of its pseudonym key; None until a command needs one
    key_sha256: str | None = None


def read(folder: StudyFolder) -> Identity | None:
    """The identity of a study; None before the first command that stores something, or of an older version's study."""
    path = _path(folder)
    try:
        return Identity(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} cannot be read: put a copy of it there, or delete it to bind the study anew"
        ) from error


def write(folder: StudyFolder, identity: Identity) -> Identity:
    """Store the identity of a study."""
    path = _path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(asdict(identity), indent=1) + "\n")
    return identity


def new() -> Identity:
    """The identity of a new study."""
    return Identity(secrets.token_hex(ID_BYTES))


def claim(folder: StudyFolder, study_file: Path) -> Identity:
    """Note that the results in a folder belong to a study file, unless they belong to another that is there."""
    here = Path(os.path.relpath(study_file, folder.root)).as_posix() if _is_on_one_drive(study_file, folder) else None
    with _one_at_a_time(folder):
        found, owner = read(folder), owner_of(folder)
        if found is not None and (found.study_file == here or (owner is not None and owner.is_file())):
            return found
        return write(folder, replace(found or new(), study_file=here))


def refuse_another_file(folder: StudyFolder, study_file: Path) -> None:
    """Raise `ConfigError` where the results in a folder belong to another study file, which has other sources."""
    owner = owner_of(folder)
    if owner is None or not owner.is_file() or not study_file.exists() or owner.samefile(study_file):
        return
    if owner.parent.samefile(study_file.parent) and _sources(owner) == _sources(study_file):
        return
    raise ConfigError(
        f"the results in {folder.root} belong to {owner.name}, which has other sources than {study_file.name}: give "
        f"{study_file.name} a name or an output of its own, or delete {owner.name} if the other replaces it"
    )


def owner_of(folder: StudyFolder) -> Path | None:
    """The study file that the results in a folder belong to, whether it is still there or not; None if not known."""
    found = read(folder)
    if found is None or found.study_file is None:
        return None
    return Path(os.path.normpath(folder.root.absolute() / found.study_file))


def _sources(study_file: Path) -> Any:
    try:
        return tomllib.loads(study_file.read_text(encoding="utf-8")).get("sources")
    except (OSError, ValueError):
        return None


def _one_at_a_time(folder: StudyFolder) -> FileLock:
    """A lock for commands that start together; it lies outside the study, where it leaves nothing."""
    name = hashlib.sha256(str(_path(folder).absolute()).encode(errors="surrogateescape")).hexdigest()[:32]
    return FileLock(Path(tempfile.gettempdir()) / f"cliptone-{name}.lock", timeout=LOCK_S)


def _is_on_one_drive(study_file: Path, folder: StudyFolder) -> bool:
    return study_file.absolute().drive == folder.root.absolute().drive


def _path(folder: StudyFolder) -> Path:
    return folder.of_shard(None).beside_working(FILE)
