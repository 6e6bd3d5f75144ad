"""Scores of linear heads: of many stored embeddings at once, or of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.errors import UserError

BLOCK = 1_024  # regions converted to double precision at once: 8 MB


def logits(head: LinearHead, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Output of the layer for embeddings `(regions, dims)`, before temperature and softmax, `(regions, labels)`."""
    if embeddings.shape[1] != head.mean.size:
        raise UserError(
            f"the head reads embeddings of {head.mean.size} numbers, these have {embeddings.shape[1]}: "
            f"run the stage embed with {head.encoder}, or train the head again"
        )
    blocks = (embeddings[start : start + BLOCK] for start in range(0, len(embeddings), BLOCK))
    return np.concatenate([np.empty((0, len(head.labels))), *(_layer(head, block) for block in blocks)])


def probabilities(head: LinearHead, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probability of each label for embeddings `(regions, dims)`, `(regions, labels)`, each row summing to 1.

    The softmax is `scipy.special.softmax` written out: importing that takes 0.7 s and 30 MB in every worker.
    """
    scaled = logits(head, embeddings) / head.temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _layer(head: LinearHead, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    standardised = (embeddings.astype(np.float64) - head.mean) / np.sqrt(head.variance)
    found: NDArray[np.float64] = standardised @ head.weights.T + head.bias
    return found
