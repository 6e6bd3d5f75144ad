"""What a study's own reference gains and costs when its tones are not equally frequent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.research.starter.corpus import Corpus
from pipeline.research.starter.leave_corpora_out import Calibration, ReadAgainst, scores

TONES = ("angry", "happy", "neutral", "sad")
#: Shares of the tones in percent, in their order, from balanced to nearly one-toned.
MIXTURES = ((25, 25, 25, 25), (10, 25, 60, 5), (60, 10, 25, 5), (3, 4, 90, 3))
DRAWS = 20
MOST_UTTERANCES = 300  # of a drawn study
LEAST_OF_A_TONE = 3
SEED = 2026


@dataclass(frozen=True, slots=True)
class Drawn:
    """Means over studies drawn from corpora that the model never heard."""

    uar: float
    ece: float
    accuracy: float


def measure(
    strangers: Iterable[tuple[Corpus, LinearHead, Calibration]],
) -> Mapping[tuple[tuple[int, ...], ReadAgainst], Drawn]:
    """By mixture and reference: studies drawn from each corpus, scored by its head, `DRAWS` each."""
    found: dict[tuple[tuple[int, ...], ReadAgainst], list[tuple[float, float, float]]] = {}
    for corpus, head, calibration in strangers:
        for mixture in MIXTURES:
            random = np.random.default_rng((SEED, *mixture))
            for _ in range(DRAWS):
                study = _drawn(corpus, mixture, random)
                for reference in ReadAgainst:
                    result = scores(head, study, reference)
                    shares = tone_calibration.probabilities(result.logits, calibration.temperature)
                    said = shares.argmax(axis=1)
                    recalls = [np.mean(said[result.truth == tone] == tone) for tone in np.unique(result.truth)]
                    right = float(np.mean(said == result.truth))
                    ece = tone_calibration.expected_calibration_error(shares, result.truth)
                    found.setdefault((mixture, reference), []).append((float(np.mean(recalls)), ece, right))
    return {key: Drawn(*(float(mean) for mean in np.mean(values, axis=0))) for key, values in found.items()}


def _drawn(corpus: Corpus, mixture: tuple[int, ...], random: np.random.Generator) -> Corpus:
    """A study from a corpus with given shares of the tones, as large as it goes without drawing anything twice."""
    there = [np.flatnonzero(corpus.emotions == tone) for tone in TONES]
    size = min(MOST_UTTERANCES, *(100 * mine.size / share for mine, share in zip(there, mixture, strict=True)))
    counts = [max(LEAST_OF_A_TONE, int(size * share / 100)) for share in mixture]
    chosen: list[NDArray[np.int64]] = [
        random.permutation(mine)[:count] for mine, count in zip(there, counts, strict=True)
    ]
    numbers = np.concatenate(chosen)
    return Corpus(corpus.embeddings[numbers], corpus.emotions[numbers], corpus.speakers[numbers])
