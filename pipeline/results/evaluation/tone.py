"""Evaluate tone models of a study against labels of people: stored scores, by model and group, stored and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from pipeline.results.evaluation.prevalence import share_figures
from pipeline.results.evaluation.results import Evaluation
from pipeline.results.evaluation.training_spans import ClipSpan, TrainingSpans, read_spans
from pipeline.results.evaluation.units import Units, read_units
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder


@dataclass(frozen=True)
class Trial:
    """Labelled spans whose labels one model knows, with its answers and their clusters."""

    model: str
    spans: Sequence[LabelledSpan]
    answers: Sequence[ModelAnswer]
    clusters: NDArray[np.str_]  # (spans,)
    labels: tuple[str, ...]  # that the model gives
    trained_on: NDArray[np.bool_] | None  # (spans,) those that it was trained on; None if that is not known

    def fresh(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those of the chosen spans that the model was not trained on, as far as that is known."""
        return chosen if self.trained_on is None else chosen & ~self.trained_on

    def in_training(self, chosen: NDArray[np.bool_]) -> int | None:
        """How many of the chosen spans the model was trained on."""
        return None if self.trained_on is None else int((chosen & self.trained_on).sum())

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
        scored = scored.reshape(-1, 2)
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
        spans = stored.region_spans(reader, set(known))
        rows: list[EvaluationRow] = []
        left_out, notes, cautions, drawn = list(matched.left_out), [], [], []
        for name in _chosen_models(reader, names):
            try:
                training = training_of(folder, name, labels.sha256)
                trial, unusable = _trial(reader, name, matched.spans, known)
                if training is not None:
                    trial = _without_training(folder, trial, training, spans)
            except UserError as error:
                notes.append(str(error))
                continue
            left_out += [*unusable, *_trained_on(trial)]
            if is_head(name) and training is None:
                cautions.append(
                    f"{name} does not say which spans it was trained on, so some may be among those it is judged on: "
                    "train it again"
                )
            about = results.subject(name, fingerprint, path, labels.sha256)
            for grouping, found in groups(trial.spans, known).items():
                for value, chosen in found.items():
                    fresh = trial.fresh(chosen)
                    figures = trial.figures(fresh, by_label=grouping == ALL)
                    counts = (trial.abstained(fresh), trial.in_training(chosen))
                    rows += results.rows_of(about, grouping, value, figures, *counts)
            rows += _share_rows(about, read_units(reader, name, matched.spans, training))
            drawn += _draw_charts(trial, folder.evaluation, rows)
    if not rows:
        raise UserError(f"no model can be evaluated on {path}: {'; '.join(notes)}")
    results.store(folder, rows)
    return Evaluation(tuple(rows), tuple(left_out), tuple(drawn), tuple(notes), tuple(cautions))


def _share_rows(about: results.Subject, found: Sequence[Units]) -> list[EvaluationRow]:
    """How frequent each tone is by the labels, in all groups that have one."""
    return [
        row
        for units in found
        for grouping, by_group in units.groups.items()
        for value, chosen in by_group.items()
        if (units.labelled & chosen).any()
        for row in results.rows_of(about, grouping, value, share_figures(units, chosen), 0, counted=units.kind)
    ]


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


def training_of(study_folder: StudyFolder, model: str, sha256: str) -> TrainingSpans | None:
    """What a head was trained on; `UserError` where that is not known, but the file of labels is the same.

    Its card has figures for unheard authors.
    """
    if not is_head(model) or not (study_folder.root / model).is_dir():
        return None
    folder = head_folder(model, study_folder.heads)
    training = read_spans(study_folder, folder)
    if training is None and load(folder).labels_sha256 == sha256:
        raise UserError(f"{model} was trained on these labels: {folder / CARD_FILE} says how it does on others")
    return training


def _without_training(
    folder: StudyFolder, trial: Trial, training: TrainingSpans, spans: Mapping[tuple[str, int], ClipSpan]
) -> Trial:
    """A trial that knows which of its spans the head was trained on; `UserError` if it has a score for no others."""
    trained_on = np.array(
        [training.holds(spans[one.label.clip_id, region] for region, _ in one.regions) for one in trial.spans]
    )
    scored = np.array([not one.abstains for one in trial.answers])
    if not (scored & ~trained_on).any():
        raise UserError(
            f"{trial.model} was trained on {trained_on.sum()} of the {trained_on.size} labelled spans and has a score "
            f"for no others: {folder.root / trial.model / CARD_FILE} says how it does on others"
        )
    return replace(trial, trained_on=trained_on)


def _trained_on(trial: Trial) -> list[LeftOut]:
    """The spans of a trial on which the model is not judged, because it was trained on them."""
    mask = np.zeros(len(trial.spans), dtype=bool) if trial.trained_on is None else trial.trained_on
    labels = [trial.spans[index].label for index in np.flatnonzero(mask).tolist()]
    return [LeftOut(label.line, label.clip_id, f"{trial.model} was trained on it") for label in labels]


def _trial(
    reader: StudyReader, model: str, spans: Sequence[LabelledSpan], known: dict[str, stored.ClipGroups]
) -> tuple[Trial, list[LeftOut]]:
    """A model's trial on spans whose labels it knows, and the spans with others; `UserError` if none can be used."""
    clips = {span.label.clip_id for span in spans}
    whole = {span.label.clip_id for span in spans if span.label.start_s is None}
    said = answers(spans, stored.scores(reader, model, clips), stored.clip_tones(reader, model, whole) if whole else {})
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
    return Trial(model, kept, [said[index] for index in usable], clusters, labels, None), left_out


def _draw_charts(trial: Trial, folder: Path, rows: Sequence[EvaluationRow]) -> list[Path]:
    """Confusion, reliability, and UAR by group."""
    judged = trial.judged(trial.fresh(np.ones(len(trial.spans), dtype=bool)))
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
