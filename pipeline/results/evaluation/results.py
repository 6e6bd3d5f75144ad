"""Figures as rows of the table `evaluations`, and their way into the database of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.records import EvaluationRow, Row
from pipeline.results.evaluation.bootstrap import Interval
from pipeline.results.evaluation.labels import LeftOut
from pipeline.results.evaluation.measures import Figure
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: one model, by the rows of one configuration, against one file."""

    model: str
    fingerprint: str | None
    file: str
    sha256: str
    evaluated_at: datetime


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation gives: rows, drawings, and what of the file could not be used."""

    rows: tuple[EvaluationRow, ...]
    left_out: tuple[LeftOut, ...]
    drawn: tuple[Path, ...]
    notes: tuple[str, ...] = ()  # of models that could not be judged
    cautions: tuple[str, ...] = ()  # of models that were


def subject(model: str, fingerprint: str | None, path: Path, sha256: str) -> Subject:
    """What is measured now."""
    return Subject(model, fingerprint, path.name, sha256, now())


def rows_of(
    about: Subject,
    grouping: str,
    group_value: str,
    figures: Sequence[Figure],
    abstained: int,
    in_training: int | None = None,
    counted: str | None = None,
) -> list[EvaluationRow]:
    """Figures of one group as rows."""
    return [
        EvaluationRow(
            evaluated_at=about.evaluated_at,
            labels_file=about.file,
            labels_sha256=about.sha256,
            model=about.model,
            fingerprint=about.fingerprint,
            grouping=grouping,
            group_value=group_value,
            measure=figure.measure,
            label=figure.label,
            value=figure.estimate.value,
            ci_low=figure.estimate.low,
            ci_high=figure.estimate.high,
            n=figure.n,
            abstained=abstained,
            reason=figure.estimate.reason,
            in_training=in_training,
            counted=counted,
        )
        for figure in figures
    ]


def estimate_of(row: EvaluationRow) -> Interval:
    """The figure of a row with its interval."""
    return Interval(row.value, row.ci_low, row.ci_high, row.reason)


def store(folder: StudyFolder, rows: Sequence[Row]) -> None:
    """Add rows to a study and publish it; earlier evaluations stay. Raises `StudyBusy` while a run holds it."""
    if not folder.working.exists():
        raise StoreError(f"the working database {folder.working} is gone: run the study again first")
    with held(folder), Store(folder.working, STAGES) as opened:
        opened.add(rows)
        opened.publish(folder.published)
