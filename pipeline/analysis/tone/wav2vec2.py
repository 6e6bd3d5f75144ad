"""wav2vec 2.0 as SpeechBrain's tone models use it: a waveform to one vector, built from a checkpoint alone.

Baevski et al. 2020. SpeechBrain's own wrapper would first download `facebook/wav2vec2-base`, only to overwrite its
weights with the checkpoint's; here the sizes are read off the checkpoint's tensors and nothing is downloaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

#: The one starting point whose settings are known here: waveforms standardised, group norm in the first convolution
#: only, layer norm after each block, strides and kernels of the paper's BASE model.
KNOWN_BASE = "facebook/wav2vec2-base"
HEAD_DIMS = 64  # numbers per attention head, the same in every published size
_PREFIX = "model."  # the wrapper keeps the transformers model under this name
_POSITION = "encoder.pos_conv_embed.conv"


def wav2vec2_encoder(weights: Mapping[str, torch.Tensor], output_norm: bool) -> torch.nn.Module:
    """A module from waveforms `(regions, time)`, unpadded and of one length, to vectors `(regions, dims)`.

    `weights` is the state of SpeechBrain's wav2vec 2.0 wrapper; raises RuntimeError or KeyError if it is not.
    """
    import torch
    from torch.nn import functional
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    class Wav2Vec2Encoder(torch.nn.Module):
        """The same arithmetic as SpeechBrain's `Wav2Vec2` followed by the mean of `StatisticsPooling`.

        That pooling adds random noise of about 0.00005 to the mean; it is left out, so that scores repeat.
        """

        def __init__(self) -> None:
            super().__init__()
            self.model = Wav2Vec2Model(Wav2Vec2Config(**architecture(weights)))

        def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
            standardised = functional.layer_norm(waveforms, waveforms.shape[1:])
            frames: torch.Tensor = self.model(standardised).last_hidden_state
            if output_norm:
                frames = functional.layer_norm(frames, frames.shape[1:])  # over time and numbers, as the wrapper does
            return frames.mean(dim=1)

    encoder = Wav2Vec2Encoder()
    encoder.load_state_dict(dict(weights))  # torch itself translates the older names of weight norm
    return encoder


def architecture(weights: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """The sizes of a wav2vec 2.0 of the BASE family, as transformers' `Wav2Vec2Config` names them."""
    shapes = {name.removeprefix(_PREFIX): tuple(tensor.shape) for name, tensor in weights.items()}
    convolutions = _numbered(shapes, "feature_extractor.conv_layers.{}.conv.weight")
    blocks = _numbered(shapes, "encoder.layers.{}.feed_forward.intermediate_dense.weight")
    hidden = shapes["feature_projection.projection.weight"][0]
    # weight norm keeps the kernel's direction as `weight_v`, since torch 2.0 as `original1`
    older, newer = f"{_POSITION}.weight_v", f"{_POSITION}.parametrizations.weight.original1"
    _, per_group, width = shapes[older] if older in shapes else shapes[newer]
    return {
        "hidden_size": hidden,
        "num_hidden_layers": len(blocks),
        "num_attention_heads": hidden // HEAD_DIMS,
        "intermediate_size": blocks[0][0],
        "conv_dim": tuple(shape[0] for shape in convolutions),
        "conv_kernel": tuple(shape[2] for shape in convolutions),
        "num_conv_pos_embeddings": width,
        "num_conv_pos_embedding_groups": hidden // per_group,
    }


def _numbered(shapes: Mapping[str, tuple[int, ...]], pattern: str) -> list[tuple[int, ...]]:
    """The shapes of the layers that a pattern names with 0, 1, 2 …; KeyError if there is not even the first."""
    found = [shapes[pattern.format(0)]]
    while pattern.format(len(found)) in shapes:
        found.append(shapes[pattern.format(len(found))])
    return found
