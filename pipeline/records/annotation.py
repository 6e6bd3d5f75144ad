"""What people say of what they heard, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records.row import Row, Seconds, column


@dataclass(frozen=True, slots=True)
class AnnotationRow(Row):
    """One answer of one coder to one question about one sound of a sample, given without knowing what a model said."""

    table: ClassVar[str] = "annotations"
    grain: ClassVar[tuple[str, ...]] = ("sample", "sample_id", "coder", "question")

    sample: str = column("name of the sample (cliptone validate sample)")
    sample_id: str = column("the sound in that sample")
    clip_id: str = column("the clip")
    region: int | None = column("the speech region; NULL for a whole clip")
    start_s: Seconds | None = column("where it begins in the clip; NULL for a whole clip", "s")
    end_s: Seconds | None = column("where it ends in the clip; NULL for a whole clip", "s")
    weight: float = column("how many of the study it stands for, as the sample was drawn", "count")
    coder: str = column("code of whoever listened, never a name")
    question: str = column("the question, by its id in the scheme; note for what coders wrote beside")
    level: str = column("level of measurement of its answers: nominal, ordinal or interval; text for free words")
    measures: str | None = column("what of a model it is compared with: label, arousal, valence or dominance")
    label: str | None = column("the option chosen, several with | between; NULL for numbers, words and cannot tell")
    value: float | None = column("the number chosen on a scale, or the place of the option in its list from 1")
    text: str | None = column("free words of the coder")
    cannot_tell: bool = column("whether the coder could not tell")
    answered_at: datetime | None = column("when it was answered, by the coder's clock", "UTC")
    scheme_sha256: str = column("digest of the scheme of questions")
    lowest: float | None = column("lower end of the scale, or 1 for a list of options", default=None)
    highest: float | None = column("upper end of the scale, or the number of options", default=None)
