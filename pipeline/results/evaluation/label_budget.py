"""How many labels a corrected share of a tone takes, before anybody has listened: from the scores of a study alone.

The interval of a corrected share has three parts. What the model leaves unexplained shrinks with the number of labels;
what it explains is known of every scored unit; and that authors differ is in both and no label makes it smaller. How
much the model explains is what nobody knows without labels, so two bounds are given: that it is right as often as it
says, and that it is of no help with a tone whose share may be a half. Labels that were evaluated before give a third.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.results.evaluation import stored
from pipeline.results.evaluation.bootstrap import Numbers, by_cluster
from pipeline.results.evaluation.prevalence import LEAST_LABELS
from pipeline.results.evaluation.units import CLIP, REGION
from pipeline.results.study import StudyReader

NORMAL_95 = 1.959964  # half the width of a 95 % interval, in standard errors
LARGEST_VARIANCE = 0.25  # of yes and no: that of a share of a half
POINTS = 5.0
FIRST_MODEL = "SELECT model FROM tone_models WHERE position = 1"
MEASURED = """
    SELECT tone, labelled, share, share_low, share_high FROM tone_prevalence
    WHERE model = $model AND counted = $counted AND grouping = 'all' AND is_current AND share_low IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the scores of one tone vary: over units, within units, and between authors."""

    units: int
    share: float  # mean probability, 0–1
    explained: float  # variance of the probabilities over units
    authors: float  # variance of their mean that authors add to that of as many unrelated units, per `explained`


@dataclass(frozen=True, slots=True)
class MeasuredNeed:
    """What an evaluation has found of one tone: its corrected share with the ends of its interval, 0–1."""

    labels: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Need:
    """Labels of one tone for an interval of the width asked for; None: not with this study, however many."""

    counted: str  # region or clip
    tone: str
    units: int
    if_right: int | None  # the model is right as often as it says
    if_useless: int | None  # it is of no help, and the share is a half
    as_measured: int | None  # from labels that were evaluated
    labelled: int  # behind `as_measured`; 0 without any


def needs(published: Path, points: float) -> tuple[str, list[Need]]:
    """The study's first tone model, and the labels of clips and of regions that give each tone ± `points` at 95 %.

    `UserError` where the study has no tone.
    """
    if not 0 < points < 50:
        raise UserError(
            f"--points is half the width of the interval in percentage points, from 0 to 50: not {points:g}"
        )
    with StudyReader(published) as reader:
        name = next((str(first) for (first,) in reader.rows(FIRST_MODEL)), None)
        clips = stored.clips_of_model(reader, name) if name else set()
        if name is None or not clips:
            raise UserError("this study has no tone yet, so there is nothing to label: run it first, stage emotion")
        found = []
        for counted, units in _scored(reader, name, clips).items():
            known = {tone: MeasuredNeed(*rest) for tone, *rest in reader.rows(MEASURED, model=name, counted=counted)}
            found += _of_tones(counted, units, _authors(reader, clips), known, points / 100)
    if not found:
        raise UserError(f"nothing has a tone by {name}: `cliptone query attrition` says why")
    return name, found


def _scored(reader: StudyReader, model: str, clips: set[str]) -> dict[str, list[tuple[str, Mapping[str, float]]]]:
    """The probabilities of each clip and of each region that has a tone, with its clip."""
    regions = stored.scores(reader, model, clips)
    return {
        CLIP: sorted(stored.clip_tones(reader, model, clips).items()),
        REGION: [
            (clip_id, score["probabilities"])
            for (clip_id, _), score in sorted(regions.items())
            if score["label"] is not None and score["probabilities"]
        ],
    }


def _authors(reader: StudyReader, clips: set[str]) -> dict[str, str]:
    facts = stored.facts(reader, clips)
    return {clip_id: stored.author(clip_id, facts) for clip_id in clips}


def _of_tones(
    counted: str,
    units: Sequence[tuple[str, Mapping[str, float]]],
    authors: Mapping[str, str],
    known: Mapping[str, MeasuredNeed],
    half: float,
) -> list[Need]:
    clusters = np.array([authors[clip_id] for clip_id, _ in units], dtype=np.str_)
    found = []
    for tone in sorted({tone for _, shares in units for tone in shares}):
        said = spread(np.array([shares.get(tone, 0.0) for _, shares in units]), clusters)
        measured = known.get(tone)
        found.append(
            Need(
                counted,
                tone,
                said.units,
                if_right(said, half),
                if_useless(said, half),
                None if measured is None else as_measured(said, measured, half),
                0 if measured is None else measured.labels,
            )
        )
    return found


def spread(said: Numbers, clusters: NDArray[np.str_]) -> Spread:
    """How probabilities `(units,)` vary, with the authors (clusters) of the units."""
    units, share, explained = said.size, float(said.mean()), float(said.var())
    of_authors = by_cluster((said - share)[:, np.newaxis], clusters)[:, 0]
    more = float((of_authors**2).sum()) / units**2 - explained / units
    return Spread(units, share, explained, max(0.0, more / explained) if explained > 0 else 0.0)


def if_right(said: Spread, half: float) -> int | None:
    """Labels if voices have a tone as often as the model says: they only settle what it leaves open."""
    variance = said.share * (1 - said.share)
    fixed = said.explained / said.units + variance * said.authors
    return _labels(variance - said.explained, fixed, said.units, half)


def if_useless(said: Spread, half: float) -> int | None:
    """Labels if the model says nothing of the truth, in which authors differ as they do in its scores."""
    return _labels(LARGEST_VARIANCE, LARGEST_VARIANCE * said.authors, said.units, half)


def as_measured(said: Spread, measured: MeasuredNeed, half: float) -> int | None:
    """Labels by the width of an interval that was reached, less the part that is the authors'."""
    reached = ((measured.high - measured.low) / 2 / NORMAL_95) ** 2
    fixed = min(measured.share * (1 - measured.share) * said.authors, reached)
    return _labels((reached - fixed) * measured.labels, fixed, said.units, half)


def _labels(shrinking: float, fixed: float, units: int, half: float) -> int | None:
    """The n at which `shrinking / n + fixed` is the variance of ± `half` at 95 %; None where `units` are fewer."""
    left = (half / NORMAL_95) ** 2 - fixed
    if left <= 0:
        return None
    wanted = max(LEAST_LABELS, math.ceil(shrinking / left))
    return wanted if wanted <= units else None


def markdown(model: str, found: Sequence[Need], points: float) -> str:
    """The needs as a Markdown table, and what to make of it."""
    headers = ("labels of", "tone", "scored", "if the model is right", "if it is of no help", "as measured", "labelled")
    rows = [
        (one.counted, one.tone, f"{one.units:,}", _said(one.if_right), _said(one.if_useless),
         _said(one.as_measured) if one.labelled else "—", f"{one.labelled:,}")
        for one in found
    ]  # fmt: skip
    body = "\n".join(f"| {' | '.join(row)} |" for row in (headers, ("---",) * len(headers), *rows))
    return f"{body}\n\n" + "\n".join(_sentences(model, found, points)) + "\n"


def _said(labels: int | None) -> str:
    return "not with this study" if labels is None else f"{labels:,}"


def _sentences(model: str, found: Sequence[Need], points: float) -> list[str]:
    aim = f"Labels drawn at random for ± {points:g} percentage points at 95 % in the share of a tone, read by {model}."
    lines = [aim, "Nobody knows how much the model helps before people have listened: plan for the larger number."]
    if any(one.labelled for one in found):
        lines.append("As measured is by the labels that were evaluated last, and better than both bounds.")
    else:
        lines.append(
            "With a first fifty labels, `cliptone evaluate --labels` measures it, and this command says how many more."
        )
    if any(one.if_useless is None for one in found):
        lines.append(
            "Where it says not with this study, there are too few clips or too few authors for so narrow an interval: "
            "collect more authors, or ask for more --points."
        )
    return lines
