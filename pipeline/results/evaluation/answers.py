"""A model's answer for a labelled span: the mean of its scores over the span's speech regions, weighted by length.

For a whole clip it is what the study says of that clip, which has no tone where too little of its speech was scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.records import Seconds
from pipeline.results.evaluation.bootstrap import Numbers
from pipeline.results.evaluation.labels import DIMENSIONS, LabelledSpan

#: What the database or a stage gives of one region: label, probabilities, arousal, valence, dominance; NULL is None.
Score = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A model's answer for one span; None where it has none, for thin evidence or because it is no such model."""

    probabilities: Mapping[str, float] | None
    dimensions: Mapping[str, float]

    @property
    def abstains(self) -> bool:
        """True if the model says nothing of the span."""
        return self.probabilities is None and not self.dimensions


def answer(parts: Sequence[tuple[Score | None, Seconds]]) -> ModelAnswer:
    """The answer for a span from the score of each region, None where none is stored, and its time in the span."""
    scored = [(score, time) for score, time in parts if score is not None]
    labelled = [
        (one["probabilities"], time) for one, time in scored if one["label"] is not None and one["probabilities"]
    ]
    dimensions = {}
    for name in DIMENSIONS:
        known = [(one[name], time) for one, time in scored if one[name] is not None]
        if known:
            dimensions[name] = float(np.average([value for value, _ in known], weights=[time for _, time in known]))
    if not labelled:
        return ModelAnswer(None, dimensions)
    times = [time for _, time in labelled]
    names = sorted(labelled[0][0])
    means = {name: float(np.average([shares[name] for shares, _ in labelled], weights=times)) for name in names}
    return ModelAnswer(means, dimensions)


def answers(
    spans: Sequence[LabelledSpan],
    scores: Mapping[tuple[str, int], Score],
    clip_tones: Mapping[str, Mapping[str, float]],
) -> list[ModelAnswer]:
    """The answer for each span, from stored scores by clip and region; for a whole clip, its tone in `clip_tones`."""
    found = []
    for span in spans:
        said = answer([(scores.get((span.label.clip_id, region)), time) for region, time in span.regions])
        is_whole = span.label.start_s is None
        found.append(replace(said, probabilities=clip_tones.get(span.label.clip_id)) if is_whole else said)
    return found


def shares_of(answered: Sequence[ModelAnswer], labels: Sequence[str]) -> Numbers:
    """Probabilities of answers as an array `(answers, labels)`; each answer has probabilities."""
    rows = [[(one.probabilities or {})[label] for label in labels] for one in answered]
    return np.array(rows, dtype=np.float64).reshape(len(answered), len(labels))
