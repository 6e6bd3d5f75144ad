"""Models are files from outside: one changed byte, a pickle that runs code or settings that do are refused unread."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest

from pipeline.analysis.heads.head import WEIGHTS_FILE, load
from pipeline.analysis.heads.overlap import OverlapDetector
from pipeline.analysis.heads.tone import HeadTone
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.cache import MODELS, Model
from pipeline.analysis.tone.classifier import read_checkpoint
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams
from pipeline.errors import ModelCorrupt, UserError
from pipeline.study.files import sha256_of

SHIPPED = [model for model in MODELS.values() if model.shipped is not None]
PINNED = [(model.name, file.name) for model in SHIPPED for file in model.files if file.sha256]
#: What a file of a model may be without a pinned digest: values and tensors that are read without running anything.
HARMLESS = (".json", ".safetensors", ".md", ".yaml", ".ckpt", ".txt")


class Touches:
    """An object whose unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def copied(model: Model, folder: Path) -> Path:
    """A model's folder in a folder that a user names."""
    found = model_cache.find(model.name)
    assert found is not None
    return Path(shutil.copytree(found, folder / model.name))


@pytest.mark.parametrize(("name", "file"), PINNED)
def test_one_changed_byte_is_refused_before_anything_is_loaded(tmp_path: Path, name: str, file: str) -> None:
    folder = copied(model_cache.get(name), tmp_path)
    assert model_cache.find(name, tmp_path) == folder
    model_cache._checked.cache_clear()
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(bytes(content))
    with pytest.raises(ModelCorrupt, match=file):
        model_cache.locate(name, tmp_path)


@pytest.mark.model
def test_one_changed_byte_of_whisper_is_refused(tmp_path: Path, weights: Path) -> None:
    folder = tmp_path / "whisper-base"
    folder.mkdir()
    for file in weights.iterdir():
        (folder / file.name).symlink_to(file)
    content = bytearray((weights / "vocabulary.txt").read_bytes())
    content[100] ^= 1
    (folder / "vocabulary.txt").unlink()
    (folder / "vocabulary.txt").write_bytes(bytes(content))
    with pytest.raises(ModelCorrupt, match=r"vocabulary\.txt"):
        model_cache.locate("whisper-base", tmp_path)


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_what_ships_is_what_the_catalogue_pins(model: Model) -> None:
    assert model.shipped is not None
    for file in model.files:
        found = sha256_of(model.shipped / file.name)
        if file.sha256 is not None:
            assert found == file.sha256, f"after a new training, write {found} beside {file.name} in model_catalogue.py"


def test_what_has_no_digest_cannot_run_code() -> None:
    for model in MODELS.values():
        for file in model.files:
            assert file.sha256 or file.name.endswith(HARMLESS), f"{model.name}: pin {file.name}"


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_runs_code_is_refused(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "was_run"
    path = tmp_path / "classifier.ckpt"
    path.write_bytes(pickle.dumps(Touches(target), protocol=protocol))
    with pytest.raises(UserError, match=r"classifier\.ckpt"):
        read_checkpoint(path)
    assert not target.exists()


def test_a_checkpoint_of_torch_that_runs_code_is_refused(tmp_path: Path) -> None:
    import torch

    target, path = tmp_path / "was_run", tmp_path / "wav2vec2.ckpt"
    torch.save({"weight": torch.zeros(2), "more": Touches(target)}, path)
    with pytest.raises(UserError, match="more than tensors"):
        read_checkpoint(path)
    assert not target.exists()


@pytest.mark.slow
def test_whisper_reads_its_checkpoint_without_running_it(tmp_path: Path) -> None:
    import torch
    import whisper

    target, path = tmp_path / "was_run", tmp_path / "base.pt"
    torch.save({"dims": Touches(target), "model_state_dict": {}}, path)
    with pytest.raises(pickle.UnpicklingError):
        whisper.load_model(str(path), device="cpu")
    assert not target.exists()


@pytest.mark.parametrize(
    "line", ["!!python/object/apply:os.mkdir ['{}']", "!!python/object/new:os.mkdir ['{}']", "!apply:os.mkdir ['{}']",
             "!new:os.mkdir ['{}']", "!!python/object:os.mkdir {{}}", "!!python/module:os"],
)  # fmt: skip
def test_settings_that_run_code_are_refused(tmp_path: Path, line: str) -> None:
    target = tmp_path / "was_run"
    (tmp_path / "hyperparams.yaml").write_text(f"a: {line.format(target)}\n", encoding="utf-8")
    with pytest.raises(UserError, match="wants to run"):
        read_hyperparams(tmp_path)
    assert not target.exists()


def test_a_head_with_a_pickle_is_refused(tmp_path: Path) -> None:
    import torch

    shipped = model_cache.get("overlap").shipped
    assert shipped is not None
    folder = Path(shutil.copytree(shipped, tmp_path / "overlap"))
    target, weights, settings = tmp_path / "was_run", folder / WEIGHTS_FILE, folder / HYPERPARAMS_FILE
    before = sha256_of(weights)
    torch.save({"1.w.weight": torch.zeros(2, 1024), "more": Touches(target)}, weights)
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(before, sha256_of(weights)), encoding="utf-8")
    for loaded in (load, HeadTone, OverlapDetector):
        with pytest.raises(ModelCorrupt, match="more than tensors"):
            loaded(folder)
    assert not target.exists()
