"""Writing a linear head as SpeechBrain would: settings, a checkpoint of tensors, and the names of its labels."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pipeline.analysis.heads.head import (
    BIAS,
    EXTRAS,
    LABELS_FILE,
    MEAN,
    VARIANCE,
    WEIGHTS,
    WEIGHTS_FILE,
    LinearHead,
)
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.study import files
from pipeline.study.files import sha256_of

#: Texts stand in quotes as JSON has them, which YAML reads too.
SETTINGS = """\
# Labels of a speech region from its stored embedding: standardised, one linear layer, softmax with a temperature.
# SpeechBrain's format; card.md beside it says how the head was trained and what it is worth.

# What it reads
speech_encoder: {encoder}
embedding_dim: {dims}

# What it gives: probabilities, and with a threshold the set of labels that reach it; a set that does not hold exactly
# one label means "unsure"
out_n_neurons: {labels}
temperature: {temperature}
{set_threshold}{novelty_distances}
# What embeddings are standardised by (0 and 1 where the layer does that itself), fixed; nothing is added to variances
normalizer: !new:torch.nn.BatchNorm1d
    num_features: !ref <embedding_dim>
    affine: False
    eps: 0.0

output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: !ref <embedding_dim>
    n_neurons: !ref <out_n_neurons>

model: !new:torch.nn.ModuleList
    - [!ref <normalizer>, !ref <output_mlp>]

modules:
    normalizer: !ref <normalizer>
    output_mlp: !ref <output_mlp>

softmax: !new:speechbrain.nnet.activations.Softmax

label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder

# The folder of the files beside this one
pretrained_path: .

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        model: !ref <model>
        label_encoder: !ref <label_encoder>
    paths:
        model: !ref <pretrained_path>/{weights_file}
        label_encoder: !ref <pretrained_path>/{labels_file}

# Of the files beside this one; and what else is known of the head: `labels_sha256` is of the file of labels that it was
# trained on, `identity` what a head that an earlier version wrote in another format is known by
sha256:
    {weights_file}: {weights_sha256}
    {labels_file}: {encoder_sha256}
{labels_sha256}{identity}"""


def save(head: LinearHead, folder: Path, identity: str | None = None) -> None:
    """Write a head into a folder; the same head gives the same bytes. It keeps an `identity` that it had before.

    A process that reads the folder meanwhile finds the old head, the new one, or files that do not fit each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as name:
        part = Path(name)
        _save_tensors(head, part / WEIGHTS_FILE)
        lines = [f"{label!r} => {number}" for number, label in enumerate(head.labels)]
        files.write(part / LABELS_FILE, "\n".join([*lines, EXTRAS, "'starting_index' => 0", ""]))
        files.write(part / HYPERPARAMS_FILE, _hyperparams_text(head, part, identity))
        for written in (WEIGHTS_FILE, LABELS_FILE, HYPERPARAMS_FILE):  # the last one makes the folder a head
            files.put(part / written, folder / written)


def _hyperparams_text(head: LinearHead, folder: Path, identity: str | None) -> str:
    return SETTINGS.format(
        encoder=json.dumps(head.encoder),
        dims=head.mean.size,
        labels=len(head.labels),
        temperature=json.dumps(head.temperature),
        set_threshold=_setting_line("set_threshold", head.set_threshold),
        novelty_distances=_novelty_lines(head.novelty_distances),
        weights_file=WEIGHTS_FILE,
        labels_file=LABELS_FILE,
        labels_sha256=_setting_line("labels_sha256", head.labels_sha256),
        weights_sha256=json.dumps(sha256_of(folder / WEIGHTS_FILE)),
        encoder_sha256=json.dumps(sha256_of(folder / LABELS_FILE)),
        identity=_setting_line("identity", identity),
    )


def _novelty_lines(distances: tuple[float, ...] | None) -> str:
    if distances is None:
        return ""
    listed = _setting_line("novelty_distances", distances)
    return f"# Percentiles 0 to 100 of how far training embeddings lie from their middle: novelty counts them\n{listed}"


def _setting_line(key: str, value: float | str | tuple[float, ...] | None) -> str:
    return "" if value is None else f"{key}: {json.dumps(value)}\n"


def _save_tensors(head: LinearHead, path: Path) -> None:
    import torch

    arrays = {MEAN: head.mean, VARIANCE: head.variance, WEIGHTS: head.weights, BIAS: head.bias}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save({**tensors, "0.num_batches_tracked": torch.tensor(0)}, path)
