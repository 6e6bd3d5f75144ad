"""How many labels a share takes: as many as make the interval of evaluated labels as narrow as was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.results.evaluation.bootstrap import by_cluster, estimate
from pipeline.results.evaluation.label_budget import (
    LEAST_LABELS,
    MeasuredNeed,
    Need,
    Spread,
    as_measured,
    if_right,
    if_useless,
    markdown,
    needs,
    spread,
)
from pipeline.results.evaluation.prevalence import powered_means, powered_parts
from pipeline.results.evaluation.tone import evaluate_tone
from pipeline.results.evaluation.units import Units
from tests.support.evaluation_study import clip, make_study, write_rows
from tests.support.small_study import angry

HALF = 0.05
Scores = NDArray[np.float64]


def authors(units: int, clips_each: int) -> NDArray[np.str_]:
    return np.array([f"a{number // clips_each}" for number in range(units)])


def interval(said: Scores, truth: NDArray[np.bool_], clusters: NDArray[np.str_], labels: int) -> MeasuredNeed:
    """What is evaluated where this many units, drawn at random, are labelled."""
    weights = np.zeros(said.size)
    weights[np.random.default_rng(7).choice(said.size, labels, replace=False)] = 1
    heard = (truth * weights)[:, np.newaxis]
    units = Units("clip", ("angry",), said[:, np.newaxis], heard, weights, clusters, clusters, {})
    found = estimate(by_cluster(powered_parts(units, 0), clusters), powered_means)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return MeasuredNeed(labels, found.value, found.low, found.high)


def width(found: MeasuredNeed) -> float:
    return (found.high - found.low) / 2


@pytest.mark.slow
def test_a_model_that_is_right_as_often_as_it_says_takes_the_labels_that_are_named() -> None:
    draw = np.random.default_rng(1)
    said = draw.beta(0.4, 0.8, 4_000)
    truth = draw.random(4_000) < said
    clusters = authors(4_000, 2)
    labels = if_right(spread(said, clusters), HALF)
    assert labels is not None
    assert labels < 250, "the model helps"
    assert width(interval(said, truth, clusters, labels)) == pytest.approx(HALF, rel=0.12)


@pytest.mark.slow
def test_a_model_of_no_help_takes_as_many_as_without_one() -> None:
    draw = np.random.default_rng(2)
    said, truth, clusters = draw.beta(2, 2, 4_000), draw.random(4_000) < 0.5, authors(4_000, 1)
    labels = if_useless(spread(said, clusters), HALF)
    assert labels == pytest.approx(385, abs=15), "the textbook's number for a share of a half"
    assert width(interval(said, truth, clusters, labels)) == pytest.approx(HALF, rel=0.12)


@pytest.mark.slow
def test_labels_that_were_evaluated_say_how_many_are_wanted() -> None:
    draw = np.random.default_rng(3)
    truth = draw.random(4_000) < 0.3
    said = np.where(draw.random(4_000) < 0.7, np.where(truth, 0.95, 0.05), draw.random(4_000))
    clusters = authors(4_000, 2)
    labels = as_measured(spread(said, clusters), interval(said, truth, clusters, 150), HALF)
    assert labels is not None
    assert width(interval(said, truth, clusters, labels)) == pytest.approx(HALF, rel=0.2)


def test_authors_who_are_each_of_one_tone_take_more_labels_or_cannot_be_measured_so_narrowly() -> None:
    draw = np.random.default_rng(4)
    of_author = draw.beta(0.5, 0.5, 800)
    clusters = authors(4_000, 5)
    alike = spread(np.repeat(of_author, 5), clusters)
    mixed = spread(draw.permutation(np.repeat(of_author, 5)), clusters)
    assert alike.authors == pytest.approx(1 / 800 - 1 / 4_000, rel=0.1)
    assert mixed.authors < alike.authors / 3
    labels, others = if_useless(alike, HALF), if_useless(mixed, HALF)
    assert labels is not None
    assert others is not None
    assert labels > others
    truth = draw.random(800) < 0.5
    assert width(interval(np.full(4_000, 0.5), np.repeat(truth, 5), clusters, labels)) == pytest.approx(HALF, rel=0.15)
    few = spread(np.repeat(of_author[:20], 200), authors(4_000, 200))
    assert (if_useless(few, HALF), if_right(few, HALF)) == (None, None), "twenty authors, however many clips"


SPREADS = st.builds(
    lambda units, share, part, authors: Spread(units, share, part * share * (1 - share), authors),
    st.integers(10, 100_000),
    st.floats(0.01, 0.99),
    st.floats(0, 1),
    st.floats(0, 0.01),
)


@given(SPREADS, st.floats(0.01, 0.2), st.floats(1.05, 2))
def test_a_narrower_interval_never_takes_fewer_labels_nor_a_better_model_more(
    said: Spread, half: float, wider: float
) -> None:
    right, useless = if_right(said, half), if_useless(said, half)
    for labels in (right, useless):
        assert labels is None or LEAST_LABELS <= labels <= said.units
    if useless is not None:
        assert right is not None
        assert right <= useless
        relaxed = if_useless(said, half * wider)
        assert relaxed is not None
        assert relaxed <= useless


@pytest.mark.slow
def test_of_a_study_and_after_its_labels(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    rows, told = [], []
    for number in range(120):
        probability = float(draw.beta(1, 1))
        rows += clip(f"tiktok:{number}", [((0.0,), angry(probability))], author=f"a{number // 2}")
        if number % 3 == 0:
            told.append((f"tiktok:{number}", "angry" if draw.random() < probability else "neutral"))
    study = make_study(tmp_path, rows)
    model, before = needs(study.folder.published, 10)
    assert model == "one"
    assert {(one.counted, one.tone, one.units) for one in before} == {
        (counted, tone, 120) for counted in ("clip", "region") for tone in ("angry", "neutral")
    }
    assert all(one.labelled == 0 and one.as_measured is None for one in before)
    evaluate_tone(study.folder, write_rows(tmp_path / "human.csv", "clip_id,label", *told))
    after = {(one.counted, one.tone): one for one in needs(study.folder.published, 10)[1]}
    assert after["clip", "angry"].labelled == len(told)
    assert after["clip", "angry"].as_measured is not None
    assert after["region", "angry"].labelled == 0, "labels of clips say nothing of regions"


@pytest.mark.slow
def test_a_study_without_tone_is_said(tmp_path: Path) -> None:
    study = make_study(tmp_path, clip("tiktok:1"))
    with pytest.raises(UserError, match="emotion"):
        needs(study.folder.published, 5)


@pytest.mark.parametrize("points", [0, -5, 50, float("nan")])
def test_points_that_are_no_width_are_refused(points: float, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--points"):
        needs(tmp_path / "none", points)


def test_no_share_is_shown() -> None:
    said = markdown("one", [Need("clip", "angry", 1_200, 90, None, None, 0)], 5)
    assert "| clip | angry | 1,200 | 90 | not with this study | — | 0 |" in said
