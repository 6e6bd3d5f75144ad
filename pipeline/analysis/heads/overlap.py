"""The detector of several voices at once that ships with this package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.score import probabilities
from pipeline.errors import ModelCorrupt

ONE, SEVERAL = "one voice", "several voices"  # labels of the head


class OverlapDetector:
    """A linear head that knows two labels: one voice, and several at once."""

    def __init__(self, folder: Path) -> None:
        """Load the head; `ModelCorrupt` when the folder does not hold it."""
        self._head = load(folder)
        if self._head.labels != (ONE, SEVERAL):
            raise ModelCorrupt(f"the head in {folder} does not tell one voice from several: install cliptone again")
        self.encoder = self._head.encoder  # as `speech_embeddings` names it

    def probability(self, embedding: Sequence[float]) -> float:
        """Probability (0–1) that several voices speak at once in a region with this embedding `(dims,)`.

        Its prior is that both are equally frequent, as in training.
        """
        vector = np.asarray(embedding, dtype=np.float32)[np.newaxis]
        return float(probabilities(self._head, vector)[0, 1])
