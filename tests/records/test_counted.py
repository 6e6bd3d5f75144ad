"""Counts in sentences."""

from __future__ import annotations

import pytest

from pipeline.cli.sentences import report_lines
from pipeline.records import Outcome
from pipeline.records.counted import counted
from pipeline.run.progress import RunSummary


@pytest.mark.parametrize(
    ("number", "forms", "said"),
    [
        (0, ("clip",), "0 clips"),
        (1, ("clip",), "1 clip"),
        (2, ("clip",), "2 clips"),
        (1, ("post is", "posts are"), "1 post is"),
        (3, ("post is", "posts are"), "3 posts are"),
    ],
)
def test_a_number_and_its_noun(number: int, forms: tuple[str, ...], said: str) -> None:
    assert counted(number, *forms) == said


def test_a_run_of_one_clip() -> None:
    report = RunSummary(listed=1, new=1, excluded=1, waiting=1)
    report.add("audio", Outcome("file:a.wav", ()))
    said = report_lines(report)
    assert said.startswith("1 clip, 1 new: 1 step done")
    assert "1 post is excluded" in said
    assert "1 post is waiting" in said
