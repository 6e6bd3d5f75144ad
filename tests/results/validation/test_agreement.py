"""Krippendorff's alpha and Cohen's kappa: published values, values by hand, and the package's where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.results.validation.agreement import alpha, kappa

NONE = float("nan")
#: Four coders and twelve units of Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T
AUTHORS = np.array([str(number) for number in range(12)])


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_published_example(level: str, value: float) -> None:
    found = alpha(PUBLISHED, level, AUTHORS)
    assert found.value == pytest.approx(value, abs=5e-4)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= value <= found.high


def test_alpha_and_kappa_by_hand() -> None:
    """Two coders, four sounds, they differ on one.

    Coincidences: aa 2, bb 4, ab and ba 1 each; n_a 3, n_b 5, n 8; alpha = 1 - 7 * 2 / (2 * 15) = 8 / 15.
    Kappa: seen 3 / 4, by chance 1/4 * 2/4 + 3/4 * 2/4 = 1 / 2, so 1 / 2.
    """
    answers = np.array([[1, 1], [2, 2], [2, 2], [2, 1]], dtype=float)
    authors = np.array(["a", "b", "c", "d"])
    assert alpha(answers, "nominal", authors).value == pytest.approx(8 / 15, abs=1e-12)
    assert kappa(answers[:, 0], answers[:, 1], authors).value == pytest.approx(1 / 2, abs=1e-12)


@pytest.mark.parametrize(
    "answers", [[[1.0, 1.0], [1.0, 1.0]], [[1.0, NONE], [NONE, 2.0]], [[NONE, NONE], [NONE, NONE]]]
)
def test_without_two_different_answers_it_is_unknown(answers: list[list[float]]) -> None:
    assert alpha(np.array(answers), "nominal", AUTHORS[:2]).value is None


@pytest.mark.slow
@given(st.data())
def test_alpha_is_that_of_the_package(data: st.DataObject) -> None:
    package = pytest.importorskip("krippendorff", reason="no krippendorff: pip install krippendorff==0.9.0")
    sounds, coders = data.draw(st.integers(2, 8)), data.draw(st.integers(2, 4))
    cells = st.sampled_from([NONE, 1.0, 2.0, 3.0, 5.0])
    answers = np.array(data.draw(st.lists(cells, min_size=sounds * coders, max_size=sounds * coders)))
    answers = answers.reshape(sounds, coders)
    for level in ("nominal", "ordinal", "interval"):
        found = alpha(answers, level, AUTHORS[:sounds]).value
        if found is not None:
            said = package.alpha(reliability_data=answers.T, level_of_measurement=level)
            assert found == pytest.approx(said, abs=1e-9)
