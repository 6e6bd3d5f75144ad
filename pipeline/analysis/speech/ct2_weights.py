"""Whisper weights in CTranslate2's `model.bin`, read and turned into OpenAI's checkpoint: the same numbers, renamed.

The layout is the one that `ctranslate2/specs/model_spec.py` (CTranslate2 4, binary version 6) writes: version,
name and revision of the specification, then each variable as name, rank, sizes, type, bytes, then aliases.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

BINARY_VERSION = 6
SPECIFICATION = "WhisperSpec"
#: CTranslate2's type ids. Quantised weights (int8, int16) cannot give the published numbers back.
DTYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
}
FLOATS = (DTYPES[0], DTYPES[4])

Variables = dict[str, NDArray[Any]]


@dataclass
class _Reader:
    """A position in the bytes of a `model.bin`."""

    content: memoryview
    position: int = 0

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from("<" + layout, self.content, self.position)
        self.position += struct.calcsize("<" + layout)
        return int(value)

    def text(self) -> str:
        size = self.number("H")  # with the zero byte that ends it
        raw = bytes(self.content[self.position : self.position + size])
        self.position += size
        if not raw.endswith(b"\0"):
            raise ValueError("a name without its end")
        return raw[:-1].decode()

    def array(self) -> NDArray[Any]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        dtype = DTYPES[self.number("B")]
        size = self.number("I")
        raw = self.content[self.position : self.position + size]
        self.position += size
        return np.frombuffer(raw, dtype).reshape(shape)


def read_variables(path: Path) -> Variables:
    """Read the variables of a CTranslate2 Whisper `model.bin` by name, aliases resolved.

    Raises `UserError` when the file is not one, is cut short, or holds something this reader does not know.
    """
    reader = _Reader(memoryview(path.read_bytes()))
    try:
        version = reader.number("I")
        if version != BINARY_VERSION:
            raise ValueError(f"binary version {version}, expected {BINARY_VERSION}")
        specification = reader.text()
        if specification != SPECIFICATION:
            raise ValueError(f"a {specification[:40]!r} model, expected {SPECIFICATION!r}")
        reader.number("I")  # revision of the specification
        variables = {reader.text(): reader.array() for _ in range(reader.number("I"))}
        aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
        variables |= {alias: variables[name] for alias, name in aliases.items()}
        if reader.position != len(reader.content):
            raise ValueError("bytes after the end")
    except (struct.error, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a Whisper model in CTranslate2's format, or is damaged ({error}): "
            "give the folder of a faster-whisper model, or fetch it again"
        ) from error
    return variables


def openai_checkpoint(folder: Path) -> dict[str, Any]:
    """The weights of a faster-whisper model folder as OpenAI's checkpoint: `dims` and `model_state_dict`.

    Floats keep the precision of the file (float16 in the published models, as in OpenAI's own checkpoints).
    Raises `UserError` when the weights are of another format or quantised.
    """
    path = folder / "model.bin"
    variables = read_variables(path)
    try:
        state = _encoder(variables) | _decoder(variables)
        dims = _dims(variables, state)
    except (KeyError, ValueError) as error:
        raise UserError(f"{path} cannot be turned into OpenAI's checkpoint ({error}): use a float16 model") from error
    return {"dims": dims, "model_state_dict": state}


def convert(folder: Path, target: Path) -> None:
    """Write OpenAI's checkpoint of a faster-whisper model folder to `target`, which is whole or absent."""
    import torch

    checkpoint = openai_checkpoint(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # workers may convert at the same time
    try:
        torch.save(checkpoint, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _dims(variables: Variables, state: dict[str, Tensor]) -> dict[str, int]:
    width, mels, _ = state["encoder.conv1.weight"].shape
    vocabulary, text_width = state["decoder.token_embedding.weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": state["encoder.positional_embedding"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(variables["encoder/num_heads"]),
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": state["decoder.positional_embedding"].shape[0],
        "n_text_state": text_width,
        "n_text_head": int(variables["decoder/num_heads"]),
        "n_text_layer": _layers(variables, "decoder"),
    }


def _layers(variables: Variables, side: str) -> int:
    names = (name.split("/") for name in variables if name.startswith(f"{side}/layer_"))
    numbers = {int(parts[1].removeprefix("layer_")) for parts in names if parts[1] != "layer_norm"}
    return len(numbers)


def _encoder(variables: Variables) -> dict[str, Tensor]:
    state = {
        "encoder.positional_embedding": _tensor(variables, "encoder/position_encodings/encodings"),
        **_linear(variables, "encoder/conv1", "encoder.conv1"),
        **_linear(variables, "encoder/conv2", "encoder.conv2"),
        **_norm(variables, "encoder/layer_norm", "encoder.ln_post"),
    }
    for layer in range(_layers(variables, "encoder")):
        state |= _block(variables, f"encoder/layer_{layer}", f"encoder.blocks.{layer}")
    return state


def _decoder(variables: Variables) -> dict[str, Tensor]:
    state = {
        "decoder.positional_embedding": _tensor(variables, "decoder/position_encodings/encodings"),
        "decoder.token_embedding.weight": _tensor(variables, "decoder/embeddings/weight"),
        **_norm(variables, "decoder/layer_norm", "decoder.ln"),
    }
    for layer in range(_layers(variables, "decoder")):
        here, there = f"decoder/layer_{layer}", f"decoder.blocks.{layer}"
        state |= _block(variables, here, there)
        state |= _norm(variables, f"{here}/attention/layer_norm", f"{there}.cross_attn_ln")
        state |= _linear(variables, f"{here}/attention/linear_0", f"{there}.cross_attn.query")
        state |= _fused(variables, f"{here}/attention/linear_1", f"{there}.cross_attn", ("key", "value"))
        state |= _linear(variables, f"{here}/attention/linear_2", f"{there}.cross_attn.out")
    return state


def _block(variables: Variables, here: str, there: str) -> dict[str, Tensor]:
    """What blocks of the encoder and of the decoder have in common: self-attention and the two-layer network."""
    return {
        **_norm(variables, f"{here}/self_attention/layer_norm", f"{there}.attn_ln"),
        **_fused(variables, f"{here}/self_attention/linear_0", f"{there}.attn", ("query", "key", "value")),
        **_linear(variables, f"{here}/self_attention/linear_1", f"{there}.attn.out"),
        **_norm(variables, f"{here}/ffn/layer_norm", f"{there}.mlp_ln"),
        **_linear(variables, f"{here}/ffn/linear_0", f"{there}.mlp.0"),
        **_linear(variables, f"{here}/ffn/linear_1", f"{there}.mlp.2"),
    }


def _norm(variables: Variables, here: str, there: str) -> dict[str, Tensor]:
    return {f"{there}.weight": _tensor(variables, f"{here}/gamma"), f"{there}.bias": _tensor(variables, f"{here}/beta")}


def _linear(variables: Variables, here: str, there: str) -> dict[str, Tensor]:
    return {
        f"{there}.weight": _tensor(variables, f"{here}/weight"),
        f"{there}.bias": _tensor(variables, f"{here}/bias"),
    }


def _fused(variables: Variables, here: str, there: str, parts: Sequence[str]) -> dict[str, Tensor]:
    """Split the projections that CTranslate2 stacks; Whisper's key has no bias, so CTranslate2 stores zeros."""
    weights = _tensor(variables, f"{here}/weight").chunk(len(parts))
    biases = _tensor(variables, f"{here}/bias").chunk(len(parts))
    state: dict[str, Tensor] = {}
    for part, weight, bias in zip(parts, weights, biases, strict=True):
        state[f"{there}.{part}.weight"] = weight.clone()  # torch.save would write the whole array behind a view
        if part != "key":
            state[f"{there}.{part}.bias"] = bias.clone()
        elif bias.any():
            raise ValueError(f"{here} has a bias for its key, which Whisper has not")
    return state


def _tensor(variables: Variables, name: str) -> Tensor:
    import torch

    array = variables[name]
    if array.dtype not in FLOATS:
        raise ValueError(f"{name} is quantised ({array.dtype})")
    return torch.from_numpy(array.copy())
