"""How strange a voice is to a head, and what that does to its set of labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.novelty import STRANGE, novelty, with_distances
from pipeline.analysis.heads.reference import StudyReference
from pipeline.analysis.heads.save import save
from pipeline.analysis.heads.tone import HeadTone
from tests.support.made_heads import HEAD

TRAINING = HEAD.mean + np.sqrt(HEAD.variance) * np.random.default_rng(0).normal(size=(2_000, 3))
KNOWING = replace(with_distances(HEAD, TRAINING.astype(np.float32)), set_threshold=0.4)
FAR = (HEAD.mean + 50.0).astype(np.float32)


def test_novelty_is_the_share_of_training_that_lies_nearer() -> None:
    found = novelty(KNOWING, TRAINING.astype(np.float32))
    assert found is not None
    assert np.quantile(found, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(1.0, 100.0))
def test_what_lies_further_out_is_never_less_strange(seed: int, factor: float) -> None:
    direction = np.random.default_rng(seed).normal(size=3)
    near, far = ((HEAD.mean + scale * direction).astype(np.float32) for scale in (1.0, factor))
    found = novelty(KNOWING, np.stack([near, far]))
    assert found is not None
    assert 0 <= found[0] <= found[1] + 1e-6 <= 1 + 1e-6


def test_a_strange_voice_rules_no_label_out(tmp_path: Path) -> None:
    save(KNOWING, tmp_path)
    model = HeadTone(tmp_path)
    tone = model.score(FAR)
    assert tone.novelty is not None
    assert tone.novelty >= STRANGE
    assert set(tone.prediction_set or ()) == set(HEAD.labels)
    known = model.score((HEAD.mean + np.array([2.0, 0, 0])).astype(np.float32))
    assert known.novelty is not None
    assert known.novelty < STRANGE
    assert known.prediction_set == ("plain",)


def test_a_study_of_strange_voices_stays_strange(tmp_path: Path) -> None:
    save(KNOWING, tmp_path)
    model = HeadTone(tmp_path)
    model.read_against(StudyReference("made", FAR.astype(np.float64), np.ones(3), 10_000, 1_000))
    assert model.score(FAR).novelty == 1.0


def test_a_head_keeps_its_distances_and_one_without_has_no_novelty(tmp_path: Path) -> None:
    save(KNOWING, tmp_path / "knowing")
    save(HEAD, tmp_path / "plain")
    assert load(tmp_path / "knowing").novelty_distances == KNOWING.novelty_distances
    assert HeadTone(tmp_path / "plain").score(FAR).novelty is None
