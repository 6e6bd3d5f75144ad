"""Ids that were rounded are seen in a file, and Instagram's two ways to name a media are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.media_ids import Rounding, instagram_number, instagram_shortcode, looks_rounded

tiktok_ids = st.integers(6 * 10**18, 8 * 10**18).map(str)


def by_spreadsheet(number: str) -> str:
    """15 digits are kept."""
    return number[:15] + "0" * (len(number) - 15)


def by_float(number: str) -> str:
    return str(int(float(number)))


@given(tiktok_ids)
def test_a_rounded_number_looks_it(number: str) -> None:
    assert looks_rounded(by_spreadsheet(number))
    assert looks_rounded(by_float(number))


def test_one_of_a_thousand_looks_it_by_chance_and_a_file_does_not() -> None:
    ids = [str(7_300_000_000_000_000_001 + step * 98_765_432_123) for step in range(3_000)]
    assert sum(map(looks_rounded, ids)) < 30
    assert not Rounding(ids).found
    assert Rounding(by_spreadsheet(one) for one in ids).found
    assert Rounding(by_float(one) for one in ids).found
    assert Rounding(["7300000000012170000"]).found, "one alone is more likely rounded than lucky"


@pytest.mark.parametrize("text", ["", "1000", "123456000", "dQw4w9WgXcQ", "7300000000012177926"])
def test_other_ids_do_not(text: str) -> None:
    assert not looks_rounded(text)


@given(st.integers(10**15, 2**63))
def test_a_number_and_its_code_are_one(number: int) -> None:
    code = instagram_shortcode(str(number))
    assert code is not None
    assert instagram_number(code) == str(number)
    assert instagram_shortcode(f"{number}_25025320") == code


def test_a_known_pair_and_codes_that_are_none() -> None:
    assert instagram_shortcode("3506906526605045365") == "DCrCOfSyu51"
    assert instagram_shortcode("C6aBcDeFgHi") is None
    assert instagram_number("no code!") is None
