"""Commands that use human labels: train a head on them, and evaluate models against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, StudyOption, find_study, load
from pipeline.cli.output import console
from pipeline.errors import UserError
from pipeline.records.counted import counted
from pipeline.study.folder import StudyFolder

if TYPE_CHECKING:
    from pipeline.records import EvaluationRow
    from pipeline.results.evaluation.labels import LeftOut
    from pipeline.results.evaluation.measures import Figure
    from pipeline.results.evaluation.results import Evaluation

HEADERS = ("measure", "label", "value", "95 % from", "to", "n", "reason")


@app.command("train-head")
def train_head(
    labels: Annotated[Path, typer.Argument(help="CSV: clip_id, label, and start_s, end_s for spans of clips")],
    study: StudyOption = None,
    name: Annotated[str | None, typer.Option(help="name of the head; by default that of the file")] = None,
) -> None:
    """Train a tone model on your own labels and stored embeddings; evaluate it on authors it was not trained on."""
    from pipeline.analysis.heads.head import CARD_FILE
    from pipeline.results.evaluation.study_head import study_line
    from pipeline.results.evaluation.study_head import train_head as train
    from pipeline.study import audit_log

    path = find_study(study)
    loaded = load(path)
    found = train(loaded.folder, labels, name)
    audit_log.note(loaded.folder, "train-head", {"regions": found.regions, "authors": found.authors})
    _print_left_out(found.left_out)
    _print_figures(found.figures)
    models = getattr(loaded.file.options["emotion"], "models", ())
    lines = (
        f"{found.model}: {counted(found.regions, 'region')} of {counted(found.authors, 'author')}; measured on authors "
        "not in training.",
        f"card       {found.folder / CARD_FILE}",
        f"study file {study_line((*models, found.model))}   (under [emotion] in {loaded.file.path.name})",
        f"then       cliptone run {path} --stage emotion",
    )
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


@app.command()
def reference(
    study: StudyArgument = None,
    remove: Annotated[bool, typer.Option("--remove", help="read voices against the training set again")] = False,
) -> None:
    """Read the voices of a study against each other from the next run on: rare tones are found more often.

    The more the study is of one tone, the more of that tone is lost: its middle is taken for neutral.
    """
    from pipeline.analysis.heads.head import load as load_head
    from pipeline.analysis.models.catalogue import STARTER_FOLDER
    from pipeline.results.evaluation.study_reference import take_reference
    from pipeline.study import audit_log, files

    path = find_study(study)
    folder = load(path).folder
    if remove:
        said = "removed" if files.delete(folder.reference) else "none was taken"
        audit_log.note(folder, "reference", {"removed": True})
        lines = [f"reference  {said}: voices are read against those that the model was trained on"]
    else:
        taken = take_reference(folder, load_head(STARTER_FOLDER).encoder)
        audit_log.note(folder, "reference", {"regions": taken.regions, "authors": taken.authors})
        counts = f"{counted(taken.regions, 'region')} of {counted(taken.authors, 'author')}"
        lines = [
            f"reference  {counts}, which count {taken.share:.0%} beside the training set",
            "caution    the more a study is of one tone, the worse it is read so: listen to clips of each tone",
        ]
    lines.append(f"then       cliptone run {path} --stage emotion   (scores tone again, without audio)")
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    folder: Annotated[
        Path | None, typer.Argument(help="folder of the corpus that --corpus names; without one, the study")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV of labels: as for train-head, or arousal, valence …")] = None,
    corpus: Annotated[
        str | None, typer.Option(help="emodb, ravdess, crema-d, nemo, iemocap, or labelled for a labels.csv")
    ] = None,
    transcripts: Annotated[Path | None, typer.Option(help="CSV of true words: clip_id, text, language")] = None,
    model: Annotated[list[str] | None, typer.Option(help="only this tone model (may be given several times)")] = None,
    study: StudyOption = None,
) -> None:
    """Evaluate models against human labels or a labelled corpus, or transcripts against true words, with intervals."""
    if corpus is None and folder is not None and study is None:  # without a corpus, what is named is the study
        folder, study = None, folder
    if [labels, corpus, transcripts].count(None) != 2:
        raise UserError("say what to evaluate by: one of --labels FILE, --corpus NAME FOLDER, --transcripts FILE")
    if (corpus is None) != (folder is None):
        raise UserError("--corpus takes a name and a folder, as in --corpus emodb path/to/emodb")
    if corpus is not None and folder is not None:
        _evaluate_corpus(corpus, folder, tuple(model or ("starter",)), study)
        return
    loaded = load(find_study(study))
    if labels is not None:
        from pipeline.results.evaluation.tone import evaluate_tone

        _print_evaluation(loaded.folder, evaluate_tone(loaded.folder, labels, tuple(model or ())))
    elif transcripts is not None:
        from pipeline.results.evaluation.transcripts import evaluate_transcripts

        _print_evaluation(loaded.folder, evaluate_transcripts(loaded.folder, transcripts))


def _evaluate_corpus(name: str, folder: Path, models: Sequence[str], study: Path | None) -> None:
    from rich.progress import Progress

    from pipeline.analysis.models.cache import MODELS
    from pipeline.results.evaluation.corpora import read_corpus
    from pipeline.results.evaluation.corpus_trial import try_corpus
    from pipeline.run.plan import setting_of
    from pipeline.stage import Setting

    utterances = read_corpus(name, folder)
    setting = setting_of(load(study)) if study else Setting()  # a head belongs to a study
    for model in models:
        with Progress(console=console(), transient=True) as bar:
            line = bar.add_task(f"{name}, {model}", total=len(utterances))
            trial = try_corpus(utterances, model, setting, lambda: bar.advance(line))  # noqa: B023 - called at once
        speakers = len({one.speaker for one in utterances})
        used = f"{trial.used} of {counted(len(utterances), 'utterance')}, {counted(speakers, 'speaker')}"
        console().print(f"{model} on {name}: {used}")
        if model in MODELS:
            console().print(f"trained on: {MODELS[model].trained_on}", markup=False)
        _print_counts("left out", trial.left_out.items())
        _print_counts("no score", trial.abstained.items())
        _print_figures(trial.figures)


def _print_evaluation(folder: StudyFolder, found: Evaluation) -> None:
    from pipeline.cli.display import plain_table
    from pipeline.study import audit_log

    audit_log.note(folder, "evaluate", {"figures": len(found.rows)})
    _print_left_out(found.left_out)
    for note in found.notes:
        console().print(f"left out: {note}", markup=False)
    for caution in found.cautions:
        console().print(caution, markup=False)
    rows = [
        (row.model, row.grouping, row.group_value, row.measure, row.label or "all", row.value, row.ci_low, row.ci_high,
         row.n, row.abstained, row.in_training, row.reason)
        for row in found.rows if not row.measure.startswith("share_")
    ]  # fmt: skip
    headers = ("model", "by", "group", "measure", "label", "value", "95 % from", "to", "n", "no score", "in training",
               "reason")  # fmt: skip
    console().print(plain_table(headers, rows))
    _print_shares(found.rows)
    console().print(f"Stored in the table evaluations of {folder.published}", markup=False, soft_wrap=True)
    for path in found.drawn:
        console().print(f"drawn      {path}", markup=False, highlight=False, soft_wrap=True)


def _print_shares(rows: Sequence[EvaluationRow]) -> None:
    """How frequent each tone is in the whole study, as the model states it and as the labels correct it."""
    from pipeline.cli.display import plain_table

    found: dict[tuple[str, str | None, str | None], dict[str, EvaluationRow]] = {}
    for row in rows:
        if row.grouping == "all" and row.measure.startswith("share_"):
            found.setdefault((row.model, row.counted, row.label), {})[row.measure] = row
    if not found:
        return
    table = [
        (*key, one["share_corrected"].value, one["share_corrected"].ci_low, one["share_corrected"].ci_high,
         one["share_adjusted"].value, one["share_stated"].value, one["share_corrected"].n,
         one["share_corrected"].reason)
        for key, one in found.items()
    ]  # fmt: skip
    headers = ("model", "counted", "tone", "share", "95 % from", "to", "adjusted", "as stated", "labels", "reason")
    console().print("How frequent each tone is, corrected by the labels (by group: cliptone query tone_prevalence)")
    console().print(plain_table(headers, table))


def _print_figures(figures: Iterable[Figure]) -> None:
    from pipeline.cli.display import plain_table

    rows = [
        (one.measure, one.label or "all", one.estimate.value, one.estimate.low, one.estimate.high, one.n,
         one.estimate.reason)
        for one in figures
    ]  # fmt: skip
    console().print(plain_table(HEADERS, rows))


def _print_left_out(left_out: Sequence[LeftOut]) -> None:
    from pipeline.results.evaluation.labels import left_out_lines

    for line in left_out_lines(left_out):
        console().print(f"left out: {line}", markup=False, soft_wrap=True)


def _print_counts(what: str, counts: Iterable[tuple[str, int]]) -> None:
    for reason, count in counts:
        console().print(f"{what}: {count} × {reason}", markup=False, soft_wrap=True)
