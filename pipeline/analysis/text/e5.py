"""Multilingual E5 (Wang et al. 2024): the meaning of a text as one vector, whatever its language, in numpy.

A BERT with the vocabulary of XLM-R, mean over the tokens, length 1. The weights are those of multilingual-e5-small in
4 bits; the arithmetic is float32, so that a vector does not depend on the processor.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.text.e5_weights import BLOCK, BLOCK_BYTES, Floats, PackedWeights, read_weights, unpacked

NAME = "multilingual-e5-small"
WEIGHTS = "e5-small-q4.bin"
Tokens = NDArray[np.int64]
#: E5 was trained with these words before each text: two texts that stand for the same take `query`, and so do texts
#: that a classifier reads; `passage` is for long texts that answer a question.
Prefix = Literal["query: ", "passage: "]
SYMMETRIC: Prefix = "query: "

BATCH_TOKENS = 1_024  # at once: each block of weights is read once for all of them
SPACE, MARK = " ", "▁"


class E5:
    """Multilingual E5, loaded from the folder of its model."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer, models

        self._packed = packed = read_weights(folder / WEIGHTS)
        self._tokenizer = Tokenizer(models.Unigram(packed.pieces, packed.unknown, byte_fallback=False))
        self.width = packed.width
        #: Packed, one row a piece: as float32 they would take 384 MB.
        self._words = packed.tensors["emb.word"].reshape(-1, packed.width // BLOCK * BLOCK_BYTES)
        self._layers = [_layer(packed, number) for number in range(packed.layers)]

    def tokens(self, text: str) -> list[int]:
        """The numbers of the pieces of a text, as SentencePiece cuts it."""
        plain = unicodedata.normalize("NFC", text).translate(self._packed.replacements)
        plain = re.sub(" {2,}", SPACE, plain)
        plain = plain if plain.startswith(SPACE) else SPACE + plain
        return list(self._tokenizer.encode(plain.replace(SPACE, MARK), add_special_tokens=False).ids)

    def embed(self, texts: Sequence[str], prefix: Prefix = SYMMETRIC) -> Floats:
        """The vectors of texts, `(texts, 384)`, each of length 1.

        A text of more than 510 tokens is read in windows, and its vector is their mean, weighted by their tokens.
        """
        sums = np.zeros((len(texts), self.width), dtype=np.float32)
        windows = [
            (number, window)
            for number, text in enumerate(texts)
            for window in self._windows(self.tokens(prefix + text))
        ]
        windows.sort(key=lambda one: one[1].size)
        for batch in _batches(windows):
            for (number, window), mean in zip(batch, self._means([one for _, one in batch]), strict=True):
                sums[number] += mean * (window.size - 2)
        vectors: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return vectors

    def _windows(self, tokens: list[int]) -> Iterator[Tokens]:
        packed = self._packed
        length = packed.most_tokens - 2
        for start in range(0, len(tokens), length):
            yield np.array([packed.first, *tokens[start : start + length], packed.last])

    def _means(self, texts: Sequence[Tokens]) -> Floats:
        """The mean over the last layer of each text, `(texts, width)`: tokens of all texts are one matrix."""
        packed = self._packed
        bounds = [0, *np.cumsum([text.size for text in texts]).tolist()]
        spans = [slice(start, end) for start, end in pairwise(bounds)]
        positions = np.concatenate([np.arange(text.size) for text in texts])
        tensors = packed.tensors
        states = unpacked(self._words[np.concatenate(texts)], self.width)
        states = states + tensors["emb.pos"].reshape(-1, self.width)[positions] + tensors["emb.type"][: self.width]
        states = _normalised(states, tensors["emb.ln.w"], tensors["emb.ln.b"], packed.epsilon)
        for layer in self._layers:
            states = self._through(layer, states, spans)
        return np.stack([states[span].mean(axis=0) for span in spans])

    def _through(self, layer: dict[str, Floats], states: Floats, spans: Sequence[slice]) -> Floats:
        """One layer: attention within each text, then feed-forward (Vaswani et al. 2017)."""
        from scipy.special import erf

        packed = self._packed

        def linear(name: str, values: Floats) -> Floats:
            return values @ layer[f"{name}.w"].T + layer[f"{name}.b"]

        def heads(name: str) -> Floats:
            return linear(name, states).reshape(len(states), packed.heads, -1).transpose(1, 0, 2)

        queries, keys, values = heads("q"), heads("k"), heads("v")
        attended = np.concatenate([_attended(queries[:, one], keys[:, one], values[:, one]) for one in spans])
        states = _normalised(states + linear("ao", attended), layer["aln.w"], layer["aln.b"], packed.epsilon)
        inner = linear("fi", states)
        inner = inner * (0.5 * (1 + erf(inner / np.sqrt(np.float32(2)))))
        return _normalised(states + linear("fo", inner), layer["oln.w"], layer["oln.b"], packed.epsilon)


def _attended(queries: Floats, keys: Floats, values: Floats) -> Floats:
    """Attention of one text, `(tokens, width)`, from `(heads, tokens, width of a head)`."""
    scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(np.float32(queries.shape[-1]))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed: Floats = (weights @ values).transpose(1, 0, 2).reshape(queries.shape[1], -1)
    return mixed


def _normalised(values: Floats, weight: Floats, bias: Floats, epsilon: float) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    scaled: Floats = centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + epsilon)
    return scaled * weight + bias


def _layer(packed: PackedWeights, number: int) -> dict[str, Floats]:
    start = f"l{number}."
    return {
        name.removeprefix(start): unpacked(one, packed.hidden if name.endswith(".fo.w") else packed.width)
        if one.dtype == np.uint8
        else one
        for name, one in packed.tensors.items()
        if name.startswith(start)
    }


def _batches(windows: Iterable[tuple[int, Tokens]]) -> Iterator[list[tuple[int, Tokens]]]:
    batch: list[tuple[int, Tokens]] = []
    total = 0
    for window in windows:
        if batch and total + window[1].size > BATCH_TOKENS:
            yield batch
            batch, total = [], 0
        batch.append(window)
        total += window[1].size
    if batch:
        yield batch
