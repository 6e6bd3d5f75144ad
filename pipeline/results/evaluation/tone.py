"""Evaluate tone models of a study against labels of people: stored scores, by model and group, stored and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import CARD_FILE, load
from pipeline.analysis.heads.study_heads import head_folder, is_head
from pipeline.errors import UserError
from pipeline.records import EvaluationRow
from pipeline.results.evaluation import charts, results, stored
from pipeline.results.evaluation.answers import ModelAnswer, answers, shares_of
from pipeline.results.evaluation.groups import ALL, groups
from pipeline.results.evaluation.labels import DIMENSIONS, LabelledSpan, LeftOut, read_labels
from pipeline.results.evaluation.measures import Figure, Judged, concordance, share, tone_figures
from pipeline.results.evaluation.results import Evaluation
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder


@dataclass(frozen=True)
class Trial:
    """Labelled spans that one model can be judged on, with its answers and their clusters."""

    model: str
    spans: Sequence[LabelledSpan]
    answers: Sequence[ModelAnswer]
    clusters: NDArray[np.str_]  # (spans,)
    labels: tuple[str, ...]  # that the model gives

    def judged(self, chosen: NDArray[np.bool_]) -> Judged:
        """Labels and answers of the chosen spans that have both."""
        both = [
            index
            for index in np.flatnonzero(chosen).tolist()
            if self.spans[index].label.label in self.labels and self.answers[index].probabilities is not None
        ]
        return Judged(
            labels=self.labels,
            truth=np.array([self.labels.index(str(self.spans[index].label.label)) for index in both], dtype=np.int64),
            shares=shares_of([self.answers[index] for index in both], self.labels),
            clusters=self.clusters[both],
        )

    def abstained(self, chosen: NDArray[np.bool_]) -> int:
        """How many of the chosen spans have no score."""
        return sum(self.answers[index].abstains for index in np.flatnonzero(chosen).tolist())

    def figures(self, chosen: NDArray[np.bool_], by_label: bool) -> list[Figure]:
        """All figures of the chosen spans; those of single labels if asked for."""
        places = np.flatnonzero(chosen).tolist()
        scored = np.array([[not self.answers[index].abstains, 1] for index in places], dtype=np.float64)
        found = [Figure("coverage", None, share(scored, self.clusters[places]), len(places))]
        judged = self.judged(chosen)
        if any(self.spans[index].label.label for index in places) and self.labels:
            found += [one for one in tone_figures(judged) if by_label or one.label is None]
        for name in DIMENSIONS:
            both = [
                index
                for index in places
                if name in self.spans[index].label.dimensions and name in self.answers[index].dimensions
            ]
            if both:
                true = np.array([self.spans[index].label.dimensions[name] for index in both])
                said = np.array([self.answers[index].dimensions[name] for index in both])
                found.append(Figure(f"ccc_{name}", None, concordance(true, said, self.clusters[both]), len(both)))
        return found


def evaluate_tone(folder: StudyFolder, path: Path, names: Sequence[str] = ()) -> Evaluation:
    """Judge the named tone models, or all that have scores, on the labels of a file; store and draw the figures.

    Raises `UserError` where the file, the names or the stored scores do not go together.
    """
    labels = read_labels(path)
    with StudyReader(folder.published) as reader:
        matched = stored.match_labels(reader, labels)
        known = stored.facts(reader, {span.label.clip_id for span in matched.spans})
        fingerprint = stored.fingerprint(reader, "emotion")
        rows: list[EvaluationRow] = []
        left_out, notes, drawn = list(matched.left_out), [], []
        for name in _chosen_models(reader, names):
            try:
                _refuse_own_labels(folder, name, labels.sha256)
                trial, unknown = _trial(reader, name, matched.spans, known)
            except UserError as error:
                notes.append(str(error))
                continue
            left_out += unknown
            about = results.subject(name, fingerprint, path, labels.sha256)
            for grouping, found in groups(trial.spans, known).items():
                for value, chosen in found.items():
                    figures = trial.figures(chosen, by_label=grouping == ALL)
                    rows += results.rows_of(about, grouping, value, figures, trial.abstained(chosen))
            drawn += _draw_charts(trial, folder.evaluation, rows)
    if not rows:
        raise UserError(f"no model can be evaluated on {path}: {'; '.join(notes)}")
    results.store(folder, rows)
    return Evaluation(tuple(rows), tuple(left_out), tuple(drawn), tuple(notes))


def _chosen_models(reader: StudyReader, names: Sequence[str]) -> list[str]:
    there = stored.models(reader)
    unknown = [name for name in names if name not in there]
    if unknown:
        raise UserError(
            f"this study has no scores by {unknown[0]!r}, only by {', '.join(there) or 'no model'}: name the model "
            "under [emotion] in the study file and run the study"
        )
    if not there:
        raise UserError("this study has no tone scores: run the stage emotion first")
    return list(names) or there


def _refuse_own_labels(study_folder: StudyFolder, model: str, sha256: str) -> None:
    """A head is not judged on the labels that it was trained on; its card has figures for unheard authors."""
    if not is_head(model) or not (study_folder.root / model).is_dir():
        return
    folder = head_folder(model, study_folder.heads)
    if load(folder).labels_sha256 == sha256:
        raise UserError(f"{model} was trained on these labels: {folder / CARD_FILE} says how it does on others")


def _trial(
    reader: StudyReader, model: str, spans: Sequence[LabelledSpan], known: dict[str, stored.ClipGroups]
) -> tuple[Trial, list[LeftOut]]:
    """A model's trial on spans whose labels it knows, and the spans with others; `UserError` if none can be used."""
    said = answers(spans, stored.scores(reader, model, {span.label.clip_id for span in spans}))
    if all(one.abstains for one in said):
        raise UserError(f"{model} has no score for any of the {len(spans)} labelled spans")
    labels = tuple(sorted({name for one in said for name in one.probabilities or ()}))
    dimensions = {name for one in said for name in one.dimensions}
    usable, left_out = [], []
    for index, span in enumerate(spans):
        if span.label.label in labels or dimensions & set(span.label.dimensions):
            usable.append(index)
        else:
            reason = (
                f"{model} does not know the label {span.label.label!r}"
                if span.label.label
                else f"{model} gives no dimensions"
            )
            left_out.append(LeftOut(span.label.line, span.label.clip_id, reason))
    if not usable:
        gives = ", ".join([*labels, *sorted(dimensions)])
        raise UserError(f"{model} knows none of the labels in the file; it gives {gives}")
    kept = [spans[index] for index in usable]
    clusters = np.array([stored.author(span.label.clip_id, known) for span in kept])
    return Trial(model, kept, [said[index] for index in usable], clusters, labels), left_out


def _draw_charts(trial: Trial, folder: Path, rows: Sequence[EvaluationRow]) -> list[Path]:
    """Confusion, reliability, and UAR by group."""
    judged = trial.judged(np.ones(len(trial.spans), dtype=bool))
    if not judged.truth.size:
        return []
    stem = trial.model.replace("/", "-")
    error = next(one.estimate for one in tone_figures(judged) if one.measure == "ece")
    by_group = [
        (ALL if row.grouping == ALL else f"{row.grouping}: {row.group_value}", results.estimate_of(row), row.n)
        for row in rows
        if row.model == trial.model and row.measure == "uar"
    ]
    return [
        charts.draw_confusion(judged, trial.model, folder / f"{stem}-confusion.png"),
        charts.draw_reliability(judged, error, trial.model, folder / f"{stem}-reliability.png"),
        charts.draw_groups(by_group, "UAR", trial.model, folder / f"{stem}-groups.png"),
    ]
