"""A head for a study: labels and stored embeddings in, a folder with the head, its card and its drawings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import CARD_FILE, LinearHead
from pipeline.analysis.heads.save import save
from pipeline.analysis.heads.score import probabilities
from pipeline.analysis.heads.study_heads import PREFIX, check_name
from pipeline.errors import UserError
from pipeline.results.evaluation import charts, stored
from pipeline.results.evaluation.head_card import card
from pipeline.results.evaluation.labels import LeftOut, Matched, read_labels
from pipeline.results.evaluation.measures import Figure, tone_figures
from pipeline.results.evaluation.train_head import Examples, train
from pipeline.results.evaluation.training_spans import SPANS_FILE, write_spans
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder

NO_LABEL = "a head is trained on labels, the line has numbers alone"
NO_EMBEDDING = "no region there has an embedding"
CONTRADICTED = "another line labels the same region otherwise"


@dataclass(frozen=True, slots=True)
class StudyHead:
    """A head that was trained and saved, with its figures for unheard authors."""

    name: str
    folder: Path
    regions: int
    authors: int
    figures: tuple[Figure, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def model(self) -> str:
        """Its name in a study file."""
        return PREFIX + self.name


def train_head(study_folder: StudyFolder, path: Path, name: str | None = None) -> StudyHead:
    """Train a head on a file of labels and save it under the study's folder `heads`; it replaces one of that name.

    `name` is the file's own by default. Raises `UserError` where the labels do not suffice for a head.
    """
    name = check_name(path.stem if name is None else name)
    examples, left_out = read_examples(study_folder, path)
    trained = train(examples)
    figures = tone_figures(trained.judged)
    folder = study_folder.heads / name
    (folder / SPANS_FILE).unlink(missing_ok=True)  # of a head that this one replaces
    save(trained.head, folder)
    write_spans(study_folder, folder, examples.spans)
    (folder / CARD_FILE).write_text(card(name, path.name, examples, trained, left_out), encoding="utf-8")
    charts.draw_confusion(trained.judged, PREFIX + name, folder / "confusion.png")
    error = next(one.estimate for one in figures if one.measure == "ece")
    charts.draw_reliability(trained.judged, error, PREFIX + name, folder / "reliability.png")
    authors = len(set(examples.groups.tolist()))
    return StudyHead(name, folder, examples.labels.size, authors, tuple(figures), tuple(left_out))


def score_stored(reader: StudyReader, head: LinearHead) -> tuple[tuple[tuple[str, int], ...], NDArray[np.float64]]:
    """Clip and region of every stored embedding, and its probability of each label, `(regions, labels)`.

    `UserError` where the study's embeddings are not those that the head reads.
    """
    found = stored.embeddings(reader)
    if found.encoder != head.encoder:
        raise UserError(f"the head reads embeddings by {head.encoder}, the study has those by {found.encoder}")
    return found.places, np.concatenate([probabilities(head, chunk) for chunk in found.chunks])


def read_examples(folder: StudyFolder, path: Path) -> tuple[Examples, list[LeftOut]]:
    """The labelled regions of a study that have an embedding, and what of the file was left out."""
    labels = read_labels(path)
    with StudyReader(folder.published) as reader:
        matched = stored.match_labels(reader, labels)
        clips = {span.label.clip_id for span in matched.spans}
        known = stored.facts(reader, clips)
        embeddings = stored.embeddings(reader, clips)
        spans = stored.region_spans(reader, clips)
    place_of = {place: index for index, place in enumerate(embeddings.places)}
    by_place, left_out = _labels_by_region(matched, place_of)
    places = sorted(by_place)
    if not places:
        raise UserError(
            f"no label of {path} can be used: {Counter(one.reason for one in left_out).most_common(1)[0][0]}"
        )
    examples = Examples(
        embeddings=np.concatenate(embeddings.chunks)[[place_of[place] for place in places]],
        labels=np.array([by_place[place] for place in places]),
        groups=np.array([stored.author(clip_id, known) for clip_id, _ in places]),
        encoder=embeddings.encoder,
        labels_sha256=labels.sha256,
        spans=tuple(spans[place] for place in places),
    )
    return examples, left_out


def _labels_by_region(
    matched: Matched, embedded: dict[tuple[str, int], int]
) -> tuple[dict[tuple[str, int], str], list[LeftOut]]:
    """The label of each embedded region; regions that people label differently have none."""
    found: dict[tuple[str, int], str] = {}
    contradicted: set[tuple[str, int]] = set()
    left_out = list(matched.left_out)
    used = []
    for span in matched.spans:
        places = [
            (span.label.clip_id, region) for region, _ in span.regions if (span.label.clip_id, region) in embedded
        ]
        if span.label.label is None or not places:
            reason = NO_LABEL if span.label.label is None else NO_EMBEDDING
            left_out.append(LeftOut(span.label.line, span.label.clip_id, reason))
            continue
        used.append((span.label, places))
        contradicted |= {place for place in places if found.setdefault(place, span.label.label) != span.label.label}
    for label, places in used:
        if contradicted.intersection(places):
            left_out.append(LeftOut(label.line, label.clip_id, CONTRADICTED))
    kept = {place: label for place, label in found.items() if place not in contradicted}
    return kept, sorted(left_out, key=lambda one: one.line)


def study_line(models: Sequence[str]) -> str:
    """The line of a study file under [emotion] that has these tone models."""
    names = ", ".join(f'"{name}"' for name in dict.fromkeys(models))
    return f"models = [{names}]"
