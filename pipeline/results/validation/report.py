"""What people and models say of a sample: agreement, models against people, and where they differ."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.records import EvaluationRow
from pipeline.results.evaluation import stored
from pipeline.results.evaluation.bootstrap import Interval
from pipeline.results.evaluation.tone import evaluate_tone
from pipeline.results.study import StudyReader
from pipeline.results.validation.agreement import GIVEN, alpha, kappa
from pipeline.results.validation.coded import Coded, Place, majority, read_coded, write_labels
from pipeline.results.validation.sample import place_of, read_sample, samples
from pipeline.study.folder import StudyFolder

MAJORITY = "majority"
OVERALL = ("uar", "macro_f1", "ece", "coverage", "ccc_arousal", "ccc_valence", "ccc_dominance")
MOST_SHOWN = 200  # sounds on which people or models differ


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far coders agree on one question."""

    question: str
    measure: str  # alpha (level), or kappa of two coders
    estimate: Interval
    sounds: int  # with two answers or more


@dataclass(frozen=True, slots=True)
class Against:
    """One figure of a model against the majority, or against one coder."""

    whom: str
    row: EvaluationRow


@dataclass(frozen=True, slots=True)
class Differing:
    """A sound on which coders differ, or on which a model differs from their majority."""

    sample_id: str
    clip_id: str
    media: str | None
    said: tuple[tuple[str, str], ...]  # coder or model, and label
    majority: str | None


@dataclass(frozen=True)
class Report:
    """All that there is to say of one sample."""

    sample: str
    sounds: int
    coders: tuple[str, ...]
    agreement: tuple[Agreement, ...]
    confusions: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...]  # title, head, lines
    against: tuple[Against, ...]
    differing: tuple[Differing, ...]
    labels: Path
    notes: tuple[str, ...]


def make_report(folder: StudyFolder, sample: str) -> Report:
    """Measure agreement, judge the models, store that as evaluations, and write report.html and files of labels.

    `UserError` where nobody has answered. `StudyBusy` while a run holds the study.
    """
    with StudyReader(folder.published) as reader:
        coded = read_coded(reader, sample)
        models = _model_labels(reader, coded)
    place = place_of(folder, sample)
    place.mkdir(parents=True, exist_ok=True)
    labels = place / labels_name(sample)
    against, notes = _against(folder, coded, labels)
    media = {one.sample_id: one.media for one in read_sample(folder, sample).units} if sample in samples(folder) else {}
    found = Report(
        sample, len(coded.sounds), coded.coders, tuple(agreement(coded)), tuple(_confusions(coded, models)),
        tuple(against), tuple(_differing(coded, models, media)), labels, tuple(notes),
    )  # fmt: skip
    _write_page(found, place / "report.html")
    return found


def labels_name(sample: str, coder: str | None = None) -> str:
    """The file of labels of a sample's majority, or of one coder."""
    return f"labels-{sample}{f'-{coder}' if coder else ''}.csv"


def agreement(coded: Coded) -> list[Agreement]:
    """Alpha of all coders, then kappa of each two, for every question whose answers can be compared."""
    found = []
    for question in coded.questions:
        answers = coded.matrix(question)
        given = np.isfinite(answers).sum(axis=1)
        level = coded.of(question)[0]["level"]
        for one in GIVEN[level]:
            sounds = int((given > 1).sum())
            found.append(Agreement(question, f"alpha ({one})", alpha(answers, one, coded.clusters), sounds))
        if level == "interval":
            continue
        for first, second in itertools.combinations(range(len(coded.coders)), 2):
            pair = answers[:, [first, second]]
            both = int(np.isfinite(pair).all(axis=1).sum())
            name = f"kappa ({coded.coders[first]}, {coded.coders[second]})"
            found.append(Agreement(question, name, kappa(pair[:, 0], pair[:, 1], coded.clusters), both))
    return found


def _against(folder: StudyFolder, coded: Coded, labels: Path) -> tuple[list[Against], list[str]]:
    """Evaluations of every model on the majority's labels, and on those of each coder."""
    found, notes = [], []
    for coder in (None, *(coded.coders if len(coded.coders) > 1 else ())):
        path = labels.with_name(labels_name(coded.sample, coder))
        whom = f"coder {coder}" if coder else MAJORITY
        if not write_labels(coded, path, coder):
            notes.append(f"{whom}: no label that a model can be compared with")
            continue
        try:
            judged = evaluate_tone(folder, path)
        except UserError as error:
            notes.append(f"{whom}: {error}")
            continue
        found += [Against(whom, row) for row in judged.rows if not row.measure.startswith("share_")]
        notes += [f"{whom}: {note}" for note in judged.notes]
    return found, notes


ModelLabels = dict[str, dict[Place, str]]


def _model_labels(reader: StudyReader, coded: Coded) -> ModelLabels:
    """The label of each model for each sound that it has one of."""
    clips = {row["clip_id"] for row in coded.rows}
    found: ModelLabels = {}
    for model in stored.models(reader):
        of_model: dict[Place, str] = {
            place: score["label"] for place, score in stored.scores(reader, model, clips).items() if score["label"]
        }
        for clip_id, shares in stored.clip_tones(reader, model, clips).items():
            of_model[clip_id, None] = max(shares, key=lambda label: shares[label])
        found[model] = of_model
    return found


def _said(coded: Coded) -> dict[str, list[tuple[str, str]]]:
    """Coders and their labels, by sound."""
    found: dict[str, list[tuple[str, str]]] = {sound: [] for sound in coded.sounds}
    for row in coded.measuring("label"):
        if row["label"] is not None:
            found[row["sample_id"]].append((row["coder"], row["label"]))
    return found


def _confusions(coded: Coded, models: ModelLabels) -> list[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    """Majority by model, and coder by coder, as counts of sounds."""
    said = _said(coded)
    tables = []
    for first, second in itertools.combinations(coded.coders, 2):
        pairs = [(by[first], by[second]) for by in map(dict, said.values()) if first in by and second in by]
        tables.append((f"coder {first} (rows) and coder {second}", pairs))
    for model, labels in models.items():
        pairs = []
        for sound, of_sound in said.items():
            about = coded.about[sound]
            true, got = majority([label for _, label in of_sound]), labels.get((about["clip_id"], about["region"]))
            if true is not None:
                pairs.append((true, got or "no score"))
        tables.append((f"majority (rows) and {model}", pairs))
    found = []
    for title, pairs in tables:
        counts = Counter(pairs)
        rows, heads = sorted({row for row, _ in pairs}), tuple(sorted({head for _, head in pairs}))
        lines = tuple((row, *(str(counts[row, head]) for head in heads)) for row in rows)
        if lines:
            found.append((title, heads, lines))
    return found


def _differing(coded: Coded, models: ModelLabels, media: dict[str, str | None]) -> list[Differing]:
    """Sounds on which coders differ first, then those on which a model differs from them."""
    found = []
    for sound, of_sound in _said(coded).items():
        about = coded.about[sound]
        labels = [label for _, label in of_sound]
        true = majority(labels)
        heard = [
            (model, of[place]) for model, of in models.items() if (place := (about["clip_id"], about["region"])) in of
        ]
        split = len(set(labels)) > 1
        if split or (true is not None and any(label != true for _, label in heard)):
            said = (*((f"coder {coder}", label) for coder, label in of_sound), *heard)
            found.append((not split, Differing(sound, about["clip_id"], media.get(sound), said, true)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])][:MOST_SHOWN]


def number(value: float | None) -> str:
    """A figure for a page; a dash where it is unknown."""
    return "–" if value is None else f"{value:.3f}"


def by_group(rows: Sequence[Against]) -> list[Against]:
    """Figures of groups of clips against the majority."""
    return [one for one in rows if one.whom == MAJORITY and one.row.grouping != "all" and one.row.measure in OVERALL]


def overall(rows: Sequence[Against]) -> list[Against]:
    """Figures of all clips together; those of each label against the majority alone."""
    return [one for one in rows if one.row.grouping == "all" and (one.whom == MAJORITY or one.row.label is None)]


def _write_page(found: Report, target: Path) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), undefined=StrictUndefined, autoescape=True)
    style = (here / "page.css").read_text(encoding="utf-8")
    text = environment.get_template("report.html.j2").render(
        report=found, overall=overall(found.against), groups=by_group(found.against), number=number, style=style
    )
    target.write_text(text, encoding="utf-8")
