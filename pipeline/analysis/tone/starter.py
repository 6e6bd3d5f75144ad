"""The tone model that ships with this package: one linear layer on the middle of Whisper's encoder.

Its folder is in SpeechBrain's format, and SpeechBrain gives the same scores from it; here the layer is applied in
NumPy, since importing SpeechBrain in every worker takes longer than scoring thousands of clips.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone import calibration
from pipeline.analysis.tone.hyperparams import read_hyperparams
from pipeline.analysis.tone.tensors import read_tensors
from pipeline.analysis.tone.tone import Tone, tone_of
from pipeline.errors import UserError

WEIGHTS_FILE, LABELS_FILE = "classifier.ckpt", "label_encoder.txt"
NEEDS = ("speech_encoder", "embedding_dim", "out_n_neurons", "temperature", "set_threshold")  # in hyperparams.yaml
EPSILON = 1e-5  # that torch's BatchNorm1d adds to a variance


class StarterTone:
    """Standardises an embedding, applies a linear layer, and a softmax with a temperature.

    It is unsure of a region whose prediction set does not hold exactly one label: several that it cannot tell apart,
    or none.
    """

    name: ClassVar[str] = "starter"
    reads: ClassVar[Literal["embedding", "waveform"]] = "embedding"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)

    def __init__(self, folder: Path) -> None:
        """Load the model; `UserError` when the folder does not hold it."""
        settings = read_hyperparams(folder, NEEDS)
        tensors = {name: tensor.astype(np.float64) for name, tensor in read_tensors(folder / WEIGHTS_FILE).items()}
        dims, labels = int(settings["embedding_dim"]), int(settings["out_n_neurons"])
        shapes = {
            "0.running_mean": (dims,),
            "0.running_var": (dims,),
            "1.w.weight": (labels, dims),
            "1.w.bias": (labels,),
        }
        if any(name not in tensors or tensors[name].shape != shape for name, shape in shapes.items()):
            raise UserError(
                f"{folder / WEIGHTS_FILE} does not fit the sizes in hyperparams.yaml: fetch the model again"
            )
        self.encoder: str | None = settings["speech_encoder"]
        self.mean, self.deviation = tensors["0.running_mean"], np.sqrt(tensors["0.running_var"] + EPSILON)  # (dims,)
        self._weights, self._bias = tensors["1.w.weight"], tensors["1.w.bias"]
        self._labels = _labels(folder / LABELS_FILE, labels)
        self._temperature, self._threshold = float(settings["temperature"]), float(settings["set_threshold"])

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The tone of one region by its embedding `(dims,)`."""
        standardised = (features.astype(np.float64) - self.mean) / self.deviation
        logits = self._weights @ standardised + self._bias
        shares = calibration.probabilities(logits[np.newaxis], self._temperature)[0].tolist()
        return tone_of(dict(zip(self._labels, shares, strict=True)), self._threshold)


def _labels(path: Path, count: int) -> tuple[str, ...]:
    """The labels of SpeechBrain's encoder file in their order; `UserError` unless it names that many."""
    try:
        lines = path.read_text(encoding="utf-8").partition("====")[0].splitlines()
        numbers = {
            int(number): str(ast.literal_eval(label)) for label, number in (line.rsplit(" => ", 1) for line in lines)
        }
    except (ValueError, SyntaxError) as error:
        raise UserError(f"{path} does not name {count} labels: fetch the model again") from error
    if sorted(numbers) != list(range(count)):
        raise UserError(f"{path} does not name {count} labels: fetch the model again")
    return tuple(numbers[number] for number in range(count))
