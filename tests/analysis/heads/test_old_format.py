"""Heads of earlier versions: rewritten when they are first found, with the same scores and the same identity."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.heads import old_format
from pipeline.analysis.heads.head import LABELS_FILE, WEIGHTS_FILE, identity, load
from pipeline.analysis.heads.save import save
from pipeline.analysis.heads.score import probabilities
from pipeline.analysis.heads.study_heads import head_folder
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.errors import ModelCorrupt
from pipeline.stage import Setting
from pipeline.stages.emotion import Emotion, EmotionOptions
from tests.support.made_heads import HEAD

TEMPERATURE = 1.2345678901


def write_old(folder: Path, dims: int = 16, encoder: str = "made") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A head as the version before wrote it; its weights, in the order in memory that they had, and its bias."""
    generator = np.random.default_rng(7)
    weights, bias = np.asfortranarray(generator.normal(size=(2, dims))), generator.normal(size=2)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "head.npz", weights=weights, bias=bias)
    settings = {
        "format": 1,
        "labels": ["calm", "loud"],
        "encoder": encoder,
        "temperature": TEMPERATURE,
        "labels_sha256": "cd" * 32,
        "weights_sha256": hashlib.sha256((folder / "head.npz").read_bytes()).hexdigest(),
    }
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    (folder / "head.json").write_text(text, encoding="utf-8")
    (folder / "card.md").write_text("# Tone model heads/volume\n", encoding="utf-8")
    return weights, bias


def test_it_scores_as_before_to_the_last_digit(tmp_path: Path) -> None:
    weights, bias = write_old(tmp_path / "volume", dims=1_024)
    head = load(head_folder("heads/volume", tmp_path))
    assert (head.labels, head.encoder, head.labels_sha256) == (("calm", "loud"), "made", "cd" * 32)
    embeddings = np.random.default_rng(0).normal(size=(50, 1_024)).astype(np.float32)
    for embedding in embeddings:
        scaled = (embedding[np.newaxis].astype(np.float64) @ weights.T + bias) / TEMPERATURE
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        assert np.array_equal(probabilities(head, embedding[np.newaxis]), powers / powers.sum(axis=1, keepdims=True))


def test_it_keeps_its_identity_so_nothing_that_it_scored_is_scored_again(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    write_old(folder)
    before = hashlib.sha256((folder / "head.json").read_bytes()).hexdigest()
    options, setting = EmotionOptions(models=("heads/volume",)), Setting(heads_folder=tmp_path)
    for _ in range(2):
        assert Emotion.own_models(options, setting) == {"heads/volume": before}
    assert {path.name for path in folder.iterdir()} == {HYPERPARAMS_FILE, WEIGHTS_FILE, LABELS_FILE, "card.md"}


def test_a_head_that_is_trained_again_is_another_one(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    write_old(folder)
    save(HEAD, folder)
    assert load(head_folder("heads/volume", tmp_path)).labels == HEAD.labels
    assert not (folder / "head.json").exists()
    assert identity(folder) == hashlib.sha256((folder / HYPERPARAMS_FILE).read_bytes()).hexdigest()


def test_a_rewriting_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    write_old(folder)
    (folder / WEIGHTS_FILE).write_bytes(b"half")
    before = hashlib.sha256((folder / "head.json").read_bytes()).hexdigest()
    assert load(head_folder("heads/volume", tmp_path)).labels == ("calm", "loud")
    assert identity(folder) == before


@pytest.mark.parametrize("file", ["head.json", "head.npz"])
def test_what_was_altered_is_refused_and_left(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "volume"
    write_old(folder)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-10])
    with pytest.raises(ModelCorrupt, match="train it again"):
        head_folder("heads/volume", tmp_path)
    assert not (folder / HYPERPARAMS_FILE).exists()
    assert (folder / file).read_bytes() == content[:-10]


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    write_old(tmp_path)
    np.savez(tmp_path / "head.npz", weights=np.array([{"a": 1}], dtype=object), bias=np.zeros(2))
    settings = json.loads((tmp_path / "head.json").read_text(encoding="utf-8"))
    settings["weights_sha256"] = hashlib.sha256((tmp_path / "head.npz").read_bytes()).hexdigest()
    (tmp_path / "head.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ModelCorrupt):
        old_format.convert(tmp_path)
