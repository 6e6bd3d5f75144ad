"""Scores of a head: of many stored embeddings at once, and of one region as a tone model like any other."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import Head, load
from pipeline.analysis.tone import calibration
from pipeline.analysis.tone.tone import Tone, tone_of
from pipeline.errors import UserError

BLOCK = 1_024  # regions that are brought to double precision at once: 8 MB


def logits(head: Head, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the layer gives for embeddings `(regions, dims)`, before temperature and softmax, `(regions, labels)`."""
    if embeddings.shape[1] != head.weights.shape[1]:
        raise UserError(
            f"the head reads embeddings of {head.weights.shape[1]} numbers, these have {embeddings.shape[1]}: "
            f"run the stage embed with {head.encoder}, or train the head again"
        )
    blocks = (embeddings[start : start + BLOCK] for start in range(0, len(embeddings), BLOCK))
    return np.concatenate([np.empty((0, len(head.labels))), *(_layer(head, block) for block in blocks)])


def probabilities(head: Head, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probability of each label for embeddings `(regions, dims)`, `(regions, labels)`, each row summing to 1."""
    return calibration.probabilities(logits(head, embeddings), head.temperature)


def _layer(head: Head, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = embeddings.astype(np.float64) @ head.weights.T + head.bias
    return found


class HeadTone:
    """A head as a tone model: it reads stored embeddings and never needs the audio."""

    name: ClassVar[str] = "heads"  # each goes by heads/ and its folder's name
    reads: ClassVar[Literal["embedding", "waveform"]] = "embedding"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)

    def __init__(self, folder: Path) -> None:
        """Load a head; `ModelCorrupt` when the folder does not hold it."""
        self._head = load(folder)
        self.encoder: str | None = self._head.encoder

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The label of one region by its embedding `(dims,)`."""
        shares = probabilities(self._head, features[np.newaxis])[0].tolist()
        return tone_of(dict(zip(self._head.labels, shares, strict=True)))
