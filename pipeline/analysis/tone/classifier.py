"""One SpeechBrain interface class for every tone model, and the loading of its files from a local folder.

A folder in SpeechBrain's own format holds `hyperparams.yaml`, checkpoints and `label_encoder.txt`. SpeechBrain's
`foreign_class` would run Python that it downloads, and its `from_hparams` would construct whatever the YAML names.
Here the settings are read as plain values, checkpoints as tensors alone, and the modules are built by this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.tone.hyperparams import read_hyperparams
from pipeline.analysis.tone.wav2vec2 import KNOWN_BASE, wav2vec2_encoder
from pipeline.errors import UserError

if TYPE_CHECKING:
    import torch

LABELS_FILE = "label_encoder.txt"

# keys of hyperparams.yaml
WAV2VEC2_NEEDS = ("wav2vec2_hub", "encoder_dim", "out_n_neurons", "wav2vec2", "output_mlp")


@cache
def interface() -> type[Any]:
    """The class `ToneClassifier`, made at first use because importing SpeechBrain takes seconds."""
    torchaudio_cpu.make_importable()
    import torch
    from speechbrain.inference.interfaces import Pretrained

    class ToneClassifier(Pretrained):  # type: ignore[misc]  # SpeechBrain has no types
        """Tone of speech: modules `encoder` and `output_mlp`, a softmax with a temperature, and the labels' names."""

        HPARAMS_NEEDED = ("label_encoder", "softmax", "temperature")
        MODULES_NEEDED = ("encoder", "output_mlp")

        def encode_batch(self, batch: torch.Tensor) -> torch.Tensor:
            """What the linear layer sees, `(regions, dims)`, of waveforms `(regions, time)` or embeddings."""
            encoded: torch.Tensor = self.mods.encoder(batch)
            return encoded

        def classify_batch(self, batch: torch.Tensor) -> torch.Tensor:
            """Probabilities `(regions, labels)`, float64, each row summing to 1."""
            with torch.inference_mode():
                logits = self.mods.output_mlp(self.encode_batch(batch))
                probabilities: torch.Tensor = self.hparams.softmax(logits / self.hparams.temperature)
            return probabilities

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            """The same as `classify_batch`."""
            return self.classify_batch(batch)

        @property
        def labels(self) -> tuple[str, ...]:
            """The labels as the model's files name them, in the order of the probabilities."""
            names = self.hparams.label_encoder.ind2lab
            return tuple(names[index] for index in sorted(names))

    return ToneClassifier


def load_wav2vec2(folder: Path) -> Any:
    """A classifier of waveforms as in `speechbrain/emotion-recognition-wav2vec2-IEMOCAP`.

    Raises `UserError` when the folder holds something else.
    """
    torchaudio_cpu.make_importable()
    import torch
    from speechbrain.nnet.linear import Linear

    hyperparams = read_hyperparams(folder, WAV2VEC2_NEEDS)
    if hyperparams["wav2vec2_hub"] != KNOWN_BASE:
        raise UserError(f"{folder} starts from {hyperparams['wav2vec2_hub']}; only {KNOWN_BASE} is known here")
    weights = read_checkpoint(folder / "wav2vec2.ckpt")
    try:
        encoder = wav2vec2_encoder(weights, output_norm=bool(hyperparams["wav2vec2"].get("output_norm", False)))
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{folder / 'wav2vec2.ckpt'} is not a wav2vec 2.0 of the base family") from error
    output = Linear(
        input_size=int(hyperparams["encoder_dim"]),
        n_neurons=int(hyperparams["out_n_neurons"]),
        bias=bool(hyperparams["output_mlp"].get("bias", True)),
    )
    _fill(torch.nn.ModuleList([output]), folder / "model.ckpt")
    return _assemble(folder, encoder, output, hyperparams)


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name; `UserError` when it holds anything but tensors, or is broken."""
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise UserError(f"{path} holds more than tensors or is broken: fetch the model again") from error
    if not isinstance(state, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise UserError(f"{path} is not a checkpoint of named tensors: fetch the model again")
    return dict(state)


def _fill(module: torch.nn.Module, path: Path) -> None:
    try:
        module.load_state_dict(read_checkpoint(path))
    except RuntimeError as error:
        raise UserError(f"{path} does not fit the sizes in hyperparams.yaml: fetch the model again") from error


def _assemble(folder: Path, encoder: torch.nn.Module, output: torch.nn.Module, hyperparams: Mapping[str, Any]) -> Any:
    import torch
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.nnet.activations import Softmax

    torch.set_num_threads(1)  # one thread a worker: no fighting over cores, and sums in the same order
    label_encoder = CategoricalEncoder()
    label_encoder.load(folder / LABELS_FILE)
    labels = int(hyperparams["out_n_neurons"])
    if sorted(label_encoder.ind2lab) != list(range(labels)):
        raise UserError(f"{folder / LABELS_FILE} does not name {labels} labels: fetch the model again")
    label_encoder.expect_len(labels)
    return interface()(
        modules={"encoder": encoder, "output_mlp": output},
        hparams={
            "label_encoder": label_encoder,
            "softmax": Softmax(dtype=torch.float64),  # so that probabilities sum to 1 beyond any doubt
            "temperature": float(hyperparams.get("temperature", 1.0)),
        },
        run_opts={"device": "cpu"},  # the same scores on every machine
    )
