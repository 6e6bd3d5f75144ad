"""How the detector of several voices is trained: regularised linear discriminant analysis of speech embeddings.

Each label is a normal distribution around its own mean, all with one covariance, and all labels are equally probable.
What varies within a label, from speaker to speaker and from a clean copy to a changed one, is then discounted: that is
what makes the direction of a label hold for strangers. The covariance is shrunk towards its diagonal (Friedman 1989,
Regularized Discriminant Analysis, JASA 84), as it has more numbers than there are utterances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.results.evaluation.train_head import layer_of

SHRINKAGE = 0.4  # of the covariance within labels: 0 keeps it, 1 keeps only its diagonal
EPSILON = 1e-5  # added to variances, as torch's BatchNorm1d does: what never varies says nothing either way

Matrix = NDArray[np.float64]


def train(embeddings: NDArray[np.float32], kinds: NDArray[np.str_], encoder: str = "") -> LinearHead:
    """A head of embeddings `(utterances, dims)` by an encoder and their labels, not calibrated yet.

    The same utterances give the same weights.
    """
    labels, truth = np.unique(kinds, return_inverse=True)
    rows = embeddings.astype(np.float64)
    mean, variance = rows.mean(axis=0), rows.var(axis=0) + EPSILON
    weights, bias = discriminants((rows - mean) / np.sqrt(variance), truth, SHRINKAGE)
    return LinearHead(tuple(labels.tolist()), encoder, mean, variance, weights, bias, temperature=1.0)


def discriminants(inputs: Matrix, labels: NDArray[np.int64], shrinkage: float) -> tuple[Matrix, Matrix]:
    """Weights `(labels, dims)` and bias `(labels,)` of the log odds, from inputs `(utterances, dims)`.

    A label counts as much as any other in the covariance, however many utterances it has. `shrinkage` 0 keeps the
    covariance, 1 only its diagonal: scikit-learn shrinks towards equal variances, which is that of numbers scaled to
    equal variance within labels.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    kinds = np.unique(labels)
    spread = np.sqrt(np.mean([inputs[labels == kind].var(axis=0) for kind in kinds], axis=0))
    spread[spread == 0] = 1.0
    priors = np.full(kinds.size, 1 / kinds.size)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=priors).fit(inputs / spread, labels)
    weights, bias = layer_of(model)
    return weights / spread, bias
