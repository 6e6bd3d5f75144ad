"""A linear head: from a stored speech embedding to labels, kept in a folder that SpeechBrain can load too.

`hyperparams.yaml` says what the head reads and gives, and pins the two files beside it by their sha256;
`classifier.ckpt` holds the means and variances of its training embeddings and one linear layer; `label_encoder.txt`
names its labels. Here they are read in NumPy: importing SpeechBrain in every worker takes longer than scoring thousands
of clips.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams
from pipeline.analysis.tone.tensors import read_tensors
from pipeline.errors import ModelCorrupt, UserError
from pipeline.study.files import sha256_of

WEIGHTS_FILE, LABELS_FILE, CARD_FILE = "classifier.ckpt", "label_encoder.txt", "card.md"
NEEDS = ("speech_encoder", "embedding_dim", "out_n_neurons", "temperature", "normalizer", "sha256")
#: Names of the tensors, as SpeechBrain has them of a list of a `BatchNorm1d` and a `Linear`.
MEAN, VARIANCE, WEIGHTS, BIAS = "0.running_mean", "0.running_var", "1.w.weight", "1.w.bias"
EXTRAS = "================"  # line of SpeechBrain's label encoder after which no labels follow


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Standardises an embedding, applies a linear layer, and a softmax with a temperature."""

    labels: tuple[str, ...]
    encoder: str  # as `speech_embeddings` names it
    mean: NDArray[np.float64]  # (dims,)
    variance: NDArray[np.float64]  # (dims,)
    weights: NDArray[np.float64]  # (labels, dims)
    bias: NDArray[np.float64]  # (labels,)
    temperature: float
    set_threshold: float | None = None  # probability from which a label belongs to the prediction set, where it has one
    labels_sha256: str | None = None  # of the file of labels that it was trained on
    #: Percentiles 0 to 100 of the distance of its training embeddings from their middle, where it knows them
    novelty_distances: tuple[float, ...] | None = None


def load(folder: Path) -> LinearHead:
    """Read a head; `ModelCorrupt` when a file is missing, altered, or of another format."""
    try:
        settings = read_hyperparams(folder, NEEDS)
        for name in (WEIGHTS_FILE, LABELS_FILE):
            if settings["sha256"][name] != sha256_of(folder / name):
                raise ValueError(f"{name} was altered")
        return _build_head(folder, settings)
    except (OSError, UserError, ValueError, KeyError, TypeError, SyntaxError) as error:
        remedy = "train it again, or install cliptone again if it came with it"
        raise ModelCorrupt(f"the head in {folder} cannot be used ({error}): {remedy}") from error


def identity(folder: Path) -> str:
    """A digest that changes when the head does: of its settings, which pin its other files.

    A head converted from the old format keeps the digest that it had there.
    """
    kept = read_hyperparams(folder).get("identity")
    return sha256_of(folder / HYPERPARAMS_FILE) if kept is None else str(kept)


def _build_head(folder: Path, settings: dict[str, Any]) -> LinearHead:
    dims, labels = int(settings["embedding_dim"]), int(settings["out_n_neurons"])
    tensors = {name: tensor.astype(np.float64) for name, tensor in read_tensors(folder / WEIGHTS_FILE).items()}
    shapes = {MEAN: (dims,), VARIANCE: (dims,), WEIGHTS: (labels, dims), BIAS: (labels,)}
    if any(tensors[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("its weights do not fit the sizes in its settings")
    threshold, labels_sha256 = settings.get("set_threshold"), settings.get("labels_sha256")
    distances = settings.get("novelty_distances")
    return LinearHead(
        labels=_read_labels(folder / LABELS_FILE, labels),
        encoder=str(settings["speech_encoder"]),
        mean=tensors[MEAN],
        variance=tensors[VARIANCE] + float(settings["normalizer"]["eps"]),  # as torch's BatchNorm1d does
        weights=tensors[WEIGHTS],
        bias=tensors[BIAS],
        temperature=float(settings["temperature"]),
        set_threshold=None if threshold is None else float(threshold),
        labels_sha256=None if labels_sha256 is None else str(labels_sha256),
        novelty_distances=None if distances is None else tuple(float(distance) for distance in distances),
    )


def _read_labels(path: Path, count: int) -> tuple[str, ...]:
    """The labels of SpeechBrain's encoder file in their order; `ValueError` unless it names that many."""
    numbers: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line == EXTRAS:
            break
        label, number = line.rsplit(" => ", 1)
        numbers[int(number)] = str(ast.literal_eval(label))
    if sorted(numbers) != list(range(count)):
        raise ValueError(f"{path.name} does not name {count} labels")
    return tuple(numbers[number] for number in range(count))
