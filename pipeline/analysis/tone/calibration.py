"""How good a tone model is: recall by class, confusion, calibration error, and the temperature that calibrates it.

Logits have shape `(utterances, labels)`; `truth` and `said` are indices of labels, shape `(utterances,)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float64]
Indices = NDArray[np.int64]

PRECISION = 1e-6  # of the logarithm of a temperature
CALIBRATION_BINS = 10  # of equal width
TEMPERATURES = (0.1, 100.0)  # between which the temperature is looked for


def probabilities(logits: Logits, temperature: float | NDArray[np.float64] = 1.0) -> NDArray[np.float64]:
    """Softmax of logits over a temperature, `(utterances, labels)`, 0–1."""
    from scipy.special import softmax

    shares: NDArray[np.float64] = softmax(logits / temperature, axis=1)
    return shares


def confusion(truth: Indices, said: Indices, labels: int) -> NDArray[np.int64]:
    """Utterances by true label (rows) and by the model's (columns), `(labels, labels)`."""
    from sklearn.metrics import confusion_matrix

    if not truth.size:  # which scikit-learn refuses
        return np.zeros((labels, labels), dtype=np.int64)
    counts: NDArray[np.int64] = confusion_matrix(truth, said, labels=np.arange(labels))
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
    """The temperature with the highest likelihood of the true labels (Guo et al. 2017); above 1 lowers confidence.

    The likelihood has one maximum: its negative logarithm is convex in the inverse of the temperature.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    above = logits - logits[np.arange(truth.size), truth][:, np.newaxis]  # how far each label lies above the true one

    def negative_log_likelihood(log_temperature: float) -> float:
        return float(np.mean(logsumexp(above / np.exp(log_temperature), axis=1)))

    found = minimize_scalar(
        negative_log_likelihood, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": PRECISION}
    )
    return float(np.exp(found.x))
