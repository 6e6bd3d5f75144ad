"""The recipe of the detector of several voices: discriminant analysis that discounts what varies within a label."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.heads.score import logits
from pipeline.analysis.tone import calibration
from pipeline.research.overlap import recipe


@pytest.mark.parametrize("kinds", [2, 3])
@pytest.mark.parametrize("shrinkage", [0.0, 0.4, 1.0])
def test_the_recipe_is_discriminant_analysis_with_equal_labels(kinds: int, shrinkage: float) -> None:
    """By the formula: weights S⁻¹m and bias -½ mᵀS⁻¹m, m the mean of a label, S the shrunk covariance within labels."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(kinds), [50, 200, 90][:kinds])
    size = (labels.size, 6)
    inputs = generator.normal(size=(3, 6))[labels] + generator.normal(size=size) @ generator.normal(size=(6, 6))
    means = np.stack([inputs[labels == kind].mean(axis=0) for kind in range(kinds)])
    within = np.mean([np.cov(inputs[labels == kind], rowvar=False, ddof=0) for kind in range(kinds)], axis=0)
    shrunk = (1 - shrinkage) * within + shrinkage * np.diag(np.diag(within))
    expected = np.linalg.solve(shrunk, means.T).T
    scores = inputs @ expected.T - 0.5 * np.sum(means * expected, axis=1)
    weights, bias = recipe.discriminants(inputs, labels, shrinkage)
    ours = calibration.probabilities(inputs @ weights.T + bias)
    assert ours == pytest.approx(calibration.probabilities(scores), abs=1e-9)


def test_full_shrinkage_takes_the_numbers_as_independent() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat([0, 1], 100)
    inputs = labels[:, None] + generator.normal(size=(200, 3)) @ generator.normal(size=(3, 3))
    weights, bias = recipe.discriminants(inputs, labels, 1.0)
    means = np.stack([inputs[labels == label].mean(axis=0) for label in (0, 1)])
    variance = np.mean([inputs[labels == label].var(axis=0) for label in (0, 1)], axis=0)
    densities = np.stack([-0.5 * np.sum((inputs - mean) ** 2 / variance, axis=1) for mean in means], axis=1)
    scores = inputs @ weights.T + bias
    assert scores[:, 1] - scores[:, 0] == pytest.approx(densities[:, 1] - densities[:, 0])


def test_training_standardises_and_balances() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(100) % 2
    embeddings = (generator.normal(size=(2, 30))[labels] + generator.normal(size=(100, 30))).astype(np.float32)
    head = recipe.train(embeddings, np.array(["one", "two"])[labels])
    rows = embeddings.astype(np.float64)
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    weights, bias = recipe.discriminants(standardised, labels, recipe.SHRINKAGE)
    assert logits(head, embeddings) == pytest.approx(standardised @ weights.T + bias, abs=0.05, rel=1e-3)


def test_what_varies_within_a_label_is_discounted() -> None:
    """Two numbers tell the labels apart equally well, one of them varies more: it must count less."""
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    inputs = labels[:, None] + generator.normal(size=(1_000, 2)) * np.array([0.5, 2.0])
    weights, bias = recipe.discriminants(inputs, labels, 0.2)
    steady, wavering = weights[1] - weights[0]
    assert steady / wavering == pytest.approx(16.0, rel=0.25)
    middle = weights @ np.array([0.5, 0.5]) + bias
    assert middle[0] == pytest.approx(middle[1], abs=0.3)
