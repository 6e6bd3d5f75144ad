"""What prosody is said to add: known gains are found, gaps are marked, and nobody's weight is chosen on themselves."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pipeline.media.audio import SAMPLE_RATE

from pipeline.research.starter import prosody_trial
from pipeline.research.starter.corpus import Corpus
from pipeline.research.starter.leave_speakers_out import Calibration

EMOTIONS = np.array(["angry", "happy", "neutral", "sad"])
WAYS = ("clean", "music")
Scores = dict[str, NDArray[np.float64]]


def copies(told_by_embedding: float, told_by_prosody: float) -> tuple[dict[str, Corpus], Scores]:
    """Made-up copies of four speakers: how far the labels lie apart in embeddings and in measures."""
    generator = np.random.default_rng(0)
    labels = np.tile(np.arange(4), 25)
    speakers = np.repeat(["a", "b", "c", "d"], 25)
    centres = {24: generator.normal(size=(4, 24)), 6: generator.normal(size=(4, 6))}
    corpora, measures = {}, {}
    for name in (*WAYS, "copy 0"):
        embeddings = told_by_embedding * centres[24][labels] + generator.normal(size=(100, 24))
        corpora[name] = Corpus(embeddings.astype(np.float32), EMOTIONS[labels], speakers)
        measures[name] = told_by_prosody * centres[6][labels] + generator.normal(size=(100, 6))
    return corpora, measures


def lines(table: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in rows}


def test_what_prosody_adds_is_found() -> None:
    found = lines(prosody_trial.table(*copies(told_by_embedding=0.3, told_by_prosody=2.0)))
    assert list(found) == ["embedding", "prosody", "both", "late fusion"]
    assert found["embedding"][1] == found["embedding"][3] == "+0.000 (+0.000 to +0.000)"
    plain = float(found["embedding"][2])
    for head in ("prosody", "both", "late fusion"):
        clean, _, music, change, error = found[head]
        assert float(music) > plain + 0.1
        assert float(change.split()[0]) == pytest.approx(float(music) - plain, abs=0.0011)
        assert 0 <= float(error) < 0.2
        assert float(clean) > 0.7


def test_prosody_that_tells_nothing_does_not_help() -> None:
    found = lines(prosody_trial.table(*copies(told_by_embedding=1.0, told_by_prosody=0.0)))
    assert float(found["prosody"][2]) == pytest.approx(0.25, abs=0.15)
    assert float(found["late fusion"][2]) == pytest.approx(float(found["embedding"][2]), abs=0.03)


def test_a_gap_is_the_mean_and_is_marked_where_enough_speakers_have_one() -> None:
    first = np.array([[1.0, 5.0], [np.nan, 5.0], [np.nan, np.nan]])
    second = np.array([[np.nan, 5.0], [3.0, 5.0], [2.0, 5.0]])
    found = prosody_trial.filled({"one": first, "two": second}, np.array(["a", "b", "c"]))
    assert found["one"].tolist() == [[1, 5, 0], [2, 5, 1], [2, 5, 1]]
    assert found["two"].tolist() == [[2, 5, 1], [3, 5, 0], [2, 5, 0]]
    alone = prosody_trial.filled({"one": first, "two": second}, np.array(["a", "b", "b"]))
    assert [copy.shape for copy in alone.values()] == [(3, 2), (3, 2)], "a column that a left-out speaker alone has"


def test_the_own_labels_have_no_part_in_the_weight() -> None:
    generator = np.random.default_rng(1)
    truth, speakers = generator.integers(0, 4, 60), np.repeat(["a", "b", "c"], 20)
    mine = speakers == "b"

    def fuse(truth: NDArray[np.int64]) -> Any:
        one, other = ({way: np.random.default_rng(seed).normal(size=(60, 4)) for way in WAYS} for seed in (2, 3))
        return prosody_trial.fused(one, other, SimpleNamespace(truth=truth), speakers)  # type: ignore[arg-type]

    turned = np.where(mine, 3 - truth, truth)
    assert np.array_equal(fuse(truth)[:, mine], fuse(turned)[:, mine])
    assert not np.array_equal(fuse(truth)[:, ~mine], fuse(turned)[:, ~mine])


def test_a_gain_has_its_size_and_its_interval_over_speakers() -> None:
    truth, speakers = np.tile([0, 1], 40), np.repeat(["a", "b", "c", "d"], 20)
    right = np.eye(2)[truth]
    wrong_of_zero = np.where((truth == 0)[:, None] & (np.arange(80) % 4 == 0)[:, None], 1 - right, right)
    found = prosody_trial.gain(wrong_of_zero, right, truth, speakers)
    assert found.value == pytest.approx(0.25)  # half of one of the two labels
    assert (found.low, found.high) == pytest.approx((0.25, 0.25))  # alike in every speaker
    assert prosody_trial.gain(right, wrong_of_zero, truth, speakers).value == pytest.approx(-0.25)


def test_calibrated_scores_are_log_probabilities_at_the_own_temperature() -> None:
    logits = np.log(np.array([[0.8, 0.2], [0.8, 0.2]]))
    own = Calibration(np.array([[1.0], [2.0]]), np.array([[0.5], [0.5]]))
    found = prosody_trial.calibrated(SimpleNamespace(logits={"clean": logits}, own_calibration=own))  # type: ignore[arg-type]
    assert np.exp(found["clean"]) == pytest.approx(np.array([[0.8, 0.2], [2 / 3, 1 / 3]]))


def test_a_voice_has_its_measures_and_too_little_of_it_none() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    voice = (0.1 * sum(np.sin(2 * np.pi * 200 * n * time) / n for n in range(1, 9))).astype(np.float32)
    median, spread, *_, voiced = prosody_trial.prosody(voice)
    assert median == pytest.approx(12 * np.log2(200), abs=0.1)
    assert spread < 0.5
    assert voiced > 0.8
    assert len(prosody_trial.prosody(voice)) == prosody_trial.MEASURES
    for nothing in (voice[:320], np.zeros(SAMPLE_RATE, dtype=np.float32)):
        assert np.isnan(prosody_trial.prosody(nothing)).all()


def test_the_recipe_takes_embeddings_of_any_width() -> None:
    corpora, _ = copies(told_by_embedding=2.0, told_by_prosody=0.0)
    narrow = {name: replace(copy, embeddings=copy.embeddings[:, :5]) for name, copy in corpora.items()}
    held = prosody_trial.trial(narrow)
    assert set(held.logits) == set(WAYS)
    assert np.mean(held.logits["clean"].argmax(axis=1) == held.truth) > 0.7
