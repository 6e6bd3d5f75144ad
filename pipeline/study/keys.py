"""The pseudonym key of a study: made, found, shown, moved to another folder, or destroyed for good.

It lies outside the study, so that the database alone names nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock

from pipeline.errors import UserError
from pipeline.study import files

KEY_BYTES = 32
LOCK_S = 10.0  # while another run makes the key
SHOWN_CHARACTERS = 16  # of the key's digest: enough to tell keys apart

State = Literal["here", "moved", "destroyed", "none"]


@dataclass(frozen=True, slots=True)
class KeyState:
    """Where a key is."""

    state: State
    path: Path  # where it lies, or would
    digest: str | None = None  # beginning of the key's sha256
    since: str | None = None  # day on which it was moved or destroyed
    moved_to: str | None = None


def key_for(study: str) -> bytes:
    """The study's key: read from the user's configuration folder, or made there on first use (mode 0600).

    `UserError` where it was moved or destroyed: a new one would give everybody a second pseudonym.
    """
    path = path_of(study)
    if not path.exists():
        refuse_if_gone(study)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_key(path)
    key = path.read_bytes()
    if not key:
        raise UserError(f"the key {path} is empty: put your copy of it there; without one, delete it if no run used it")
    return key


def _make_key(path: Path) -> None:
    """Make a random key and write it to disk, whole or not at all; of two runs that start at once, one makes it."""
    part = path.with_suffix(".part")
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):
        if path.exists():
            return
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        files.put(part, path)


def key_folder() -> Path:
    """Where keys are kept: `CLIPTONE_KEYS`, or the user's configuration folder."""
    named = os.environ.get("CLIPTONE_KEYS")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("cliptone", appauthor=False)) / "keys"


def path_of(study: str) -> Path:
    """Where the key of a name lies, or would."""
    return key_folder() / f"{study}.key"


def refuse_if_gone(study: str) -> None:
    """Raise `UserError` where a note in the place of the key says that it was moved or destroyed."""
    note = key_folder() / f"{study}.gone"
    if not note.exists():
        return
    said = json.loads(note.read_text(encoding="utf-8"))
    if said["state"] == "moved":
        raise UserError(
            f"the key of the study {study!r} was moved to {said['to']} on {said['at']}: set CLIPTONE_KEYS to "
            "that folder"
        )
    raise UserError(
        f"the key of the study {study!r} was destroyed on {said['at']}: its results can be read, and it takes in "
        "no new posts; to collect again, start a study with another name"
    )


def key_state(study: str) -> KeyState:
    """Where the key of a study is; makes none."""
    path = path_of(study)
    if path.exists():
        return KeyState("here", path, hashlib.sha256(path.read_bytes()).hexdigest()[:SHOWN_CHARACTERS])
    note = path.with_suffix(".gone")
    if not note.exists():
        return KeyState("none", path)
    said = json.loads(note.read_text(encoding="utf-8"))
    return KeyState(said["state"], path, said["digest"], said["at"], said.get("to"))


def move_key(study: str, folder: Path) -> Path:
    """Move a key to another folder, such as an encrypted disk, and overwrite it here. `UserError` if it is not here.

    Runs find it there once `CLIPTONE_KEYS` names that folder.
    """
    found = _present_key(study)
    goal = folder.expanduser().absolute() / found.path.name
    if goal.exists():
        raise UserError(f"{goal} is there already: choose another folder, or look whose key that is")
    goal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = found.path.read_bytes()
    descriptor = os.open(goal, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    files.sync(goal.parent)
    goal.with_suffix(".gone").unlink(missing_ok=True)  # of an earlier move away from there
    _leave_note(found, "moved", str(goal.parent))
    _overwrite(found.path)
    return goal


def destroy_key(study: str) -> KeyState:
    """Destroy a key: from then on no pseudonym can be linked to an account, and the study accepts no new posts.

    `UserError` if it is not here. Copies elsewhere, such as in backups, are not reached.
    """
    found = _present_key(study)
    _leave_note(found, "destroyed", None)
    _overwrite(found.path)
    return key_state(study)


def _present_key(study: str) -> KeyState:
    found = key_state(study)
    if found.state == "here":
        return found
    why = {
        "moved": f"it was moved to {found.moved_to} on {found.since}: set CLIPTONE_KEYS to that folder",
        "destroyed": f"it was destroyed on {found.since}",
        "none": "the first run of a study that pseudonymises makes one",
    }[found.state]
    raise UserError(f"the key of the study {study!r} is not in {found.path.parent}: {why}")


def _leave_note(found: KeyState, state: State, moved_to: str | None) -> None:
    """Leave a note in place of the key, so that no other is made there."""
    said = {"state": state, "at": f"{datetime.now(UTC):%Y-%m-%d}", "digest": found.digest, "to": moved_to}
    files.write(found.path.with_suffix(".gone"), json.dumps(said) + "\n")


def _overwrite(path: Path) -> None:
    """Overwrite a file with random bytes and delete it: a disk that writes in place keeps none of it."""
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.write(secrets.token_bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
