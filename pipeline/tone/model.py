"""Tone models by name: one score for one speech region, from its stored embedding or from its waveform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.tone.classifier import load_starter, load_wav2vec2
from pipeline.tone.dimensions import OdysseyTone

#: The abbreviations of IEMOCAP, in plain words.
PLAIN_LABELS = {"neu": "neutral", "ang": "angry", "hap": "happy", "sad": "sad"}


@dataclass(frozen=True, slots=True)
class Tone:
    """How one speech region sounds to one model; what the model does not give is None."""

    label: str | None  # the most probable
    probability: float | None  # of `label`, 0–1
    probabilities: dict[str, float] | None  # of each label, 0–1, sum 1
    arousal: float | None = None  # 0–1
    valence: float | None = None  # 0–1
    dominance: float | None = None  # 0–1
    prediction_set: tuple[str, ...] | None = None  # labels that reach the model's conformal threshold, likeliest first


class ToneModel(Protocol):
    """A model that scores one speech region; built once in a worker from its folder."""

    name: ClassVar[str]  # as `pipeline.models` lists it
    reads: ClassVar[Literal["embedding", "waveform"]]
    packages: ClassVar[tuple[str, ...]]  # distributions whose version can change its scores
    encoder: str | None  # the speech encoder whose embeddings it reads; None if it reads the waveform

    def __init__(self, folder: Path) -> None:
        """Load the model; `UserError` when the folder does not hold it."""

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region: its embedding `(dims,)` or its waveform `(time,)`, mono 16 kHz, as `reads` says."""


class StarterTone:
    """The head that ships with this package: one linear layer on the middle of Whisper's encoder.

    It is unsure of a region whose prediction set does not hold exactly one label: several that it cannot tell apart,
    or none.
    """

    name: ClassVar[str] = "starter"
    reads: ClassVar[Literal["embedding", "waveform"]] = "embedding"
    packages: ClassVar[tuple[str, ...]] = ("torch", "speechbrain")

    def __init__(self, folder: Path) -> None:
        self._classifier = load_starter(folder)
        self.encoder: str | None = self._classifier.hparams.speech_encoder

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region by its embedding `(dims,)`."""
        return _score(self._classifier, features)


class IemocapTone:
    """SpeechBrain's wav2vec 2.0 fine-tuned on IEMOCAP (Wang et al. 2021)."""

    name: ClassVar[str] = "speechbrain-iemocap"
    reads: ClassVar[Literal["embedding", "waveform"]] = "waveform"
    packages: ClassVar[tuple[str, ...]] = ("torch", "speechbrain", "transformers")

    def __init__(self, folder: Path) -> None:
        self._classifier = load_wav2vec2(folder)
        self.encoder: str | None = None

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region by its waveform `(time,)`; RuntimeError below 400 samples (25 ms)."""
        return _score(self._classifier, features)


TONE_MODELS: dict[str, type[ToneModel]] = {model.name: model for model in (StarterTone, IemocapTone, OdysseyTone)}


def _score(classifier: Any, features: NDArray[np.float32]) -> Tone:
    import torch

    # one region at a time: padding to a common length would change its neighbours' scores
    probabilities = classifier(torch.tensor(features[np.newaxis])).squeeze(0).tolist()
    names = (PLAIN_LABELS.get(name, name) for name in classifier.labels)
    by_label = dict(zip(names, probabilities, strict=True))
    label = max(by_label, key=by_label.__getitem__)
    return Tone(
        label=label,
        probability=by_label[label],
        probabilities=by_label,
        prediction_set=_prediction_set(by_label, classifier.hparams.set_threshold),
    )


def _prediction_set(by_label: dict[str, float], threshold: float | None) -> tuple[str, ...] | None:
    """Labels whose probability reaches the threshold, likeliest first; None for a model without a threshold."""
    if threshold is None:
        return None
    return tuple(
        label for label in sorted(by_label, key=by_label.__getitem__, reverse=True) if by_label[label] >= threshold
    )
