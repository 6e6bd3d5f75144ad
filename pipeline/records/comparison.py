"""How two groups of clips differ, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records.row import Row, column


@dataclass(frozen=True, slots=True)
class ComparisonRow(Row):
    """One measure of two groups of clips, and how much they differ."""

    table: ClassVar[str] = "comparisons"
    grain: ClassVar[tuple[str, ...]] = ("compared_at", "group_a", "group_b", "measure", "model")

    compared_at: datetime = column("when the groups were compared", "UTC")
    group_a: str = column("the first group, as it was asked for")
    group_b: str = column("the second group, as it was asked for")
    measure: str = column("a tone, arousal, or a view and its column")
    model: str | None = column("the tone model; NULL for measures without one")
    mean_a: float | None = column("mean over the clips of the first group; of a tone, of its probability")
    mean_b: float | None = column("mean over the clips of the second group")
    difference: float | None = column("first mean less second; NULL with a reason")
    ci_low: float | None = column("lower end of its 95 % bootstrap interval over authors, or clips without one")
    ci_high: float | None = column("upper end of that interval")
    p: float | None = column("two-sided, by permutation of authors; NULL where nothing can be exchanged", "0–1")
    p_holm: float | None = column("the same, corrected for all measures of this comparison (Holm 1979)", "0–1")
    clips_a: int = column("clips of the first group with a value", "count")
    clips_b: int = column("clips of the second group with a value", "count")
    without_a: int = column("clips of the first group without one, which are left out", "count")
    without_b: int = column("clips of the second group without one, which are left out", "count")
    authors_a: int = column("authors of the first group; a clip without a known one counts as one", "count")
    authors_b: int = column("authors of the second group", "count")
    corrected: float | None = column("difference of the shares of this tone as labels of people correct them")
    corrected_low: float | None = column("lower end of its 95 % interval, with the model's error in it")
    corrected_high: float | None = column("upper end of that interval")
    labelled_a: int | None = column("labels in the first group; NULL without a file of labels", "count")
    labelled_b: int | None = column("labels in the second group", "count")
    reason: str | None = column(
        "why the difference or its interval is NULL: nothing_to_measure, or few_authors (under five)"
    )
