"""A head made by hand, and made-up labelled regions: labels that are far apart, or that mean nothing."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.heads.head import LinearHead
from pipeline.results.evaluation.train_head import Examples

LABELS = ("plain", "sarcastic", "warm")

HEAD = LinearHead(
    labels=("plain", "sarcastic"),
    encoder="made",
    mean=np.array([1.0, 0.0, 0.5]),
    variance=np.array([4.0, 1.0, 1.0]),
    weights=np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]),
    bias=np.array([0.5, 0.0]),
    temperature=2.0,
    labels_sha256="ab" * 32,
)


def examples(
    authors: int = 10, each: int = 9, dims: int = 8, distance: float = 4.0, labels: int = 3, seed: int = 0
) -> Examples:
    """Regions of some authors, whose labels' means lie `distance` standard deviations apart on numbers of their own."""
    generator = np.random.default_rng(seed)
    truth = np.tile(np.arange(each) % labels, authors)
    embeddings = generator.normal(size=(truth.size, dims))
    embeddings[np.arange(truth.size), truth] += distance
    return Examples(
        embeddings=embeddings.astype(np.float32),
        labels=np.array(LABELS)[truth],
        groups=np.repeat([f"a{number:02}" for number in range(authors)], each),
        encoder="made",
        labels_sha256="0" * 64,
    )
