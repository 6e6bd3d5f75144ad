"""Perceived tone over time by SpeechBrain's emotion diarization (Wang et al. 2023): a label every 20 ms, in spans.

The arithmetic of SpeechBrain's `Speech_Emotion_Diarization`, without the code that it would construct from the YAML:
the waveform standardised (which includes its centring), WavLM, its output normalised, one linear layer a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.tone.classifier import LABELS_FILE, read_checkpoint
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.analysis.tone.wavlm import KNOWN_BASE, part_of, wavlm
from pipeline.errors import UserError
from pipeline.records import Seconds

if TYPE_CHECKING:
    import torch

FRAME_S: Seconds = 0.02  # of WavLM
#: What the checkpoints were made with; another value would mean another model.
EXPECTED = {"wav2vec2_hub": KNOWN_BASE, "window_length": "1", "stride": "1", "out_n_neurons": "4"}
PLAIN_LABELS = {"n": "neutral", "h": "happy", "s": "sad", "a": "angry"}
_OUTPUT = "0.w.weight"  # SpeechBrain's linear layer, first of the list of modules


@dataclass(frozen=True, slots=True)
class EmotionTurn:
    """A stretch of one label, with the mean of its probability over the frames."""

    start_s: Seconds
    end_s: Seconds
    label: str
    probability: float  # 0–1


class TimelineModel(Protocol):
    """A model that follows tone through one speech region; built once in a worker from its folder."""

    name: ClassVar[str]  # as `pipeline.analysis.models.cache` lists it
    packages: ClassVar[tuple[str, ...]]  # distributions whose version can change its spans

    def __init__(self, folder: Path) -> None:
        """Load the model; `UserError` when the folder does not hold it."""

    def spans(self, waveform: NDArray[np.float32]) -> list[EmotionTurn]:
        """The spans of one region's waveform `(time,)`, mono 16 kHz, that follow each other without a gap."""


class SpeechBrainTimeline:
    """SpeechBrain's WavLM, fine-tuned to find where a voice changes its tone."""

    name: ClassVar[str] = "speechbrain-timeline"
    packages: ClassVar[tuple[str, ...]] = ("torch", "speechbrain", "transformers")

    def __init__(self, folder: Path) -> None:
        """Load `hyperparams.yaml`, two checkpoints and `label_encoder.txt`; `UserError` when they are not these."""
        torchaudio_cpu.make_importable()
        import torch

        torch.set_num_threads(1)  # one thread a worker: no fighting over cores, and sums in the same order
        _check_settings(folder / HYPERPARAMS_FILE)
        self._labels = _read_labels(folder / LABELS_FILE)
        weights = part_of(read_checkpoint(folder / "wav2vec2.ckpt"), "model.")
        self._encoder = wavlm(weights, folder / "wav2vec2.ckpt")
        self._output = _read_output(folder / "model.ckpt", len(self._labels), int(self._encoder.config.hidden_size))

    def spans(self, waveform: NDArray[np.float32]) -> list[EmotionTurn]:
        """The spans of a waveform `(time,)`, mono 16 kHz; RuntimeError below 400 samples (25 ms)."""
        probabilities = self.frames(waveform)
        best = probabilities.argmax(axis=1)
        found, start = [], 0
        for label, group in groupby(best.tolist()):
            end = start + len(list(group))
            mean = float(probabilities[start:end, label].mean())
            found.append(EmotionTurn(start * FRAME_S, end * FRAME_S, self._labels[label], mean))
            start = end
        return found

    def frames(self, waveform: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities `(frames, labels)`, a frame each 20 ms, each row summing to 1."""
        import torch
        from torch.nn import functional

        batch = torch.from_numpy(np.ascontiguousarray(waveform)).unsqueeze(0)
        with torch.inference_mode():
            encoded = self._encoder(functional.layer_norm(batch, batch.shape[1:])).last_hidden_state
            encoded = functional.layer_norm(encoded, encoded.shape[1:])  # over time and numbers, as SpeechBrain does
            logits = functional.linear(encoded[0], self._output)
            return np.asarray(torch.softmax(logits, dim=-1, dtype=torch.float64).numpy())


#: Every model of tone over time by name.
TIMELINE_MODELS: dict[str, type[TimelineModel]] = {model.name: model for model in (SpeechBrainTimeline,)}


def _check_settings(path: Path) -> None:
    """`UserError` unless the settings are those of this model: values are read as text, nothing is constructed."""
    import yaml  # type: ignore[import-untyped, unused-ignore]  # its types are a package of their own

    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read as YAML: fetch the model again") from error
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    values = {key.value: node.value for key, node in pairs if isinstance(node, yaml.ScalarNode)}
    wrong = [f"{key} {values.get(key)}" for key, value in EXPECTED.items() if values.get(key) != value]
    if wrong:
        raise UserError(f"{path} says {', '.join(wrong)}: it is not the model that is known here")


def _read_labels(path: Path) -> Sequence[str]:
    """The labels in plain words, in the order of the outputs."""
    from speechbrain.dataio.encoder import CategoricalEncoder

    encoder = CategoricalEncoder()
    encoder.load(path)
    names = [encoder.ind2lab.get(number) for number in range(len(encoder.ind2lab))]
    if set(names) != set(PLAIN_LABELS):
        raise UserError(f"{path} does not name the labels {', '.join(PLAIN_LABELS)}: fetch the model again")
    return [PLAIN_LABELS[str(name)] for name in names]


def _read_output(path: Path, labels: int, dims: int) -> torch.Tensor:
    """The weights `(labels, dims)` of the layer after the encoder."""
    weights = read_checkpoint(path)
    if set(weights) != {_OUTPUT} or tuple(weights[_OUTPUT].shape) != (labels, dims):
        raise UserError(f"{path} does not fit {labels} labels and {dims} numbers a frame: fetch the model again")
    return weights[_OUTPUT]
