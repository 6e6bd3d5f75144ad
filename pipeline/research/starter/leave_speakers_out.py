"""Scores of speakers left out of the starter's training, and the calibration that is fitted on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.score import logits as score
from pipeline.analysis.models.catalogue import MODELS
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.errors import UserError
from pipeline.research.starter import conformal, recipe
from pipeline.research.starter.corpus import Corpus, stacked

LEAST_SPEAKERS = 3  # one to test on, one to calibrate on, one to train on
CALIBRATION = ("clean", "music")  # ways to judge that the temperature and the threshold are fitted on

Logits = dict[str, NDArray[np.float64]]  # (utterances, labels) by way to judge


@dataclass(frozen=True, slots=True)
class StarterCalibration:
    """What turns logits into probabilities and sets: numbers, or one for each utterance, `(utterances, 1)`."""

    temperature: float | NDArray[np.float64]
    threshold: float | NDArray[np.float64]  # probability from which a label belongs to the set


@dataclass(frozen=True, slots=True)
class Held:
    """Logits for speakers that the model had not heard, and calibrations that they had no part in."""

    labels: tuple[str, ...]
    truth: NDArray[np.int64]  # (utterances,)
    logits: Logits
    calibration: StarterCalibration  # fitted on all these logits: the saved model's
    own_calibration: StarterCalibration  # of each utterance, fitted without its speaker


def leave_speakers_out(training: list[Corpus], judging: Mapping[str, Corpus], coverage: float) -> Held:
    """Score each speaker's judging copies by a model of the other speakers' training copies.

    A speaker's own calibration is fitted on the other speakers, each scored by a model that had heard neither of the
    two. All copies list the same utterances. Raises `UserError` for other labels than the starter has, and for fewer
    than three speakers of any.
    """
    whole = next(iter(judging.values()))
    _require_speakers(whole, len(MODELS["starter"].labels))
    speakers = sorted(set(whole.speakers.tolist()))
    labels, truth = np.unique(whole.emotions, return_inverse=True)
    logits: Logits = {way: np.empty((truth.size, labels.size)) for way in judging}
    for speaker in speakers:
        _score_unheard(training, judging, [speaker], [(speaker, logits)])
    ways = [way for way in judging if way in CALIBRATION]
    return Held(
        labels=tuple(labels.tolist()),
        truth=truth,
        logits=logits,
        calibration=calibrate({way: logits[way] for way in ways}, truth, coverage),
        own_calibration=_own_calibration(training, {way: judging[way] for way in ways}, truth, coverage),
    )


def _require_speakers(corpus: Corpus, labels: int) -> None:
    """Raise `UserError` for too few speakers: with two of them left out, the others must have every label."""
    names = sorted(set(corpus.emotions.tolist()))
    speakers = {label: set(corpus.speakers[corpus.emotions == label].tolist()) for label in names}
    if len(names) != labels:
        raise UserError(f"the model has {labels} labels, the utterances have {len(names)}: {', '.join(names)}")
    for label, found in speakers.items():
        if len(found) < LEAST_SPEAKERS:
            raise UserError(
                f"leaving speakers out needs at least {LEAST_SPEAKERS} speakers, not {len(found)}, of {label!r}"
            )


def calibrate(logits: Logits, truth: NDArray[np.int64], coverage: float) -> StarterCalibration:
    """The temperature and the threshold over all ways to judge together, each way as many utterances."""
    scores, labels = np.concatenate(list(logits.values())), np.tile(truth, len(logits))
    temperature = tone_calibration.fit_temperature(scores, labels)
    shares = tone_calibration.probabilities(scores, temperature)
    return StarterCalibration(temperature, conformal.fit_threshold(shares, labels, coverage))


def _own_calibration(
    training: list[Corpus], judging: Mapping[str, Corpus], truth: NDArray[np.int64], coverage: float
) -> StarterCalibration:
    """Each utterance's calibration, fitted on the other speakers by models that had heard neither."""
    corpus = next(iter(judging.values()))
    speakers = sorted(set(corpus.speakers.tolist()))
    shape = (truth.size, len(set(truth.tolist())))
    # by speaker: the logits of all others, by models trained without that speaker too; the own stay NaN, never read
    others: dict[str, Logits] = {speaker: {way: np.full(shape, np.nan) for way in judging} for speaker in speakers}
    for one, other in combinations(speakers, 2):
        _score_unheard(training, judging, [one, other], [(other, others[one]), (one, others[other])])
    temperature, threshold = np.empty((truth.size, 1)), np.empty((truth.size, 1))
    for speaker in speakers:
        mine = corpus.speakers == speaker
        fitted = calibrate({way: scores[~mine] for way, scores in others[speaker].items()}, truth[~mine], coverage)
        temperature[mine], threshold[mine] = fitted.temperature, fitted.threshold
    return StarterCalibration(temperature, threshold)


def _score_unheard(
    training: list[Corpus],
    judging: Mapping[str, Corpus],
    unheard: list[str],
    targets: list[tuple[str, Logits]],
) -> None:
    """Train without some speakers, and write the logits of each target's speaker into its arrays."""
    rest = stacked([copy.only(~np.isin(copy.speakers, unheard)) for copy in training])
    head = recipe.train(rest.embeddings, rest.emotions)
    for speaker, logits in targets:
        for way, copy in judging.items():
            mine = copy.speakers == speaker
            logits[way][mine] = score(head, copy.embeddings[mine])
