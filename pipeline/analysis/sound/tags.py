"""Scores of sound classes over time, and the families of classes that the evidence rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.records import Seconds

#: Families of AudioSet classes by their first and last name: they stand side by side in the order of AudioSet
#: (Gemmeke et al. 2017), which YAMNet (521 classes) and AST (527) share.
Family = tuple[tuple[str, str], ...]

SPEECH: Family = (("Speech", "Speech synthesizer"),)
MUSIC: Family = (("Music", "Scary music"),)
#: Includes rapping: tone models were trained on neither.
SINGING: Family = (("Singing", "Humming"),)
ANIMALS: Family = (("Animal", "Whale vocalization"),)


@dataclass(frozen=True, slots=True)
class TagScores:
    """Scores between 0 and 1, shape `(windows, classes)`, of windows of `window_s` seconds."""

    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    starts_s: tuple[Seconds, ...]
    window_s: Seconds

    def family(self, family: Family) -> NDArray[np.float32]:
        """Highest score of any class of the family, shape `(windows,)`."""
        columns: list[int] = []
        for first, last in family:
            columns += range(self.labels.index(first), self.labels.index(last) + 1)
        best: NDArray[np.float32] = self.scores[:, columns].max(axis=1)
        return best

    def mean_within(self, family: Family, start_s: Seconds, end_s: Seconds) -> float | None:
        """Mean of a family's score over a stretch of the clip, each window weighted by its overlap with it.

        None if no window touches the stretch.
        """
        starts = np.asarray(self.starts_s)
        overlaps = np.minimum(starts + self.window_s, end_s) - np.maximum(starts, start_s)
        weights = np.clip(overlaps, 0.0, None)
        if not weights.sum() > 0:
            return None
        return float(np.average(self.family(family).astype(np.float64), weights=weights))
