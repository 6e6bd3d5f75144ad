"""How good a model is against human labels or true words, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records.row import Row, column


@dataclass(frozen=True, slots=True)
class EvaluationRow(Row):
    """One figure of one model against one file of labels or true words, in one group of clips."""

    table: ClassVar[str] = "evaluations"
    grain: ClassVar[tuple[str, ...]] = (
        "evaluated_at", "labels_sha256", "model", "grouping", "group_value", "measure", "label", "counted",
    )  # fmt: skip

    evaluated_at: datetime = column("when it was measured", "UTC")
    labels_file: str = column("name of the file of labels or true words, without its folder")
    labels_sha256: str = column("digest of that file")
    model: str = column("the tone model, or the speech engine and its weights")
    fingerprint: str | None = column("configuration behind the judged rows; NULL if no run is stored")
    grouping: str = column(
        "all, or what clips are grouped by: language, platform, music_share, author_group, hashtag or week"
    )
    group_value: str = column("the group; all, or unknown where the study does not know it")
    measure: str = column(
        "uar, macro_f1, recall, precision, ece (calibration error), coverage (share that has a score), "
        "ccc_arousal, ccc_valence, ccc_dominance, wer or cer; share_stated, share_corrected and share_adjusted: how "
        "frequent a tone is as the model states it, and as labels correct it in two ways (query tone_prevalence)"
    )
    label: str | None = column("the label whose recall, precision or share it is; NULL for all labels together")
    value: float | None = column("the figure, of what has a score; NULL with a reason", "0–1, CCC -1–1")
    ci_low: float | None = column("lower end of its 95 % bootstrap interval over authors, or clips without one")
    ci_high: float | None = column("upper end of that interval")
    n: int = column("labelled spans behind the figure; of wer and cer, clips", "count")
    abstained: int = column("labelled spans, or clips, of the group that have no score", "count")
    reason: str | None = column(
        "why the value or the interval is NULL: nothing_to_measure; one_label where people gave one label alone, "
        "which is no test of telling labels apart; one_cluster where all comes from one author; few_labels; or "
        "few_authors (under five)"
    )
    in_training: int | None = column(
        "labelled spans of the group that a head was trained on, on which it is not judged; NULL where that is not "
        "known (an earlier version trained the head) and for models that come with cliptone",
        "count",
        default=None,
    )
    counted: str | None = column("what a share is of: region or clip; NULL for other measures", default=None)
