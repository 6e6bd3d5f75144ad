"""Compare two groups of clips: means, their difference with an interval over authors, and labels' word on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.records.comparison import ComparisonRow
from pipeline.results.comparison.differences import Mask, difference, holm, permutation_p
from pipeline.results.comparison.groups import (
    ClipGroup,
    ClipMeasure,
    authors,
    by_column,
    by_predicate,
    measures,
    without_people,
)
from pipeline.results.evaluation import charts, results, stored
from pipeline.results.evaluation.bootstrap import Interval, by_cluster, estimate, without_few
from pipeline.results.evaluation.labels import read_labels
from pipeline.results.evaluation.prevalence import LEAST_LABELS, powered_means, powered_parts
from pipeline.results.evaluation.tone import training_of
from pipeline.results.evaluation.units import CLIP, Units, read_units
from pipeline.results.study import StudyReader
from pipeline.store.tables import now
from pipeline.study.folder import StudyFolder


@dataclass(frozen=True, slots=True)
class ComparisonWish:
    """What is to be compared: `by` a column and values, or two predicates of SQL."""

    by: str | None
    a: str | None
    b: str | None
    measures: Sequence[str] = ()
    model: str | None = None
    labels: Path | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows of a comparison, and how many clips were in both groups and are in neither now."""

    rows: tuple[ComparisonRow, ...]
    in_both: int


def compare(published: Path, wish: ComparisonWish) -> Comparison:
    """Compare two groups; `UserError` where one is empty or a name is unknown."""
    if (wish.by is None) == (wish.a is None and wish.b is None) or (wish.a is None) != (wish.b is None):
        raise UserError("say which groups: --by COLUMN=A,B, or --a and --b with a condition in SQL each")
    with StudyReader(published) as reader:
        first, second = (
            by_column(reader, wish.by)
            if wish.by is not None
            else (by_predicate(reader, str(wish.a)), by_predicate(reader, str(wish.b)))
        )
        both = first.clips & second.clips
        groups = [ClipGroup(one.name, one.clips - both) for one in (first, second)]
        if not all(one.clips for one in groups):
            raise UserError(
                f"every clip of {first.name} or of {second.name} is in both groups: nothing is left to compare"
            )
        known = authors(reader)
        measured = measures(reader, wish.measures, wish.model)
        rows = [_row(one, groups[0], groups[1], known) for one in measured]
        rows = [replace(row, p_holm=p) for row, p in zip(rows, holm([row.p for row in rows]), strict=True)]
        if wish.labels is not None:
            rows = _corrected(reader, rows, groups, wish.labels)
        hidden = [without_people(reader, one.name) for one in groups]
        rows = [replace(row, group_a=hidden[0], group_b=hidden[1]) for row in rows]
    return Comparison(tuple(rows), len(both))


def _row(measured: ClipMeasure, a: ClipGroup, b: ClipGroup, known: Mapping[str, str]) -> ComparisonRow:
    clips = sorted(clip_id for clip_id in measured.values if clip_id in a.clips or clip_id in b.clips)
    values = np.array([measured.values[clip_id] for clip_id in clips], dtype=np.float64)
    clusters = np.array([known[clip_id] for clip_id in clips], dtype=np.str_)
    in_a = np.array([clip_id in a.clips for clip_id in clips], dtype=bool)
    there = in_a.any() and not in_a.all()
    found = difference(values, clusters, in_a, ~in_a) if there else Interval(None, reason="nothing_to_measure")
    count_a, count_b = np.unique(clusters[in_a]).size, np.unique(clusters[~in_a]).size
    found = without_few(found, min(count_a, count_b))
    return ComparisonRow(
        compared_at=now().replace(tzinfo=None),
        group_a=a.name,
        group_b=b.name,
        measure=measured.name,
        model=measured.model,
        mean_a=float(values[in_a].mean()) if in_a.any() else None,
        mean_b=float(values[~in_a].mean()) if not in_a.all() else None,
        difference=found.value,
        ci_low=found.low,
        ci_high=found.high,
        p=permutation_p(values, clusters, in_a, ~in_a) if there else None,
        p_holm=None,
        clips_a=int(in_a.sum()),
        clips_b=int((~in_a).sum()),
        without_a=len(a.clips) - int(in_a.sum()),
        without_b=len(b.clips) - int((~in_a).sum()),
        authors_a=count_a,
        authors_b=count_b,
        corrected=None,
        corrected_low=None,
        corrected_high=None,
        labelled_a=None,
        labelled_b=None,
        reason=found.reason,
    )


def _corrected(
    reader: StudyReader, rows: Sequence[ComparisonRow], groups: Sequence[ClipGroup], labels: Path
) -> list[ComparisonRow]:
    """The rows of tones with the difference of their shares as labels correct them, of clips or else of regions."""
    model = next((row.model for row in rows if row.model), None)
    if model is None:
        raise UserError("--labels corrects tones, and no tone is compared")
    read = read_labels(labels)
    training = training_of(
        StudyFolder.at(reader.path.parent), model, read.sha256
    )  # a head is never judged on what it was trained on
    found = read_units(reader, model, stored.match_labels(reader, read).spans, training)
    units = next((one for one in found if one.kind == CLIP), found[0] if found else None)
    if units is None:
        raise UserError(f"{labels} labels nothing that {model} has a score for")
    masks = [np.isin(units.clips, sorted(one.clips)) for one in groups]
    labelled = [int((units.labelled & mask).sum()) for mask in masks]
    return [_with_labels(row, units, masks, labelled) if row.measure in units.tones else row for row in rows]


def _with_labels(row: ComparisonRow, units: Units, masks: Sequence[Mask], labelled: Sequence[int]) -> ComparisonRow:
    row = replace(row, labelled_a=labelled[0], labelled_b=labelled[1])
    if min(labelled) < LEAST_LABELS:
        return row
    parts = powered_parts(units, units.tones.index(row.measure))
    half = parts.shape[1]
    sums = by_cluster(np.concatenate([parts * mask[:, np.newaxis] for mask in masks], axis=1), units.clusters)
    found = estimate(sums, lambda totals: powered_means(totals[:, :half]) - powered_means(totals[:, half:]))
    found = without_few(found, min(np.unique(units.clusters[units.labelled & mask]).size for mask in masks))
    return replace(row, corrected=found.value, corrected_low=found.low, corrected_high=found.high)


def store_and_draw(folder: StudyFolder, found: Comparison) -> Path:
    """Add a comparison to its study and draw it; earlier ones stay. Raises `StudyBusy` while a run holds the study."""
    results.store(folder, found.rows)
    first = found.rows[0]
    values = [
        (
            row.measure,
            Interval(row.difference, row.ci_low, row.ci_high, row.reason),
            f"{row.clips_a} and {row.clips_b} clips",
        )
        for row in found.rows
    ]
    path = folder.comparisons / f"{first.compared_at:%Y-%m-%d-%H%M%S}.svg"
    return charts.draw_differences(
        values, "A less B, with its 95 % interval over authors", f"A: {first.group_a}\nB: {first.group_b}", path
    )
