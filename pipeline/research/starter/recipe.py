"""How the starter is trained: multinomial logistic regression of speech embeddings, each corpus read against itself.

Every corpus is standardised by its own mean and spread, as a study is that has a reference of its own: what is left is
how a voice differs from the others around it, and that holds for strangers. Every corpus and label counts as much as
any other, however many utterances it has. Where listeners voted, half of an utterance's weight goes to the tone it was
spoken in and half to the tones that were heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.novelty import with_distances
from pipeline.research.starter.corpus import OTHER, Corpus
from pipeline.results.evaluation.train_head import layer_of

COPIES = 1  # changed copies of each corpus
INVERSE_PENALTY = 1.0  # scikit-learn's C, where the weights of all utterances sum to 1
HEARD_SHARE = 0.5  # of the weight of an utterance that listeners voted on
OTHER_WEIGHT = 0.5  # of the label "other" beside 1 of each tone: rarer in speech than each of the four
COVERAGE = 0.9  # share of label sets that hold the true label
EPSILON = 1e-5  # added to variances, as torch's BatchNorm1d does: what never varies says nothing either way
MOST_STEPS, TOLERANCE = 500, 1e-3  # of the solver, on the mean loss

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taught:
    """A corpus to train on: its clean utterances, then changed copies of them in the same order."""

    parts: Sequence[Corpus]
    heard: Matrix | None = None  # share of listeners by label, (utterances, labels), of a corpus with votes


def train(taught: Sequence[Taught], labels: Sequence[str], encoder: str = "") -> LinearHead:
    """A head of corpora that is not calibrated yet; the same utterances give the same weights.

    Its mean and variance, which stand in for those of a study without a reference, are the means over the corpora.
    """
    from sklearn.linear_model import LogisticRegression

    stacks = [np.concatenate([part.embeddings for part in one.parts]).astype(np.float64) for one in taught]
    means, variances = [rows.mean(axis=0) for rows in stacks], [rows.var(axis=0) + EPSILON for rows in stacks]
    inputs, targets, weights = [], [], []
    for rows, mean, variance, one in zip(stacks, means, variances, taught, strict=True):
        standardised = ((rows - mean) / np.sqrt(variance)).astype(np.float32)
        shares = np.tile(_shares(one, labels), (len(one.parts), 1))
        for number, label in enumerate(labels):
            chosen = shares[:, number] > 0
            if chosen.any():
                inputs.append(standardised[chosen])
                targets.append(np.full(chosen.sum(), number))
                amount = OTHER_WEIGHT if label == OTHER else 1.0
                weights.append(amount * shares[chosen, number] / shares[chosen, number].sum())
    weight = np.concatenate(weights)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST_STEPS, tol=TOLERANCE)
    model.fit(np.concatenate(inputs), np.concatenate(targets), sample_weight=weight / weight.sum())
    layer, bias = layer_of(model)
    head = LinearHead(
        tuple(labels),
        encoder,
        np.mean(means, axis=0),
        np.mean(variances, axis=0),
        layer.astype(np.float64),
        bias.astype(np.float64),
        temperature=1.0,
    )
    return with_distances(head, np.concatenate([part.embeddings for one in taught for part in one.parts]))


def labels_of(taught: Sequence[Taught]) -> tuple[str, ...]:
    """All labels of some corpora, in the order of the alphabet."""
    return tuple(sorted({str(label) for one in taught for label in one.parts[0].emotions}))


def _shares(one: Taught, labels: Sequence[str]) -> Matrix:
    """What each clean utterance says of each label, `(utterances, labels)`, summing to 1."""
    spoken = np.array([[emotion == label for label in labels] for emotion in one.parts[0].emotions], dtype=np.float64)
    return spoken if one.heard is None else (1 - HEARD_SHARE) * spoken + HEARD_SHARE * one.heard
