"""How strange a voice is to a head: how far its embedding lies from the middle of those that the head was trained on.

The distance is the root mean square of the standardised embedding, about 1 in training. It tells noise and
tones from speech; it does not tell which speech the head gets wrong.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead

STRANGE = 0.99  # novelty from which no label can be ruled out
PERCENTILES = 101  # 0 to 100
DIGITS = 4  # of the distances that a head keeps


def with_distances(head: LinearHead, embeddings: NDArray[np.float32]) -> LinearHead:
    """The head with the distances of its training embeddings `(utterances, dims)`."""
    kept = np.quantile(_distances(head, embeddings), np.linspace(0, 1, PERCENTILES))
    return replace(head, novelty_distances=tuple(round(float(distance), DIGITS) for distance in kept))


def novelty(head: LinearHead, embeddings: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Share of the training that lies nearer than each embedding `(regions, dims)`, `(regions,)`, 0–1.

    None for a head that does not know how far its training lies.
    """
    if head.novelty_distances is None:
        return None
    known = np.array(head.novelty_distances)
    shares: NDArray[np.float64] = np.interp(_distances(head, embeddings), known, np.linspace(0, 1, known.size))
    return shares


def _distances(head: LinearHead, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    standardised = (embeddings.astype(np.float64) - head.mean) / np.sqrt(head.variance)
    found: NDArray[np.float64] = np.sqrt(np.mean(np.square(standardised), axis=1))
    return found
