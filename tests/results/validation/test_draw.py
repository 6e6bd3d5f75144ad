"""A stratified draw stands for the whole population, and is as large as the margin asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.results.validation.draw import draw, draw_for, size_for

UNITS = st.lists(
    st.fixed_dictionaries({"a": st.sampled_from("xyz"), "b": st.sampled_from("pq"), "c": st.integers(0, 30).map(str)}),
    min_size=1,
    max_size=200,
)
BY = ("a", "b", "c")


@pytest.mark.parametrize(
    ("margin", "population", "size"), [(0.05, 10**9, 385), (0.03, 10**9, 1068), (0.05, 1000, 278), (0.05, 3, 3)]
)
def test_the_size_is_that_of_the_textbook(margin: float, population: int, size: int) -> None:
    assert size_for(margin, population) == size


@given(UNITS, st.integers(1, 200), st.integers(0, 5))
def test_weights_add_up_to_the_population_and_to_each_stratum(
    units: list[dict[str, str]], size: int, seed: int
) -> None:
    found = draw(units, BY, size, seed)
    assert len(set(found.chosen)) == len(found.chosen)
    assert sum(found.weights) == pytest.approx(len(units))
    for stratum in {tuple(unit[name] for name in found.by) for unit in units}:
        members = [one for one in units if tuple(one[name] for name in found.by) == stratum]
        weights = [w for w, of in zip(found.weights, found.strata, strict=True) if of == stratum]
        assert sum(weights) == pytest.approx(len(members))
    assert set(found.by) | set(found.left_out) == set(BY)
    assert found == draw(units, BY, size, seed), "the same seed draws the same"
    assert len(found.chosen) == min(size, len(units)) or (size == 1 and len(found.chosen) <= 2)


@given(UNITS, st.sampled_from([0.05, 0.1, 0.2]))
def test_a_margin_is_kept_with_the_weights_of_the_strata(units: list[dict[str, str]], margin: float) -> None:
    found = draw_for(margin, units, BY, seed=1)
    assert found.margin(len(units)) <= margin or len(found.chosen) == len(units)


def test_another_seed_draws_others() -> None:
    units = [{"a": "x"}] * 100
    assert draw(units, ("a",), 10, 1).chosen != draw(units, ("a",), 10, 2).chosen
