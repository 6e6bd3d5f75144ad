"""A linear head as a tone model: the starter that ships with this package, or one trained on a study's labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.novelty import STRANGE, novelty
from pipeline.analysis.heads.reference import StudyReference, against_study
from pipeline.analysis.heads.score import probabilities
from pipeline.analysis.tone.tone import Tone, tone_of


class HeadTone:
    """Reads stored embeddings and never needs the audio.

    A head with a threshold is unsure of a region whose prediction set does not hold exactly one label: several that it
    cannot tell apart, or none. What is stranger than nearly all of its training has every label in its set.
    """

    reads: ClassVar[Literal["embedding", "waveform"]] = "embedding"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)

    def __init__(self, folder: Path) -> None:
        """Load the head; `ModelCorrupt` when the folder does not hold it."""
        self.head = load(folder)
        self._trained = self.head  # strange is what is far from the training, whatever the study is like
        self.encoder: str | None = self.head.encoder

    def read_against(self, reference: StudyReference) -> None:
        """Read voices against a study's own from now on; `ModelCorrupt` for a reference of another encoder."""
        self.head = against_study(self.head, reference)

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region by its embedding `(dims,)`."""
        shares = probabilities(self.head, features[np.newaxis])[0].tolist()
        strangeness = novelty(self._trained, features[np.newaxis])
        if strangeness is None:
            return tone_of(dict(zip(self.head.labels, shares, strict=True)), self.head.set_threshold)
        strange = self.head.set_threshold is not None and strangeness[0] >= STRANGE
        tone = tone_of(dict(zip(self.head.labels, shares, strict=True)), 0.0 if strange else self.head.set_threshold)
        return replace(tone, novelty=float(strangeness[0]))
