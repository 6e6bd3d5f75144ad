"""How good a tone model is: recall by class, confusion, calibration error, and the temperature that calibrates it.

Logits have shape `(utterances, labels)`; `truth` and `said` are indices of labels, shape `(utterances,)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float64]
Indices = NDArray[np.int64]

CALIBRATION_BINS = 10  # of equal width
TEMPERATURES = np.geomspace(0.1, 100.0, 3001)  # tried one by one: steps of 0.23 %


def probabilities(logits: Logits, temperature: float | NDArray[np.float64] = 1.0) -> NDArray[np.float64]:
    """Softmax of logits over a temperature, `(utterances, labels)`, 0–1."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def confusion(truth: Indices, said: Indices, labels: int) -> NDArray[np.int64]:
    """Utterances by true label (rows) and by the model's (columns), `(labels, labels)`."""
    counts = np.zeros((labels, labels), dtype=np.int64)
    np.add.at(counts, (truth, said), 1)
    return counts


def recalls(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each true label that was recognised, `(labels,)`, 0–1; every label must occur."""
    shares: NDArray[np.float64] = np.diag(counts) / counts.sum(axis=1)
    return shares


def unweighted_average_recall(counts: NDArray[np.int64]) -> float:
    """UAR, 0–1: the mean of the recalls, so that a frequent label counts no more than a rare one."""
    return float(recalls(counts).mean())


def expected_calibration_error(shares: NDArray[np.float64], truth: Indices) -> float:
    """ECE (Guo et al. 2017), 0–1: mean distance of confidence from accuracy over bins of confidence."""
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(confidence[bins == i].mean() - right[bins == i].mean()) * np.mean(bins == i) for i in np.unique(bins)]
    return float(np.sum(gaps))


def fit_temperature(logits: Logits, truth: Indices) -> float:
    """The temperature with the highest likelihood of the true labels (Guo et al. 2017); above 1 lowers confidence."""
    above = logits - logits[np.arange(truth.size), truth][:, np.newaxis]  # how far each label lies above the true one
    top = above.max(axis=1, keepdims=True)  # taken out, so that no exponential overflows
    losses = [
        np.mean(top[:, 0] / temperature + np.log(np.exp((above - top) / temperature).sum(axis=1)))
        for temperature in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])
