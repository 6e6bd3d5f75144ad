"""WavLM (Chen et al. 2022) as models of tone use it: the sizes read off a checkpoint's tensors, nothing downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.tone.wav2vec2 import architecture
from pipeline.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

#: The one starting point whose settings are known here: layer norm in every convolution and before each block, without
#: biases in the convolutions, relative positions in buckets up to 800 frames apart.
KNOWN_BASE = "microsoft/wavlm-large"
MAX_BUCKET_DISTANCE = 800  # frames; stored in no tensor
_BUCKETS = "encoder.layers.0.attention.rel_attn_embed.weight"
_ONLY_IN_TRAINING = "masked_spec_embed"  # some checkpoints keep it


def wavlm(weights: Mapping[str, torch.Tensor], source: object) -> Any:
    """A `WavLMModel` with these weights, named as in transformers; its output has shape `(regions, frames, dims)`.

    `source` is named in the `UserError` that is raised if they are not those of a WavLM of the large family.
    """
    torchaudio_cpu.make_importable()  # transformers imports torchaudio wherever it is installed
    from transformers import WavLMConfig, WavLMModel

    try:
        model = WavLMModel(WavLMConfig(**_wavlm_config(weights)))
        missing, unexpected = model.load_state_dict(dict(weights), strict=False)
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{source} is not a WavLM of the large family: fetch the model again") from error
    wrong = [*(name for name in missing if name != _ONLY_IN_TRAINING), *unexpected]
    if wrong:
        raise UserError(f"{source} is not a WavLM of the large family (see {wrong[0]}): fetch the model again")
    model.eval().requires_grad_(False)
    return model


def part_of(weights: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors under a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def _wavlm_config(weights: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    buckets, heads = weights[_BUCKETS].shape
    return {
        **architecture(weights),
        "num_attention_heads": int(heads),
        "num_buckets": int(buckets),
        "max_bucket_distance": MAX_BUCKET_DISTANCE,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "conv_bias": False,
    }
