"""The head that separates one voice from several, and its figures for speakers left out of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.overlap import SEVERAL
from pipeline.analysis.heads.score import logits, probabilities
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.errors import UserError
from pipeline.research.overlap import recipe
from pipeline.research.starter.corpus import Corpus

GROUP_SPEAKERS = 2  # left out together, so that there are mixtures of voices that were not heard
LEAST_GROUPS = 3  # one to judge on, one to choose the threshold on, one to train on
LOST = 0.02  # share of single voices, in the clear and changed, that the threshold may take for several

Groups = Mapping[str, int]  # of each speaker


@dataclass(frozen=True, slots=True)
class OverlapCalibration:
    """The temperature that turns logits into a probability, and the threshold above which voices overlap."""

    temperature: float
    threshold: float  # 0–1


def groups_of(speakers: NDArray[np.str_]) -> dict[str, int]:
    """Speakers in pairs, in the order of their names; `UserError` for fewer than three pairs."""
    names = sorted(set(speakers.tolist()))
    if len(names) < GROUP_SPEAKERS * LEAST_GROUPS:
        raise UserError(f"leaving speakers out needs at least {GROUP_SPEAKERS * LEAST_GROUPS}, not {len(names)}")
    return {name: min(place, len(names) - GROUP_SPEAKERS) // GROUP_SPEAKERS for place, name in enumerate(names)}


def fit(corpus: Corpus, encoder: str, labels_sha256: str, temperature: float = 1.0) -> LinearHead:
    """A head of the recipe; nothing in it was tuned on overlapping voices."""
    head = recipe.train(corpus.embeddings, corpus.emotions, encoder)
    return replace(head, temperature=temperature, labels_sha256=labels_sha256)


def calibrate(training: Corpus, groups: Groups) -> OverlapCalibration:
    """Temperature and threshold from training copies, each pair of speakers scored by a head of the others."""
    scored = []
    for number in sorted(set(groups.values())):
        own = training.only(_of_group(training, groups, number))
        scored.append((own, logits(_without(training, groups, {number}), own.embeddings)))
    return _calibration(scored)


def judge(training: Corpus, judging: Mapping[str, Corpus], groups: Groups) -> dict[str, NDArray[np.bool_]]:
    """Which sounds of each way are taken for several voices, by heads and thresholds of other speakers alone."""
    numbers = sorted(set(groups.values()))
    parts = {number: training.only(_of_group(training, groups, number)) for number in numbers}
    unheard: dict[int, list[tuple[Corpus, NDArray[np.float64]]]] = {number: [] for number in numbers}
    for one, other in combinations(numbers, 2):
        head = _without(training, groups, {one, other})
        unheard[one].append((parts[other], logits(head, parts[other].embeddings)))
        unheard[other].append((parts[one], logits(head, parts[one].embeddings)))
    found = {way: np.zeros(corpus.emotions.size, dtype=bool) for way, corpus in judging.items()}
    for number in numbers:
        calibration, head = _calibration(unheard[number]), _without(training, groups, {number})
        for way, corpus in judging.items():
            own = _of_group(corpus, groups, number)
            shares = tone_calibration.probabilities(logits(head, corpus.embeddings[own]), calibration.temperature)
            found[way][own] = shares[:, 1] > calibration.threshold
    return found


def taken_for_several(
    head: LinearHead, judging: Mapping[str, Corpus], threshold: float
) -> dict[str, NDArray[np.bool_]]:
    """Which sounds of each way a finished head takes for several voices."""
    return {way: probabilities(head, corpus.embeddings)[:, 1] > threshold for way, corpus in judging.items()}


def _calibration(scored: list[tuple[Corpus, NDArray[np.float64]]]) -> OverlapCalibration:
    scores = np.concatenate([scores for _, scores in scored])
    truth = np.concatenate([_truth(corpus) for corpus, _ in scored])
    temperature = tone_calibration.fit_temperature(scores, truth)
    single = tone_calibration.probabilities(scores, temperature)[truth == 0, 1]
    return OverlapCalibration(temperature, float(np.quantile(single, 1 - LOST, method="higher")))


def _without(corpus: Corpus, groups: Groups, left_out: set[int]) -> LinearHead:
    """A head of the sounds in which no speaker of these groups is heard."""
    heard = [not left_out & _groups_in(names, groups) for names in corpus.speakers.tolist()]
    return fit(corpus.only(np.array(heard)), "", "")


def _of_group(corpus: Corpus, groups: Groups, number: int) -> NDArray[np.bool_]:
    """Sounds in which speakers of one group alone are heard."""
    return np.array([_groups_in(names, groups) == {number} for names in corpus.speakers.tolist()])


def _groups_in(names: str, groups: Groups) -> set[int]:
    return {groups[name] for name in names.split("+")}


def _truth(corpus: Corpus) -> NDArray[np.int64]:
    truth: NDArray[np.int64] = (corpus.emotions == SEVERAL).astype(np.int64)
    return truth
