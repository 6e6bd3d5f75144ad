"""SpeechBrain itself loads every head's folder, by its own pretrainer, and gives the same scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.save import save
from pipeline.analysis.heads.score import probabilities
from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.models.catalogue import OVERLAP_FOLDER, STARTER_FOLDER
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.results.evaluation.train_head import train
from tests.analysis.heads.test_old_format import write_old
from tests.support.made_heads import examples


def trained(folder: Path) -> Path:
    save(train(examples()).head, folder)
    return folder


def trained_by_an_earlier_version(folder: Path) -> Path:
    from pipeline.analysis.heads import old_format

    write_old(folder)
    old_format.convert(folder)
    return folder


def speechbrain_scores(folder: Path, embeddings: NDArray[np.float32]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Labels, and probabilities `(regions, labels)` by SpeechBrain's own modules, which compute in single precision."""
    torchaudio_cpu.make_importable()
    import torch
    from hyperpyyaml import load_hyperpyyaml

    text = (folder / HYPERPARAMS_FILE).read_text(encoding="utf-8")
    hparams = load_hyperpyyaml(text, {"pretrained_path": str(folder)})
    hparams["pretrainer"].collect_files()
    hparams["pretrainer"].load_collected()
    hparams["model"].eval()
    modules = hparams["modules"]
    with torch.inference_mode():
        logits = modules["output_mlp"](modules["normalizer"](torch.from_numpy(embeddings)))
        shares = hparams["softmax"](logits / hparams["temperature"])
    labels = hparams["label_encoder"].decode_torch(torch.arange(int(hparams["out_n_neurons"])))
    return tuple(labels), shares.double().numpy()


@pytest.mark.parametrize(
    "folder_of",
    [lambda _: STARTER_FOLDER, lambda _: OVERLAP_FOLDER, trained, trained_by_an_earlier_version],
    ids=["starter", "overlap", "trained on labels", "trained by an earlier version"],
)
def test_speechbrain_gives_the_same_scores(tmp_path: Path, folder_of: Callable[[Path], Path]) -> None:
    folder = folder_of(tmp_path)
    head = load(folder)
    drawn = np.random.default_rng(2).normal(size=(20, head.mean.size))
    embeddings = (head.mean + np.sqrt(head.variance) * drawn).astype(np.float32)
    labels, shares = speechbrain_scores(folder, embeddings)
    assert labels == head.labels
    assert shares == pytest.approx(probabilities(head, embeddings), abs=1e-5)
    assert shares.std(axis=0).max() > 0.05, "the embeddings are told apart at all"
