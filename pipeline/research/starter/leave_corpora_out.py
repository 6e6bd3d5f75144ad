"""Scores of a corpus by models that never heard it, and the calibration that is fitted on the other corpora.

The corpus held out is the stranger that the starter will meet: another language, other rooms, other people. Where a
temperature and a threshold are judged, the held-out corpus has no part in them either: they are fitted on the other
corpora, each of which was held out in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.novelty import STRANGE, novelty
from pipeline.analysis.heads.reference import read_against
from pipeline.analysis.heads.score import logits
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.research.starter import conformal, recipe
from pipeline.research.starter.corpus import OTHER, Corpus, read_heard
from pipeline.research.starter.material import CORPORA, JUDGED, Material

SPEAKER_FOLDS = 4  # parts of the speakers, each left out once


class ReadAgainst(StrEnum):
    """What a study's embeddings are standardised by."""

    TRAINING = "training"  # the mean and spread of the training corpora
    HALF_WAY = "half-way"
    STUDY = "study"  # those of the study itself


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits of utterances and their true labels; labels that the model cannot say are left out."""

    logits: NDArray[np.float64]  # (utterances, labels)
    truth: NDArray[np.int64]  # (utterances,)
    strange: NDArray[np.bool_] | None = None  # (utterances,), so unlike the training that no label is ruled out


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities and sets of labels."""

    temperature: float
    threshold: float  # probability from which a label belongs to the set


def taught(material: Material, names: Iterable[str]) -> list[recipe.Taught]:
    """What the recipe learns of some corpora: their utterances, changed copies, and what listeners heard."""
    found = []
    for name in names:
        parts = material.training(name, recipe.COPIES)
        heard = read_heard(material.data / name, tuple(sorted(set(parts[0].emotions.tolist()))))
        found.append(recipe.Taught(parts, heard))
    return found


@cache
def train(material: Material, names: tuple[str, ...]) -> LinearHead:
    """A head of some corpora, without "other" where none of them has it."""
    known = taught(material, names)
    return recipe.train(known, recipe.labels_of(known), material.encoder.name)


def scores(head: LinearHead, corpus: Corpus, reference: ReadAgainst) -> Scores:
    """A corpus scored by a head, read against the training corpora, against itself, or half-way between."""
    known = corpus.only(np.isin(corpus.emotions, head.labels))
    share = {ReadAgainst.TRAINING: 0.0, ReadAgainst.HALF_WAY: 0.5, ReadAgainst.STUDY: 1.0}[reference]
    rows = known.embeddings.astype(np.float64)
    read = read_against(head, rows.mean(axis=0), rows.var(axis=0) + recipe.EPSILON, share)
    truth = np.array([head.labels.index(emotion) for emotion in known.emotions], dtype=np.int64)
    return Scores(logits(read, known.embeddings), truth, _strange(head, known))


def calibrate(parts: Sequence[Scores], coverage: float) -> Calibration:
    """The temperature and the threshold of several corpora, each of which counts as much as any other.

    The temperature is their geometric mean and never below 1: confidence is not raised for strangers because some
    corpora happened to be easy. The threshold is that of the corpus that needs the lowest: a stranger may be as hard as
    the hardest known, and a set that is too large says less while one that is too small says something untrue.
    """
    fitted = [np.log(tone_calibration.fit_temperature(part.logits, part.truth)) for part in parts]
    temperature = max(1.0, float(np.exp(np.mean(fitted))))
    thresholds = [
        conformal.fit_threshold(tone_calibration.probabilities(part.logits, temperature), part.truth, coverage)
        for part in parts
    ]
    return Calibration(temperature, min(thresholds))


def calibration_of(material: Material, names: tuple[str, ...], coverage: float) -> Calibration:
    """Fitted on some corpora, each scored clean and degraded by a head of the others among them."""
    parts = []
    for held in names:
        head = train(material, tuple(name for name in names if name != held))
        parts += [scores(head, material.corpus(held, way), ReadAgainst.TRAINING) for way in JUDGED]
    return calibrate(parts, coverage)


def four_tones(found: Scores, labels: Sequence[str]) -> Scores:
    """The utterances of the four tones that every corpus has."""
    chosen = found.truth != labels.index(OTHER) if OTHER in labels else np.full(found.truth.size, True)
    strange = None if found.strange is None else found.strange[chosen]
    return Scores(found.logits[chosen], found.truth[chosen], strange)


def _strange(head: LinearHead, corpus: Corpus) -> NDArray[np.bool_] | None:
    found = novelty(head, corpus.embeddings)
    return None if found is None else found >= STRANGE


def trained_on_the_others(material: Material, coverage: float) -> Iterator[tuple[str, LinearHead, Calibration]]:
    """Each corpus with a head of the others, and a calibration that it had no part in either."""
    for held in CORPORA:
        others = tuple(name for name in CORPORA if name != held)
        yield held, train(material, others), calibration_of(material, others, coverage)


def speakers_left_out(material: Material, names: Sequence[str]) -> dict[str, Scores]:
    """Every utterance of the clean training corpora by a head that did not hear its speaker, by corpus."""
    known = taught(material, names)
    labels = recipe.labels_of(known)
    found = {name: np.empty((one.parts[0].emotions.size, len(labels))) for name, one in zip(names, known, strict=True)}
    for fold in range(SPEAKER_FOLDS):
        unheard = [_in_fold(one.parts[0].speakers, fold) for one in known]
        head = recipe.train([_only(one, ~mine) for one, mine in zip(known, unheard, strict=True)], labels)
        for name, one, mine in zip(names, known, unheard, strict=True):
            found[name][mine] = logits(head, one.parts[0].embeddings[mine])
    return {
        name: Scores(found[name], np.array([labels.index(emotion) for emotion in one.parts[0].emotions]))
        for name, one in zip(names, known, strict=True)
    }


def _in_fold(speakers: NDArray[np.str_], fold: int) -> NDArray[np.bool_]:
    """Utterances whose speakers are left out together."""
    _, numbers = np.unique(speakers, return_inverse=True)
    mine: NDArray[np.bool_] = numbers % SPEAKER_FOLDS == fold
    return mine


def _only(one: recipe.Taught, chosen: NDArray[np.bool_]) -> recipe.Taught:
    heard = None if one.heard is None else one.heard[chosen]
    return recipe.Taught([part.only(chosen) for part in one.parts], heard)
