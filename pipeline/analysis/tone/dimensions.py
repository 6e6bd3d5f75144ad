"""Perceived arousal, valence and dominance by the baseline of the Odyssey 2024 challenge (Goncalves et al. 2024).

The arithmetic of the published `pipeline_utils.py`, written out here, so that no code of the hub runs: the waveform
standardised by the mean and deviation in `config.json`, WavLM, attentive statistics pooling (Okabe et al. 2018), one
hidden layer, three outputs of about 0–1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone.tone import Tone
from pipeline.analysis.tone.wavlm import KNOWN_BASE, part_of, wavlm
from pipeline.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch


CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
DIMENSIONS = frozenset({"arousal", "valence", "dominance"})
ATTENTION = "pool_model.attention"
SMALLEST_VARIANCE = 1e-5  # of the pooled frames, as published
SMALLEST_DEVIATION = 1e-6  # added to that of the waveform, as published


class OdysseyTone:
    """Three perceived dimensions of one speech region, and no label; trained on podcasts (MSP-Podcast)."""

    reads: ClassVar[Literal["embedding", "waveform"]] = "waveform"
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers")

    def __init__(self, folder: Path) -> None:
        """Load `config.json` and `model.safetensors`; `UserError` when the folder holds something else."""
        import torch

        torch.set_num_threads(1)  # one thread a worker: no fighting over cores, and sums in the same order
        config, weights = _read_config(folder / CONFIG_FILE), _read_weights(folder / WEIGHTS_FILE)
        self._mean, self._deviation = float(config["mean"]), float(config["std"]) + SMALLEST_DEVIATION
        self._names = _output_names(config, folder / CONFIG_FILE)
        self._encoder = wavlm(part_of(weights, "ssl_model."), folder / WEIGHTS_FILE)
        self._head = DimensionsHead(weights, int(config["classifier_hidden_layers"]), folder / WEIGHTS_FILE)
        self.encoder: str | None = None

    def score(self, features: NDArray[np.float32]) -> Tone:
        """The dimensions of one region by its waveform `(time,)`, mono 16 kHz; RuntimeError below 400 samples (25 ms).

        Each is cut at 0 and 1, the ends of the scale on which people rated the training data.
        """
        import torch

        standardised = (torch.from_numpy(np.ascontiguousarray(features)) - self._mean) / self._deviation
        with torch.inference_mode():
            frames = self._encoder(standardised.unsqueeze(0)).last_hidden_state[0]
            outputs = self._head.scores(frames).clamp(0.0, 1.0).tolist()
        by_name = dict(zip(self._names, map(float, outputs), strict=True))
        return Tone(
            label=None,
            probability=None,
            probabilities=None,
            arousal=by_name["arousal"],
            valence=by_name["valence"],
            dominance=by_name["dominance"],
        )


class DimensionsHead:
    """Attentive statistics pooling and the layers after it, as tensors; `UserError` if they do not fit together."""

    def __init__(self, weights: Mapping[str, torch.Tensor], hidden_layers: int, source: Path) -> None:
        self._weights = {
            name: tensor for name, tensor in weights.items() if name.startswith(("pool_model.", "ser_model."))
        }
        self._hidden_layers = hidden_layers
        dims = weights[ATTENTION].shape[0] if ATTENTION in weights else 0
        shapes = {name: tuple(tensor.shape) for name, tensor in self._weights.items()}
        if shapes != _head_shapes(dims, hidden_layers):
            raise UserError(f"{source} does not fit {CONFIG_FILE}: fetch the model again")

    def scores(self, frames: torch.Tensor) -> torch.Tensor:
        """Three scores of the encoder's frames `(frames, dims)`; the published dropout does nothing after training."""
        import torch
        from torch.nn import functional

        pooled = self._pooled(frames)
        for layer in range(self._hidden_layers):
            hidden = self._linear(f"ser_model.fc.{layer}.0", pooled)
            norm = f"ser_model.fc.{layer}.1"
            scale, shift = self._weights[f"{norm}.weight"], self._weights[f"{norm}.bias"]
            pooled = torch.relu(functional.layer_norm(hidden, hidden.shape, scale, shift))
        return self._linear("ser_model.out.0", pooled)

    def _pooled(self, frames: torch.Tensor) -> torch.Tensor:
        """Mean and deviation over frames `(2 dims,)`, weighted by attention (Okabe et al. 2018)."""
        import torch

        attention = torch.tanh(self._linear("pool_model.sap_linear", frames)) @ self._weights[ATTENTION]
        weight = torch.softmax(attention, dim=0)
        mean = (frames * weight).sum(dim=0)
        variance = (frames**2 * weight).sum(dim=0) - mean**2
        return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()])

    def _linear(self, name: str, values: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.linear(values, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])


def _head_shapes(dims: int, hidden_layers: int) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor after the encoder."""
    shapes: dict[str, tuple[int, ...]] = {
        ATTENTION: (dims, 1),
        "pool_model.sap_linear.weight": (dims, dims),
        "pool_model.sap_linear.bias": (dims,),
        "ser_model.out.0.weight": (len(DIMENSIONS), dims),
        "ser_model.out.0.bias": (len(DIMENSIONS),),
    }
    for layer in range(hidden_layers):
        shapes[f"ser_model.fc.{layer}.0.weight"] = (dims, dims if layer else 2 * dims)
        shapes |= {f"ser_model.fc.{layer}.{name}": (dims,) for name in ("0.bias", "1.weight", "1.bias")}
    return shapes


def _read_config(path: Path) -> Mapping[str, Any]:
    """The settings; `UserError` unless they are of this model on the known base."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: fetch the model again") from error
    missing = [key for key in ("mean", "std", "id2label", "classifier_hidden_layers", "ssl_type") if key not in config]
    if missing:
        raise UserError(f"{path} does not say {', '.join(missing)}: it is not a model of dimensions")
    if config["ssl_type"] != KNOWN_BASE:
        raise UserError(f"{path} starts from {config['ssl_type']}; only {KNOWN_BASE} is known here")
    return config  # type: ignore[no-any-return]


def _output_names(config: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """What each output is, in order."""
    by_number = {int(number): str(name) for number, name in config["id2label"].items()}
    names = tuple(by_number.get(number, "") for number in range(len(by_number)))
    if set(names) != DIMENSIONS:
        raise UserError(f"{path} names the outputs {', '.join(names)}, not arousal, valence and dominance")
    return names


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read as safetensors: fetch the model again") from error
