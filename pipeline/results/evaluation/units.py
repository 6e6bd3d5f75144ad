"""What a tone is counted over: speech regions or clips that a model has scored, those among them that people labelled,
and the groups that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.results.evaluation import stored
from pipeline.results.evaluation.bootstrap import Numbers
from pipeline.results.evaluation.groups import ALL, UNKNOWN
from pipeline.results.evaluation.labels import LabelledSpan
from pipeline.results.evaluation.training_spans import ClipSpan, TrainingSpans
from pipeline.results.study import StudyReader

REGION, CLIP = "region", "clip"
MORE_GROUPS = """
    SELECT clip_id, hashtags, strftime(date_trunc('week', posted_at), '%Y-%m-%d') AS week
    FROM clips WHERE clip_id IN (SELECT unnest($clips))
"""


class Unit(NamedTuple):
    """One speech region; without one, a whole clip."""

    clip_id: str
    region: int | None


@dataclass(frozen=True)
class Units:
    """All regions or all clips that one model has scored, and what people say of some of them."""

    kind: str  # region or clip
    tones: tuple[str, ...]  # of the model, then those that people alone use
    said: Numbers  # (units, tones) probabilities, 0 for tones that the model does not know
    truth: Numbers  # (units, tones) share of the people who heard it; 0 where nobody listened
    weights: Numbers  # (units,) of the labels; 0 where nobody listened
    clips: NDArray[np.str_]  # (units,) the clip of each
    clusters: NDArray[np.str_]  # (units,) authors; a clip without a known author is one of its own
    groups: Mapping[str, Mapping[str, NDArray[np.bool_]]]  # by grouping and group, `all` first

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which units people labelled, `(units,)`."""
        return self.weights > 0


def read_units(
    reader: StudyReader, model: str, spans: Sequence[LabelledSpan], training: TrainingSpans | None
) -> list[Units]:
    """The units that labels are of: regions where spans of clips are labelled, clips where whole clips are.

    Units that a head was trained on are neither labelled nor counted.
    """
    found = []
    clips = stored.clips_of_model(reader, model)
    for kind, chosen in (
        (REGION, [one for one in spans if one.label.start_s is not None and one.label.label]),
        (CLIP, [one for one in spans if one.label.start_s is None and one.label.label]),
    ):
        if not chosen:
            continue
        probabilities: dict[Unit, Mapping[str, float]] = (
            {Unit(clip_id, None): shares for clip_id, shares in stored.clip_tones(reader, model, clips).items()}
            if kind == CLIP
            else {
                Unit(*place): score["probabilities"]
                for place, score in stored.scores(reader, model, clips).items()
                if score["label"] is not None and score["probabilities"]
            }
        )
        if training is not None:
            where = stored.region_spans(reader, clips)
            probabilities = {
                unit: shares for unit, shares in probabilities.items() if not training.holds(_places(unit, where))
            }
        if probabilities:
            found.append(_units(reader, kind, probabilities, _votes(chosen)))
    return found


def _places(unit: Unit, where: Mapping[tuple[str, int], ClipSpan]) -> Iterable[ClipSpan]:
    if unit.region is not None:
        return (where[unit.clip_id, unit.region],)
    return (span for (clip_id, _), span in where.items() if clip_id == unit.clip_id)


def _votes(spans: Sequence[LabelledSpan]) -> dict[Unit, list[tuple[str, float]]]:
    """Labels and their weights by unit; each label is of every region in its span."""
    votes = defaultdict(list)
    for span in spans:
        regions = [region for region, _ in span.regions] if span.label.start_s is not None else [None]
        for region in regions:
            votes[Unit(span.label.clip_id, region)].append((str(span.label.label), span.label.weight))
    return dict(votes)


def _units(
    reader: StudyReader,
    kind: str,
    probabilities: Mapping[Unit, Mapping[str, float]],
    votes: Mapping[Unit, Sequence[tuple[str, float]]],
) -> Units:
    order = sorted(probabilities, key=lambda unit: (unit.clip_id, -1 if unit.region is None else unit.region))
    known = sorted({tone for shares in probabilities.values() for tone in shares})
    heard = {tone for unit in order for tone, _ in votes.get(unit, ())}
    tones = (*known, *sorted(heard - set(known)))
    said, truth = np.zeros((len(order), len(tones))), np.zeros((len(order), len(tones)))
    weights = np.zeros(len(order))
    for place, unit in enumerate(order):
        said[place] = [probabilities[unit].get(tone, 0.0) for tone in tones]
        of_unit = votes.get(unit, ())
        for tone, _ in of_unit:
            truth[place, tones.index(tone)] += 1 / len(of_unit)
        weights[place] = np.mean([weight for _, weight in of_unit]) if of_unit else 0.0
    clips = [unit.clip_id for unit in order]
    facts = stored.facts(reader, set(clips))
    clusters = np.array([stored.author(clip_id, facts) for clip_id in clips])
    return Units(kind, tones, said, truth, weights, np.array(clips), clusters, _groups(reader, clips, facts))


def _groups(
    reader: StudyReader, clips: Sequence[str], facts: Mapping[str, stored.ClipGroups]
) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Units by what their clips are grouped by; a clip is in a group for each of its hashtags."""
    more = {row["clip_id"]: row for row in reader.arrow(MORE_GROUPS, {"clips": sorted(set(clips))}).to_pylist()}
    named: dict[str, list[Sequence[str]]] = {
        ALL: [(ALL,)] * len(clips),
        "platform": [(facts[clip_id].platform or UNKNOWN,) for clip_id in clips],
        "language": [(facts[clip_id].language or UNKNOWN,) for clip_id in clips],
        "week": [(more[clip_id]["week"] or UNKNOWN,) for clip_id in clips],
        "hashtag": [more[clip_id]["hashtags"] or () for clip_id in clips],
    }
    found: dict[str, dict[str, NDArray[np.bool_]]] = {}
    for grouping, names in named.items():
        places = defaultdict(list)
        for place, of_unit in enumerate(names):
            for name in dict.fromkeys(of_unit):
                places[name].append(place)
        masks = found[grouping] = {}
        for name in sorted(places):
            masks[name] = np.zeros(len(clips), dtype=bool)
            masks[name][places[name]] = True
    return found
