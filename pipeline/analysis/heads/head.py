"""A head: a linear layer from a stored speech embedding to labels of the researcher's own, and its two files.

`head.json` holds the labels, the encoder whose embeddings it reads, the temperature and the digest of the training
labels; `head.npz` the weights, without pickle. The JSON pins the weights by their sha256.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelCorrupt, ModelMissing, UserError
from pipeline.study.config import NAME

PREFIX = "heads/"  # of the name that a study file and `emotions.model` give it
SETTINGS_FILE, WEIGHTS_FILE, CARD_FILE = "head.json", "head.npz", "card.md"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class Head:
    """A trained head; its layer takes embeddings as they are stored, for the standardisation is part of it."""

    labels: tuple[str, ...]
    encoder: str  # as `speech_embeddings` names it
    weights: NDArray[np.float64]  # (labels, dims)
    bias: NDArray[np.float64]  # (labels,)
    temperature: float
    labels_sha256: str  # of the file that it was trained on


def is_head(model: str) -> bool:
    """True for the name of a head, as in heads/sarcasm."""
    return model.startswith(PREFIX) and NAME.fullmatch(model.removeprefix(PREFIX)) is not None


def check_name(name: str) -> str:
    """A head's own name; `UserError` unless it holds letters, digits, - and _ alone."""
    if not NAME.fullmatch(name):
        raise UserError(f"a head's name may hold letters, digits, - and _ alone, not {name!r}")
    return name


def head_folder(model: str, heads: Path | None) -> Path:
    """The folder of heads/NAME in a study's folder of heads; `ModelMissing` if it is not there."""
    name = check_name(model.removeprefix(PREFIX))
    if heads is None or not (heads / name / SETTINGS_FILE).is_file():
        raise ModelMissing(f"this study has no head {name!r}: train it with `cliptone train-head LABELS.csv`")
    return heads / name


def identity(folder: Path) -> str:
    """A digest that changes when the head does: of its settings, which pin its weights."""
    return hashlib.sha256((folder / SETTINGS_FILE).read_bytes()).hexdigest()


def save(head: Head, folder: Path) -> None:
    """Write a head's two files; the same head gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / WEIGHTS_FILE, weights=head.weights, bias=head.bias)
    settings = {
        "format": FORMAT,
        "labels": head.labels,
        "encoder": head.encoder,
        "temperature": head.temperature,
        "labels_sha256": head.labels_sha256,
        "weights_sha256": _digest(folder / WEIGHTS_FILE),
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Head:
    """Read a head; `ModelCorrupt` when a file is missing, altered or of another format."""
    try:
        settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        if settings["format"] != FORMAT or settings["weights_sha256"] != _digest(folder / WEIGHTS_FILE):
            raise ValueError("it was altered, or written by another version")
        with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as stored:
            weights, bias = stored["weights"], stored["bias"]
        return _head(settings, weights, bias)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"the head in {folder} cannot be used ({error}): train it again") from error


def _head(settings: dict[str, Any], weights: NDArray[np.float64], bias: NDArray[np.float64]) -> Head:
    labels = tuple(settings["labels"])
    if weights.ndim != 2 or weights.shape[0] != len(labels) or bias.shape != (len(labels),):
        raise ValueError("its weights do not fit its labels")
    return Head(
        labels=labels,
        encoder=str(settings["encoder"]),
        weights=weights,
        bias=bias,
        temperature=float(settings["temperature"]),
        labels_sha256=str(settings["labels_sha256"]),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
