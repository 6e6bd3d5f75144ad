"""Heads learn what is there, do not learn what is not, and are judged on authors whom they have not heard."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.analysis.heads.score import probabilities
from pipeline.errors import UserError
from pipeline.results.evaluation import train_head
from pipeline.results.evaluation.measures import tone_figures
from pipeline.results.evaluation.train_head import Examples, train
from tests.support.made_heads import LABELS, examples


def uar(made: Examples) -> float:
    value = tone_figures(train(made).judged)[0].estimate.value
    assert value is not None
    return value


def test_separable_labels_are_told_apart() -> None:
    made = examples(distance=8.0)
    assert uar(made) == 1.0
    found = train(made)
    assert found.head.labels == LABELS
    said = probabilities(found.head, made.embeddings)
    assert said.sum(axis=1) == pytest.approx(np.ones(len(said)))
    assert [found.head.labels[index] for index in said.argmax(axis=1)] == made.labels.tolist()


def test_shuffled_labels_give_chance() -> None:
    made = examples(authors=40, dims=32)
    shuffled = np.random.default_rng(1).permutation(made.labels)
    assert uar(dataclasses.replace(made, labels=shuffled)) == pytest.approx(1 / 3, abs=0.1)


def test_a_voice_is_not_mistaken_for_a_label() -> None:
    """Each author has a number of their own and one label: only a fold that mixed authors could tell."""
    authors, each = 20, 6
    voice = np.eye(authors, dtype=np.float32)[np.repeat(np.arange(authors), each)] * 10
    labels = np.repeat(np.array(LABELS)[np.arange(authors) % 2], each)
    groups = np.repeat([f"a{number}" for number in range(authors)], each)
    assert uar(Examples(voice, labels, groups, "made", "0" * 64)) <= 0.5


@pytest.mark.parametrize(("authors", "folds"), [(2, 2), (3, 3), (12, 5)])
def test_folds_never_mix_authors_and_train_on_every_label(authors: int, folds: int) -> None:
    made = examples(authors=authors)
    truth = np.unique(made.labels, return_inverse=True)[1]
    divided = train_head._folds(truth, made.groups)
    assert len(divided) == folds
    assert sorted(np.concatenate([held_out for _, held_out in divided]).tolist()) == list(range(truth.size))
    for kept, held_out in divided:
        assert not set(made.groups[kept]) & set(made.groups[held_out])
        assert set(truth[kept]) == set(truth)


def test_a_label_of_two_authors_only_is_heard_in_every_training_part() -> None:
    made = examples(authors=8, labels=2)
    labels = made.labels.copy()
    labels[np.isin(made.groups, ["a00", "a01"])] = "warm"
    truth = np.unique(labels, return_inverse=True)[1]
    for kept, _ in train_head._folds(truth, made.groups):
        assert set(truth[kept]) == {0, 1, 2}


def test_probabilities_are_calibrated_on_unheard_authors() -> None:
    made = examples(authors=60, each=9, distance=1.5)
    found = {one.measure: one.estimate.value for one in tone_figures(train(made).judged) if one.label is None}
    assert found["ece"] is not None
    assert found["ece"] < 0.06


def test_twice_gives_the_same() -> None:
    one, other = train(examples()), train(examples())
    assert np.array_equal(one.head.weights, other.head.weights)
    assert one.head.temperature == other.head.temperature
    assert np.array_equal(one.judged.shares, other.judged.shares)


def test_a_number_that_never_varies_does_no_harm() -> None:
    made = examples(distance=8.0)
    constant = np.concatenate([made.embeddings, np.full((len(made.labels), 1), 3, np.float32)], axis=1)
    assert uar(dataclasses.replace(made, embeddings=constant)) == 1.0


def only(made: Examples, chosen: np.ndarray) -> Examples:
    return dataclasses.replace(
        made, embeddings=made.embeddings[chosen], labels=made.labels[chosen], groups=made.groups[chosen]
    )


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (examples(labels=1), " 90 .*'plain'"),
        (examples(authors=2), " 20 .* 18"),
        (examples(authors=1, each=60), "'plain' .* authors "),
        (only(examples(), np.zeros(90, dtype=bool)), "stage embed"),
        (only(examples(), np.array([label != "warm" for label in LABELS * 30]) | (np.arange(90) < 12)),
         " 5 .*'warm' .*4"),
    ],
)  # fmt: skip
def test_what_cannot_carry_a_head_is_a_sentence(made: Examples, named: str) -> None:
    with pytest.raises(UserError, match=named):
        train(made)
