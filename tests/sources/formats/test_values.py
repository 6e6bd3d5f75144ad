"""Single values: digits are kept or the row is rejected, and what is unknown stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.sources.formats import values
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.written_times import MILLISECONDS


@pytest.mark.parametrize("value", [7312345678901234567, "7312345678901234567", " 7312345678901234567 "])
def test_an_id_of_19_digits_keeps_them(value: object) -> None:
    assert values.identifier(value, "id") == "7312345678901234567"


@pytest.mark.parametrize("value", [7.312345678901234e18, "7.31234567890123E+18", "7,31E18", True, ["7"]])
def test_an_id_that_lost_digits_is_rejected(value: object) -> None:
    with pytest.raises(Rejected, match="id"):
        values.identifier(value, "id")


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), ("0", 0), (12, 12), ("12", 12), ("12.0", 12), (12.0, 12), (None, None), ("", None), (" ", None)],
)
def test_a_count_is_a_whole_number_or_unknown(value: object, number: int | None) -> None:
    assert values.count(value, "likes") == number


def test_a_count_below_0_stands_for_unknown() -> None:
    assert values.count(-1, "likes") is None
    assert values.count("-1", "likes") is None


@pytest.mark.parametrize(
    "value", ["1.2K", "1.200", "3 Mio.", "10+", 1.5, float("inf"), True, [], "1_000", 2**63, 10**400]
)
def test_anything_else_is_not_a_count(value: object) -> None:
    with pytest.raises(Rejected, match="likes"):
        values.count(value, "likes")


def test_counts_leave_out_what_is_unknown() -> None:
    assert values.counts({"views": "7", "likes": None, "shares": "", "saves": 0}) == {"views": 7, "saves": 0}


def test_times_are_utc() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert values.epoch("1714564800", "t") == noon
    assert values.epoch(1714564800000, "t", MILLISECONDS) == noon
    for written in (
        "2024-05-01T12:00:00Z",
        "2024-05-01T14:00:00+02:00",
        "2024-05-01 12:00:00",
        "2024-05-01 12:00:00 UTC",
    ):
        assert values.moment(written, "t") == noon


@pytest.mark.parametrize("value", [None, "", 0, "0"])
def test_an_empty_time_is_unknown(value: object) -> None:
    assert values.epoch(value, "t") is None


@pytest.mark.parametrize("value", [1714564800000, "yesterday", float("inf"), 10**400, -(10**12), [], True])
def test_milliseconds_and_nonsense_are_not_unix_times(value: object) -> None:
    with pytest.raises(Rejected, match="t"):
        values.epoch(value, "t")


@pytest.mark.parametrize("value", ["soon", "0001-01-01T00:00:00+14:00", "1970-01-01", 5])
def test_nonsense_is_not_a_written_time(value: object) -> None:
    with pytest.raises(Rejected):
        values.moment(value, "t")


def test_durations() -> None:
    assert values.iso_duration("PT1H2M3S", "d") == 3723
    assert values.iso_duration("P1DT1S", "d") == 86401
    assert values.iso_duration("P0D", "d") is None  # a live stream
    assert values.seconds("21.5", "d") == 21.5
    assert values.seconds(0, "d") is None
    for wrong in ("P", "PT", "65"):
        with pytest.raises(Rejected):
            values.iso_duration(wrong, "d")
    for negative in (-1, float("-inf")):
        with pytest.raises(Rejected):
            values.seconds(negative, "d")


def test_texts_can_be_stored() -> None:
    assert values.text("cut emoji \ud83d\0") == "cut emoji \ufffd"
    assert values.text("👩‍👩‍👧 شنطة") == "👩‍👩‍👧 شنطة"
    assert values.text("") is None
    with pytest.raises(Rejected):
        values.text(5)
