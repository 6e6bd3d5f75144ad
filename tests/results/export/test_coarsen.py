"""Values on their way out: coarse enough, joined still, and never invented."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from pipeline.results.export.coarsen import Names, coarsened, log2_bins, rounded, significant, without_nul
from pipeline.results.export.levels import Level, Rule

NAMES = Names(b"k" * 32, "first", frozenset({"small"}))


def column(values: list[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


def out(values: list[object], rule: Rule, level: Level = Level.SHAREABLE, kind: pa.DataType | None = None) -> list:
    return coarsened(column(values, kind), rule, level, NAMES).to_pylist()


@pytest.mark.parametrize("size", [-12, -3, -1, 0, 1, 2, 3, 7, 14])
def test_numbers_keep_three_digits(size: int) -> None:
    numbers = np.array([1.23456, -9.99512, 4.0, 9.999, 1.0]) * 10.0**size
    expected = [float(f"{number:.3g}") for number in numbers]
    assert significant(numbers) == pytest.approx(expected, rel=1e-15)
    assert all(len(f"{number:.15g}".lstrip("-").split("e")[0].replace(".", "").strip("0")) <= 3
               for number in significant(numbers))  # fmt: skip


def test_zero_and_null_stay_what_they_are() -> None:
    assert rounded(column([0.0, None, 0.12345])).to_pylist() == [0.0, None, 0.123]
    assert rounded(column([None, None], pa.float64())).to_pylist() == [None, None]
    assert rounded(column([], pa.float64())).to_pylist() == []


def test_numbers_in_lists_and_maps_are_rounded_too() -> None:
    assert out([[0.12345, 2.0], None, []], Rule.FEATURE, kind=pa.list_(pa.float32())) == [[0.123, 2.0], None, []]
    shares = pa.map_(pa.string(), pa.float64())
    assert out([[("angry", 0.98765)], None], Rule.FEATURE, kind=shares) == [[("angry", 0.988)], None]


def test_counts_become_bins_whose_edges_are_powers_of_two() -> None:
    counts = [0, 1, 2, 3, 6, 7, 2**40 - 2, 2**40 - 1, None]
    assert log2_bins(column(counts)).to_pylist() == [0, 1, 1, 2, 2, 3, 39, 40, None]


def test_times_become_the_monday_of_their_week() -> None:
    times = [datetime(2026, 3, 2), datetime(2026, 3, 8, 23, 59, 59), datetime(2026, 1, 1), None]  # noqa: DTZ001
    assert out(times, Rule.TIME, kind=pa.timestamp("us")) == [
        date(2026, 3, 2),
        date(2026, 3, 2),
        date(2025, 12, 29),
        None,
    ]


def test_ids_are_the_same_in_one_export_and_others_in_another() -> None:
    ids = ["tiktok:1", "tiktok:2", "tiktok:1"]
    first = out(ids, Rule.CLIP)
    assert first[0] == first[2] != first[1]
    for other in (Names(NAMES.key, "second"), Names(b"x" * 32, "first")):
        assert not set(first) & {other.clip(one) for one in ids}
    assert first[0] == Names(NAMES.key, "first").clip("tiktok:1")
    assert NAMES.clip("same") != NAMES.author("same")


def test_an_author_with_few_clips_has_no_pseudonym() -> None:
    found = out(["small", "large", None], Rule.AUTHOR)
    assert found[0] is None
    assert found[2] is None
    assert found[1] not in (None, "large")


def test_handles_in_texts_leave_under_pseudonyms_which_stay() -> None:
    text = "by @Anna.Smith and @user_abcdefgh at https://x.example/@_/video mail a@b.example"
    [hidden] = out([text], Rule.TEXT, Level.RESTRICTED)
    assert "Anna" not in hidden
    assert "@user_abcdefgh" in hidden
    assert "/@_/" in hidden
    assert "a@b.example" in hidden
    assert out([hidden], Rule.TEXT, Level.RESTRICTED) == [hidden]


def test_a_file_name_leaves_without_the_handle_in_it_and_post_ids_as_they_are() -> None:
    found = out(["file:@anna/7.mp4", "tiktok:73"], Rule.CLIP, Level.RESTRICTED)
    assert "anna" not in found[0]
    assert found[1] == "tiktok:73"


def test_nul_becomes_the_replacement_character() -> None:
    assert without_nul(column(["a\x00b", None])).to_pylist() == ["a\ufffdb", None]
    assert without_nul(column([["\x00"], None])).to_pylist() == [["\ufffd"], None]
