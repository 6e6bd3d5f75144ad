"""Files of labels: what they may hold, and how they meet the speech of a study."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.results.evaluation.labels import (
    NO_CLIP,
    NO_LABEL,
    NO_NUMBER,
    NO_SPAN,
    NO_SPEECH,
    NOT_ANALYSED,
    LeftOut,
    Region,
    left_out_lines,
    match,
    read_labels,
)  # fmt: skip
from tests.support.evaluation_study import write_rows

REGIONS = {"x:1": [Region(0, 1.0, 3.0), Region(1, 5.0, 6.0)], "x:mute": []}
CLIPS = {"x:1", "x:mute", "x:failed"}


def matched(folder: Path, *lines: tuple[object, ...]) -> list[tuple[int, ...]]:
    labels = read_labels(write_rows(folder / "l.csv", "clip_id,start_s,end_s,label", *lines))
    return [tuple(region for region, _ in span.regions) for span in match(labels, CLIPS, REGIONS).spans]


def test_a_label_without_a_span_is_of_all_regions(tmp_path: Path) -> None:
    assert matched(tmp_path, ("x:1", "", "", "warm")) == [(0, 1)]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(1, 3, (0,)), (0, 2, (0,)), (0, 10, (0, 1)), (2.0, 9, (0, 1)), (2.1, 9, (1,))],
)
def test_a_region_belongs_to_a_span_that_holds_half_of_it(
    tmp_path: Path, start: float, end: float, found: tuple[int, ...]
) -> None:
    assert matched(tmp_path, ("x:1", start, end, "warm")) == [found]


def test_each_line_that_cannot_be_used_is_named_with_its_reason(tmp_path: Path) -> None:
    lines = [
        ("x:1", "", "", "warm"),
        ("x:2", "", "", "warm"),
        ("x:mute", "", "", "warm"),
        ("x:failed", "", "", "warm"),
        ("x:1", "3.5", "4.5", "warm"),
        ("x:1", "", "", " "),
        ("x:1", "2", "", "warm"),
        ("x:1", "nan", "3", "warm"),
        ("x:1", "3", "2", "warm"),
        ("x:1", "1", "3"),
    ]
    found = match(read_labels(write_rows(tmp_path / "l.csv", "clip_id,start_s,end_s,label", *lines)), CLIPS, REGIONS)
    assert len(found.spans) == 1
    *others, short = [(one.line, one.reason) for one in found.left_out]
    assert others == [
        (3, NO_CLIP),
        (4, NO_SPEECH),
        (5, NOT_ANALYSED),
        (6, NO_SPEECH),
        (7, NO_LABEL),
        (8, NO_SPAN),
        (9, NO_SPAN),
        (10, NO_SPAN),
    ]
    assert (short[0], re.findall(r"\d", short[1])) == (11, ["3", "4"]), "cells of the row and of the header"


def test_numbers_lie_between_0_and_1(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "d.csv", "clip_id,arousal", ("x:1", "0.5"), ("x:1", "7"), ("x:1", "high"))
    labels = read_labels(path)
    assert [one.dimensions for one in labels.labels] == [{"arousal": 0.5}]
    assert {one.reason for one in labels.left_out} == {NO_NUMBER}


def test_a_spreadsheets_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes("\ufeffclip_id;label\r\nx:1;wärm\r\n".encode())
    labels = read_labels(path)
    assert [(one.clip_id, one.label) for one in labels.labels] == [("x:1", "wärm")]
    assert labels.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("clip,label", "clip_id .* label .*; .* clip, label"),
        ("clip_id,emotion", "; .* clip_id, emotion"),
        ("clip_id,label,begin", " begin; .* clip_id, start_s"),
    ],
)
def test_another_file_is_a_sentence(tmp_path: Path, header: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        read_labels(write_rows(tmp_path / "l.csv", header, ("a",)))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv"):
        read_labels(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UserError, match=r"empty\.csv"):
        read_labels(tmp_path / "empty.csv")


def test_no_usable_label_says_why_and_how_an_id_looks(tmp_path: Path) -> None:
    labels = read_labels(write_rows(tmp_path / "l.csv", "clip_id,label", ("1", "warm"), ("2", "warm")))
    with pytest.raises(UserError) as error:
        match(labels, CLIPS, REGIONS)
    assert f"2 × {NO_CLIP} (line 2: 1, line 3: 2)" in str(error.value)
    assert str(error.value).endswith(" x:1")


def test_a_long_list_is_counted_and_shortened() -> None:
    many = [LeftOut(number, f"x:{number}", "gone") for number in range(2, 9)]
    assert left_out_lines(many) == ["7 × gone (line 2: x:2, line 3: x:3, line 4: x:4, …)"]
