"""A model's `hyperparams.yaml` read as plain values: its HyperPyYAML tags are checked and never executed.

HyperPyYAML can construct any Python object and call any function that a file names, so a model's settings could run
code. Here a tag only has to be one that a tone model may carry; the value under it is read as YAML's own types.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

HYPERPARAMS_FILE = "hyperparams.yaml"

#: The wav2vec 2.0 wrapper has moved twice between SpeechBrain releases; a model names the place in its own release.
WAV2VEC2_CLASSES = frozenset(
    {
        "speechbrain.lobes.models.huggingface_wav2vec.HuggingFaceWav2Vec2",
        "speechbrain.lobes.models.huggingface_transformers.wav2vec2.Wav2Vec2",
        "speechbrain.integrations.huggingface.wav2vec2.Wav2Vec2",
    }
)
ALLOWED_CLASSES = WAV2VEC2_CLASSES | {
    "speechbrain.dataio.encoder.CategoricalEncoder",
    "speechbrain.nnet.activations.Softmax",
    "speechbrain.nnet.linear.Linear",
    "speechbrain.nnet.pooling.StatisticsPooling",
    "speechbrain.utils.parameter_transfer.Pretrainer",
    "torch.nn.BatchNorm1d",
    "torch.nn.ModuleList",
}
ALLOWED_TAGS = {"!ref"} | {f"!new:{name}" for name in ALLOWED_CLASSES}


def read_hyperparams(folder: Path, needed: Sequence[str] = ()) -> dict[str, Any]:
    """The values of `hyperparams.yaml` in a model's folder; references (`!ref <key>`) stay the text they are.

    Raises `UserError` when the file is not YAML, carries a tag beyond the short list above, or lacks a needed key.
    """
    path = folder / HYPERPARAMS_FILE
    values = _plain_values(path)
    missing = [key for key in needed if key not in values]
    if missing:
        raise UserError(f"{path} does not say {', '.join(missing)}: it is not a tone model of this kind")
    return values


def _plain_values(path: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped, unused-ignore]  # its types are a package of their own

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc, unused-ignore]
        """YAML's safe loader that reads what stands under an allowed tag as if the tag were not there."""

    def untagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
        if tag not in ALLOWED_TAGS:
            raise UserError(
                f"{path} wants to run `{tag}` (line {node.start_mark.line + 1}), which no tone model needs: "
                "it was refused; use a model from a source that you trust"
            )
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return node.value

    PlainLoader.add_multi_constructor("", untagged)
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=PlainLoader)  # noqa: S506  # a SafeLoader
    except yaml.YAMLError as error:
        raise UserError(f"{path} cannot be read as YAML: fetch the model again") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings: fetch the model again")
    return values
