"""Sets of labels that hold the true one at a stated rate: split conformal prediction over held-out speakers.

A label belongs to the set when its probability reaches a threshold. The threshold is the one that the stated share of
true labels reached on speakers the model had not heard (Vovk, Gammerman and Shafer 2005; the score 1 - probability is
that of Sadinle, Lei and Wasserman 2019; held-out speakers in turn are the cross-conformal way of Vovk 2015). The
promise holds on average, for speech like that of the calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.tone.calibration import Indices

Shares = NDArray[np.float64]  # probabilities, (utterances, labels), 0–1


@dataclass(frozen=True, slots=True)
class SetFigures:
    """What sets of labels are worth on some speech."""

    coverage: float  # share of sets with the true label, 0–1
    sure: float  # share of sets with exactly one label, 0–1
    sure_accuracy: float | None  # share of those where it is the true one; None if there is no such set
    empty: float  # share of sets without a label, 0–1


def fit_threshold(shares: Shares, truth: Indices, coverage: float) -> float:
    """The probability that a share `coverage` of true labels reaches, corrected for the finite number of utterances.

    Raises `ValueError` when there are too few utterances for that coverage.
    """
    scores = np.sort(1.0 - shares[np.arange(truth.size), truth])
    rank = int(np.ceil((truth.size + 1) * coverage))
    if not 0 < coverage < 1 or rank > truth.size:
        raise ValueError(f"{truth.size} utterances cannot promise a coverage of {coverage:g}")
    return float(1.0 - scores[rank - 1])


def label_sets(shares: Shares, threshold: float | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which labels reach the threshold, or each utterance's own threshold `(utterances, 1)`: `(utterances, labels)`."""
    reached: NDArray[np.bool_] = shares >= threshold
    return reached


def measure_sets(sets: NDArray[np.bool_], truth: Indices) -> SetFigures:
    """Coverage and size of sets `(utterances, labels)` against the true labels `(utterances,)`."""
    covered = sets[np.arange(truth.size), truth]
    sizes = sets.sum(axis=1)
    sure = sizes == 1
    return SetFigures(
        coverage=float(covered.mean()),
        sure=float(sure.mean()),
        sure_accuracy=float(covered[sure].mean()) if sure.any() else None,
        empty=float(np.mean(sizes == 0)),
    )
