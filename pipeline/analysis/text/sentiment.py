"""How positive a text is, from its vector: a linear head on multilingual E5, trained on people's ratings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.analysis.text.e5_weights import Floats

NAME = "e5-sentiment"
HEAD = "head.json"

Measured = Literal["ratings", "signs", "never"]


class SentimentHead:
    """A ridge regression on the vectors of one encoder, loaded from the folder of its model."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        stored = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        self.encoder: str = stored["encoder"]
        self._weights = np.array(stored["weights"], dtype=np.float32)
        self._intercept: float = stored["intercept"]
        self._measured: dict[str, Measured] = stored["measured"]

    def score(self, vectors: Floats) -> list[float]:
        """What people would say of each text `(texts, width)`, from -1 (as negative as can be) to 1."""
        return [float(one) for one in np.clip(vectors @ self._weights + self._intercept, -1, 1)]

    def measured(self, language: str | None) -> Measured:
        """What the head was compared with in a language: ratings of people, signs of easy sentences, or never."""
        return self._measured.get(language or "", "never")
