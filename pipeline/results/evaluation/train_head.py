"""Train a head, and evaluate it on authors left out of its training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.score import logits
from pipeline.analysis.tone import calibration
from pipeline.errors import UserError
from pipeline.results.evaluation.measures import Judged
from pipeline.results.evaluation.training_spans import ClipSpan

#: Strength of the L2 penalty, inverse: that of the first heads on these embeddings, and not tuned on any labels here.
INVERSE_PENALTY = 0.01
MOST_STEPS = 2_000
MOST_FOLDS = 5
LEAST_REGIONS = 20  # labelled regions below which a head is not worth training
LEAST_PER_LABEL = 5
LEAST_GROUPS = 2  # authors, of all and of each label: one to train on, one to judge on
DRAWS = 50  # divisions tried until each training part holds every label


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled speech regions."""

    embeddings: NDArray[np.float32]  # (regions, dims)
    labels: NDArray[np.str_]  # (regions,)
    groups: NDArray[np.str_]  # (regions,) authors; a clip without one is a group of its own
    encoder: str
    labels_sha256: str  # of the file of labels
    spans: tuple[ClipSpan, ...] = ()  # where each region lies


@dataclass(frozen=True, slots=True)
class Trained:
    """A head trained on all examples, and the scores of each by a head trained without its author."""

    head: LinearHead
    judged: Judged  # calibrated by a temperature in which the scored fold had no part
    folds: int


def train(examples: Examples) -> Trained:
    """Train a head and judge it by cross-validation over authors.

    Multinomial logistic regression with an L2 penalty over standardised embeddings, labels weighted to count alike;
    the temperature is fitted on the held-out folds. Raises `UserError` where the examples do not suffice.
    """
    _require_examples(examples)
    labels, truth = np.unique(examples.labels, return_inverse=True)
    scores = np.empty((truth.size, labels.size))
    fold_of = np.empty(truth.size, dtype=np.int64)
    folds = _folds(truth, examples.groups)
    for number, (training, held_out) in enumerate(folds):
        head = _fit_head(examples, truth, training)
        scores[held_out] = logits(head, examples.embeddings[held_out])
        fold_of[held_out] = number
    shares = np.empty_like(scores)
    for number in range(len(folds)):
        own = fold_of == number
        shares[own] = calibration.probabilities(scores[own], calibration.fit_temperature(scores[~own], truth[~own]))
    everything = np.arange(truth.size)
    head = _fit_head(examples, truth, everything, calibration.fit_temperature(scores, truth))
    return Trained(head, Judged(head.labels, truth, shares, examples.groups), len(folds))


def _require_examples(examples: Examples) -> None:
    """Raise `UserError` where no head can be trained on the examples, or evaluated on them."""
    counts = Counter(examples.labels.tolist())
    if not counts:
        raise UserError("no labelled region has an embedding: run the stage embed first")
    if len(counts) == 1:
        raise UserError(f"all {counts.total()} labelled regions are {next(iter(counts))!r}: a head needs two labels")
    if counts.total() < LEAST_REGIONS:
        raise UserError(f"a head needs at least {LEAST_REGIONS} labelled speech regions, these are {counts.total()}")
    for label, count in sorted(counts.items()):
        if count < LEAST_PER_LABEL:
            raise UserError(f"a head needs at least {LEAST_PER_LABEL} regions of each label, {label!r} has {count}")
        groups = set(examples.groups[examples.labels == label].tolist())
        if len(groups) < LEAST_GROUPS:
            raise UserError(
                f"all regions labelled {label!r} come from one author: label it for {LEAST_GROUPS} authors at least, "
                "or the head learns one voice and cannot be evaluated on others"
            )


def _folds(truth: NDArray[np.int64], groups: NDArray[np.str_]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Training and held-out examples of each fold: no author in both, every label in each training part."""
    for folds in range(min(MOST_FOLDS, len(set(groups.tolist()))), 1, -1):
        for divided in _divisions(folds, truth, groups):
            if all(set(truth[training]) == set(truth) for training, held_out in divided if held_out.size):
                return [(training, held_out) for training, held_out in divided if held_out.size]
    raise UserError("the labels cannot be split so that each occurs in training: label more authors")


def _divisions(
    folds: int, truth: NDArray[np.int64], groups: NDArray[np.str_]
) -> Iterator[list[tuple[NDArray[Any], NDArray[Any]]]]:
    import warnings

    from sklearn.model_selection import StratifiedGroupKFold

    for seed in range(DRAWS):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own rule checks for labels with fewer regions than folds
            yield list(splitter.split(np.zeros(truth.size), truth, groups))


def _fit_head(
    examples: Examples, truth: NDArray[np.int64], chosen: NDArray[Any], temperature: float = 1.0
) -> LinearHead:
    """A head of the chosen examples."""
    from sklearn.linear_model import LogisticRegression

    embeddings = examples.embeddings[chosen].astype(np.float64)
    mean, variance = embeddings.mean(axis=0), embeddings.var(axis=0)
    variance[variance == 0] = 1.0  # a constant input carries no information
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=MOST_STEPS)
    weights, bias = layer_of(model.fit((embeddings - mean) / np.sqrt(variance), truth[chosen]))
    return LinearHead(
        labels=tuple(np.unique(examples.labels).tolist()),
        encoder=examples.encoder,
        mean=mean,
        variance=variance,
        weights=weights,
        bias=bias,
        temperature=temperature,
        labels_sha256=examples.labels_sha256,
    )


def layer_of(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights `(labels, dims)` and bias `(labels,)` of a fitted linear classifier of scikit-learn."""
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # for two labels it stores one row, the second's relative to the first's
        return np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], bias])
    return weights, bias
