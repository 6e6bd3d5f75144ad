"""Figures against values worked out by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from pipeline.analysis.tone.calibration import expected_calibration_error
from pipeline.results.evaluation import measures
from pipeline.results.evaluation.measures import Judged, concordance, reliability, tone_figures

LABELS = ("angry", "happy", "sad")


def judged(seed: int = 0, spans: int = 200) -> Judged:
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet([1, 1, 1], spans)
    clusters = np.array([f"author {number % 20}" for number in range(spans)])
    return Judged(LABELS, generator.integers(0, 3, spans), shares, clusters)


def by_name(found: list[measures.Figure]) -> dict[tuple[str, str | None], float | None]:
    return {(one.measure, one.label): one.estimate.value for one in found}


def test_figures_are_those_of_scikit_learn() -> None:
    one = judged()
    said = one.shares.argmax(axis=1)
    found = by_name(tone_figures(one))
    assert found["uar", None] == pytest.approx(metrics.balanced_accuracy_score(one.truth, said))
    assert found["macro_f1", None] == pytest.approx(metrics.f1_score(one.truth, said, average="macro"))
    for index, label in enumerate(LABELS):
        assert found["recall", label] == pytest.approx(metrics.recall_score(one.truth, said, average=None)[index])
        assert found["precision", label] == pytest.approx(metrics.precision_score(one.truth, said, average=None)[index])
    assert found["ece", None] == pytest.approx(expected_calibration_error(one.shares, one.truth))


def test_a_label_that_never_occurs_has_no_recall_and_does_not_count() -> None:
    one = Judged(LABELS, np.array([0, 0, 2]), np.eye(3)[[0, 0, 1]], np.array(["a", "b", "c"]))
    found = by_name(tone_figures(one))
    assert ("recall", "happy") not in found
    assert found["uar", None] == 0.5
    assert found["precision", "happy"] == 0.0
    assert found["macro_f1", None] == pytest.approx(1 / 3), "what the model gives wrongly counts"
    assert ("precision", "sad") not in found, "the model never says it"


def test_one_label_alone_is_no_test_of_telling_labels_apart() -> None:
    always_angry = Judged(LABELS, np.zeros(6, dtype=np.int64), np.eye(3)[[0] * 6], np.array(list("aabbcc")))
    found = {(figure.measure, figure.label): figure.estimate for figure in tone_figures(always_angry)}
    for measure in ("uar", "macro_f1"):
        assert (found[measure, None].value, found[measure, None].reason) == (None, "one_label")
    assert found["recall", LABELS[0]].value == 1.0, "which says whose it is"


def test_nothing_to_judge_gives_reasons() -> None:
    one = Judged(LABELS, np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros(0, dtype=str))
    assert [(figure.measure, figure.estimate.value, figure.estimate.reason) for figure in tone_figures(one)] == [
        (name, None, "nothing_to_measure") for name in ("uar", "macro_f1", "ece")
    ]


def ccc(true: list[float], said: list[float]) -> float | None:
    return concordance(np.array(true), np.array(said), np.array([str(i) for i in range(len(true))])).value


def test_concordance_by_hand() -> None:
    assert ccc([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]) == pytest.approx(1.0)
    assert ccc([0.0, 1.0], [1.0, 0.0]) == pytest.approx(-1.0)
    # means 0.5 and 0.6, variances 1/6 and 1/6, covariance 1/6: 2/6 / (2/6 + 0.01)
    assert ccc([0.0, 0.5, 1.0], [0.1, 0.6, 1.1]) == pytest.approx((2 / 6) / (2 / 6 + 0.01))
    # half the spread around the same mean: 2 · 1/12 / (1/6 + 1/24)
    assert ccc([0.0, 0.5, 1.0], [0.25, 0.5, 0.75]) == pytest.approx(0.8)


def test_concordance_of_constants_is_unknown() -> None:
    assert ccc([0.3, 0.3, 0.3], [0.3, 0.3, 0.3]) is None
    assert ccc([0.3, 0.3], [0.2, 0.8]) == 0.0, "only one of them varies: nothing agrees"


def test_reliability_counts_confidence_and_right_answers_by_bin() -> None:
    shares = np.array([[0.75, 0.25, 0.0]] * 4 + [[0.0, 0.05, 0.95]])
    spans, confidence, right = reliability(Judged(LABELS, np.array([0, 0, 0, 1, 2]), shares, np.array(list("abcde"))))
    assert spans.tolist() == [0, 0, 0, 0, 0, 0, 0, 4, 0, 1]
    assert confidence[[7, 9]] == pytest.approx([0.75, 0.95])
    assert right[[7, 9]] == pytest.approx([0.75, 1.0])
    assert np.isnan(right[0])


def test_chance_is_chance() -> None:
    found = tone_figures(judged(spans=3_000))[0].estimate
    assert found.value == pytest.approx(1 / 3, abs=0.03)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 / 3 < found.high
