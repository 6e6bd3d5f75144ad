"""Which key a study uses: the first command binds its id to one key, so that another study of its name has another.

What an older version began goes on with the key of its name. A registry beside each key has the folders of the studies
that use it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from pipeline.errors import UserError
from pipeline.study import files, identity, keys
from pipeline.study.config import Study
from pipeline.study.folder import WORK, StudyFolder
from pipeline.study.identity import Identity
from pipeline.study.keys import KeyState

REGISTRY = ".studies.json"  # ending of the registry of a key
ID_CHARACTERS = 8  # of a study's id in the name of its key, where another study has the plain name


@dataclass(frozen=True, slots=True)
class User:
    """A study that uses a key."""

    id: str
    study_file: str | None


def key_of(study: Study) -> bytes | None:
    """The pseudonym key of a study, None where it keeps ids as they are; the first command binds file, study and key.

    `UserError` where the bound key is not there, or another lies in its place: a new one would give everybody a second
    pseudonym.
    """
    identity.claim(study.folder, study.file.path)
    return study_key(study.folder) if study.file.privacy.pseudonymise else None


def study_key(folder: StudyFolder, *, is_first: bool = False) -> bytes:
    """The key that a study is bound to; raises what `key_of` raises.

    With `is_first`, results that are there already needed none.
    """
    found = identity.read(folder)
    if found is None or found.key is None:
        found = _bind(folder.of_shard(None), is_first)
    assert found.key is not None  # noqa: S101 - for the type checker
    key = _present(found.key, folder.name)
    if hashlib.sha256(key).hexdigest() != found.key_sha256:
        raise UserError(
            f"{keys.path_of(found.key)} is not the key that the study {folder.name!r} was run with: set CLIPTONE_KEYS "
            "to the folder of its own, or put your copy of that in its place"
        )
    _register(found.key, folder)
    return key


def key_or_stand_in(study: Study) -> bytes:
    """The key for commands that only read or delete; where it was destroyed, a random one that matches nothing."""
    if state(study.folder).state == "destroyed":
        return secrets.token_bytes(keys.KEY_BYTES)
    return study_key(study.folder, is_first=not study.file.privacy.pseudonymise)


def state(folder: StudyFolder) -> KeyState:
    """Where the key of a study is; binds nothing."""
    return keys.key_state(key_name(folder))


def key_name(folder: StudyFolder) -> str:
    """The name of the key that a study uses, or would."""
    found = identity.read(folder)
    if found is not None and found.key is not None:
        return found.key
    if earlier := _earlier_key(folder):
        return earlier
    whole = folder.of_shard(None)
    if whole.working.exists() or whole.published.exists() or not registry(folder.name):
        return folder.name  # also of results that were handed on without their working files
    return f"{folder.name}-{found.id[:ID_CHARACTERS] if found else 'new'}"


def other_studies(folder: StudyFolder) -> list[Path]:
    """The folders of other studies, and of copies of this one, that are known to use the same key, and are there."""
    return [root for root, _ in _others(folder)]


def move_key(folder: StudyFolder, target: Path) -> Path:
    """Move the key of a study to another folder, see `keys.move_key`; all studies that use it find it there."""
    name = _own_key(folder)
    used = registry(name)
    goal = keys.move_key(name, target)
    _write_registry(goal.with_suffix(REGISTRY), {**_without(folder, used), str(folder.root.resolve()): _user(folder)})
    return goal


def destroy_key(folder: StudyFolder, *, shared: bool = False) -> KeyState:
    """Destroy the key of a study, see `keys.destroy_key`; `UserError` where others use it, unless `shared` is true."""
    refuse_if_shared(folder, shared=shared)
    return keys.destroy_key(_own_key(folder))


def refuse_if_shared(folder: StudyFolder, *, shared: bool = False) -> None:
    """Raise `UserError` where other studies use the key of this one, unless that is known."""
    others = [] if shared else [root for root, one in _others(folder) if one != _id(folder)]
    if others:
        raise UserError(
            f"the key {keys.path_of(key_name(folder))} is also that of {', '.join(map(str, others))}: to destroy it "
            "for all of them, `cliptone keys destroy --shared --yes`"
        )


def registry(name: str) -> dict[str, User]:
    """The studies that are known to use a key, by the folders of their results."""
    try:
        found = json.loads(keys.path_of(name).with_suffix(REGISTRY).read_text(encoding="utf-8"))
        return {root: User(**one) for root, one in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _bind(folder: StudyFolder, is_first: bool) -> Identity:
    """Bind a study to a key, a new one unless it has results already; of two commands at once, one does."""
    is_new = is_first or not folder.working.exists()
    if not is_new:
        _present(key_name(folder), folder.name)  # before anything is made in a folder that is not that of its key
    keys.key_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(keys.key_folder() / f"{folder.name}.bind.lock", timeout=keys.LOCK_S):
        found = identity.read(folder) or identity.write(folder, identity.new())
        if found.key is not None:
            return found
        name = key_name(folder)
        key = keys.key_for(name) if is_new else _present(name, folder.name)
        _register(name, folder)
        return identity.write(folder, replace(found, key=name, key_sha256=hashlib.sha256(key).hexdigest()))


def _present(name: str, study: str) -> bytes:
    """A key that has to be there."""
    if keys.key_state(name).state == "none":
        raise UserError(
            f"the study {study!r} has results, and its key {name}.key is not in {keys.key_folder()}: set CLIPTONE_KEYS "
            "to the folder of the key, or put your copy there; without it everybody would have a second pseudonym, so "
            "begin a study with another name"
        )
    return keys.key_for(name)


def _own_key(folder: StudyFolder) -> str:
    """The name of the key that is this study's to move or destroy; `UserError` before its first run."""
    found = identity.read(folder)
    if (found is None or found.key is None) and not folder.working.exists():
        raise UserError(f"the study {folder.name!r} has no key: the first run of a study that pseudonymises makes one")
    return key_name(folder)


def _earlier_key(folder: StudyFolder) -> str | None:
    """The key of results that lay in this folder before, or that the same study file made elsewhere."""
    file = identity.owner_of(folder)
    names = sorted(path.name.removesuffix(REGISTRY) for path in keys.key_folder().glob(f"{folder.name}*{REGISTRY}"))
    for name in names:
        used = registry(name)
        if len(_without(folder, used)) < len(used) or (
            file is not None and str(file) in {one.study_file for one in used.values()}
        ):
            return name
    return None


def _others(folder: StudyFolder) -> list[tuple[Path, str]]:
    """Other folders of results that use the same key, and are there, with the ids of their studies."""
    used = _without(folder, registry(key_name(folder)))
    return [(Path(root), one.id) for root, one in used.items() if (Path(root) / WORK).is_dir()]


def _without(folder: StudyFolder, used: Mapping[str, User]) -> dict[str, User]:
    """The users of a key but for this folder, by whatever path it is reached."""
    own = folder.root.resolve()
    return {root: one for root, one in used.items() if Path(root).resolve() != own}


def _register(name: str, folder: StudyFolder) -> None:
    """Note that a study uses a key, where the folder of keys may be written; a study that moved is noted once."""
    used, own = registry(name), _user(folder)
    others, root = _without(folder, used), str(folder.root.resolve())
    if own in (one for place, one in used.items() if place not in others) or not os.access(keys.key_folder(), os.W_OK):
        return
    kept = {place: one for place, one in others.items() if one.id != own.id or Path(place).exists()}
    _write_registry(keys.path_of(name).with_suffix(REGISTRY), {**kept, root: own})


def _write_registry(path: Path, used: Mapping[str, User]) -> None:
    files.write(path, json.dumps({root: asdict(one) for root, one in used.items()}, indent=1) + "\n")


def _user(folder: StudyFolder) -> User:
    file = identity.owner_of(folder)
    return User(_id(folder), None if file is None else str(file))


def _id(folder: StudyFolder) -> str:
    found = identity.read(folder)
    return found.id if found else ""
