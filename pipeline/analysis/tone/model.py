"""What a tone model is: one score for one speech region, from its stored embedding or from its waveform."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone.classifier import load_wav2vec2
from pipeline.analysis.tone.tone import Tone, tone_of

#: The abbreviations of IEMOCAP, in plain words.
PLAIN_LABELS = {"neu": "neutral", "ang": "angry", "hap": "happy", "sad": "sad"}


class ToneModel(Protocol):
    """A model that scores one speech region; built once in a worker from its folder."""

    reads: ClassVar[Literal["embedding", "waveform"]]
    packages: ClassVar[tuple[str, ...]]  # distributions whose version can change its scores
    encoder: str | None  # the speech encoder whose embeddings it reads; None if it reads the waveform

    def __init__(self, folder: Path) -> None:
        """Load the model; `UserError` when the folder does not hold it."""

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region: its embedding `(dims,)` or its waveform `(time,)`, mono 16 kHz, as `reads` says."""


class IemocapTone:
    """SpeechBrain's wav2vec 2.0 fine-tuned on IEMOCAP (Wang et al. 2021)."""

    reads: ClassVar[Literal["embedding", "waveform"]] = "waveform"
    packages: ClassVar[tuple[str, ...]] = ("torch", "speechbrain", "transformers")

    def __init__(self, folder: Path) -> None:
        self._classifier = load_wav2vec2(folder)
        self.encoder: str | None = None

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region by its waveform `(time,)`; RuntimeError below 400 samples (25 ms)."""
        return _tone_of_waveform(self._classifier, features)


def _tone_of_waveform(classifier: Any, features: NDArray[np.float32]) -> Tone:
    import torch

    # one region at a time: padding to a common length would change its neighbours' scores
    probabilities = classifier(torch.tensor(features[np.newaxis])).squeeze(0).tolist()
    names = (PLAIN_LABELS.get(name, name) for name in classifier.labels)
    return tone_of(dict(zip(names, probabilities, strict=True)))
