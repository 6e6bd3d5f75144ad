"""A Whisper model for CTranslate2 cut after some blocks of its encoder, so that it returns the output of the last one.

CTranslate2 returns only what leaves the encoder, after its last layer norm. The cut model keeps the first blocks and
norms every frame of the last of them to mean 0 and deviation 1; of its decoder, which never runs, it keeps what a model
must have to be loaded.
"""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.ct2_weights import BINARY_VERSION, DTYPES, SPECIFICATION, Variables, read_variables

REVISION = 3  # of CTranslate2's specification of Whisper
DECODER_BLOCKS = 1
VOCABULARY = 8  # rows of the decoder's embeddings
TYPE_IDS = {dtype: number for number, dtype in DTYPES.items()}


def truncated(folder: Path, block: int) -> Path:
    """The folder of a faster-whisper model cut after a block of its encoder, counted from 1; made once, in the cache.

    Raises `ValueError` for a block that the model does not have.
    """
    target = model_cache.cache_folder() / "truncated" / f"{folder.parent.name}-{folder.name}-{block}"
    return model_cache.converted(target, lambda part: _write_truncated(folder, block, part))


def _write_truncated(folder: Path, block: int, target: Path) -> None:
    """Write the cut model with what its loader needs beside it."""
    write_variables(_truncated_variables(read_variables(folder / "model.bin"), block), target / "model.bin")
    for path in folder.glob("*.*"):
        if path.name == "config.json" or path.name.startswith("vocabulary"):
            shutil.copyfile(path, target / path.name)


def write_variables(variables: Variables, path: Path) -> None:
    """Write variables as a Whisper `model.bin` of CTranslate2, which `read_variables` reads."""
    with path.open("wb") as file:
        file.write(
            struct.pack("<I", BINARY_VERSION)
            + _packed_text(SPECIFICATION)
            + struct.pack("<II", REVISION, len(variables))
        )
        for name, array in variables.items():
            sizes = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
            file.write(
                _packed_text(name) + sizes + struct.pack("<BI", TYPE_IDS[array.dtype], array.nbytes) + array.tobytes()
            )
        file.write(struct.pack("<I", 0))  # no aliases


def _truncated_variables(variables: Variables, block: int) -> Variables:
    """The variables of the cut model."""
    if f"encoder/layer_{block - 1}/ffn/linear_0/weight" not in variables:
        raise ValueError(f"the encoder has no block {block}, counted from 1")
    kept = {name: array for name, array in variables.items() if _block_of(name) < _blocks_kept(name, block)}
    # The last norm was trained for the last block: with scale 1 and shift 0 it only standardises.
    gamma = kept["encoder/layer_norm/gamma"]
    kept |= {"encoder/layer_norm/gamma": np.ones_like(gamma), "encoder/layer_norm/beta": np.zeros_like(gamma)}
    for name in ("decoder/embeddings/weight", "decoder/projection/weight"):
        if name in kept:
            kept[name] = kept[name][:VOCABULARY]
    return kept


def _blocks_kept(name: str, block: int) -> int:
    return block if name.startswith("encoder/") else DECODER_BLOCKS


def _block_of(name: str) -> int:
    """The number of the block that a variable belongs to; -1 for those outside of blocks."""
    number = name.split("/")[1].removeprefix("layer_")
    return int(number) if number.isdecimal() else -1


def _packed_text(text: str) -> bytes:
    encoded = text.encode() + b"\0"
    return struct.pack("<H", len(encoded)) + encoded
