"""A tone model on a labelled corpus: the stages of a study run over its files, and their scores are judged."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from pipeline.errors import UserError
from pipeline.records import Clip, EmotionRow, Row, Source, SpeechRegionRow
from pipeline.results.evaluation.answers import ModelAnswer, answer, shares_of
from pipeline.results.evaluation.corpora import CorpusUtterance
from pipeline.results.evaluation.measures import Figure, Judged, share, tone_figures
from pipeline.run.executors import error_boundary
from pipeline.stage import Setting, Stage
from pipeline.stages import BY_NAME

STEPS = ("audio", "evidence", "embed", "emotion")
NO_AGREEMENT = "its makers did not agree on a label of ours"


@dataclass(frozen=True, slots=True)
class CorpusTrial:
    """How a model does on a corpus; figures are those of the utterances that have a score."""

    judged: Judged
    figures: tuple[Figure, ...]
    used: int  # utterances with a label that the model knows
    abstained: Counter[str]  # by reason
    left_out: Counter[str]  # by reason


def try_corpus(
    utterances: Sequence[CorpusUtterance], model: str, setting: Setting, watch: Callable[[], None] | None = None
) -> CorpusTrial:
    """Run the stages over utterances, and judge the model; `watch` is called after each one.

    Intervals are over speakers. An utterance without a score abstains and counts for coverage alone. Raises
    `UserError` if the model is unknown or knows none of the labels.
    """
    stages = build_stages(model, setting)
    answered: list[ModelAnswer] = []
    reasons: list[str | None] = []
    with tempfile.TemporaryDirectory() as work, threadpool_limits(1):
        for utterance in utterances:
            said, reason = _answer_for_file(stages, utterance.path, Path(work) / "audio.wav")
            answered.append(said)
            reasons.append(reason)
            if watch is not None:
                watch()
    return judge(utterances, answered, reasons, model)


def judge(
    utterances: Sequence[CorpusUtterance], answered: Sequence[ModelAnswer], reasons: Sequence[str | None], model: str
) -> CorpusTrial:
    """Figures of answers, one an utterance, with the reason of each that abstains."""
    labels = tuple(sorted({name for one in answered for name in one.probabilities or ()}))
    left_out = Counter(
        NO_AGREEMENT if one.label is None else f"{model} does not know the label {one.label!r}"
        for one in utterances
        if one.label not in labels
    )
    used = [index for index, one in enumerate(utterances) if one.label in labels]
    if not used:
        why = (
            f"it gives {', '.join(labels)}" if labels else f"none has a score ({Counter(reasons).most_common(1)[0][0]})"
        )
        raise UserError(f"{model} can be evaluated on none of the {len(utterances)} utterances: {why}")
    scored = [index for index in used if answered[index].probabilities is not None]
    judged = Judged(
        labels=labels,
        truth=np.array([labels.index(str(utterances[index].label)) for index in scored], dtype=np.int64),
        shares=shares_of([answered[index] for index in scored], labels),
        clusters=np.array([utterances[index].speaker for index in scored]),
    )
    parts = np.array([[answered[index].probabilities is not None, 1] for index in used], dtype=np.float64)
    coverage = Figure("coverage", None, share(parts, np.array([utterances[i].speaker for i in used])), len(used))
    abstained = Counter(str(reasons[index]) for index in used if answered[index].probabilities is None)
    figures = tone_figures(judged) if scored else []
    return CorpusTrial(judged, (coverage, *figures), len(used), abstained, left_out)


def build_stages(model: str, setting: Setting) -> list[Stage]:
    """The stages that score a file, with their own defaults; `UserError` if there is no such model."""
    try:
        emotion = BY_NAME["emotion"].Options.model_validate({"models": (model,)})
    except ValidationError as error:
        raise UserError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    options = {name: BY_NAME[name].Options() for name in STEPS} | {"emotion": emotion}
    return [BY_NAME[name](options[name], setting) for name in STEPS]


def _answer_for_file(stages: Sequence[Stage], path: Path, audio: Path) -> tuple[ModelAnswer, str | None]:
    """What the stages say of one file: the model's answer, or no answer and why."""
    clip = Clip(f"file:{path.name}", Source("file", str(path), ""), path, audio)
    stored: dict[str, list[Row]] = {}
    for stage in stages:
        outcome = error_boundary.apply(stage, [dataclasses.replace(clip, stored=stored)])[0]
        if not outcome.ok:
            return ModelAnswer(None, {}), outcome.reason
        for row in outcome.rows:
            stored.setdefault(row.table, []).append(row)
    filled = dataclasses.replace(clip, stored=stored)
    times = {row.region: row.end_s - row.start_s for row in filled.rows(SpeechRegionRow)}
    scores = filled.rows(EmotionRow)
    said = answer([(dataclasses.asdict(row), times[row.region]) for row in scores])
    if said.probabilities is not None:
        return said, None
    longest = max(scores, key=lambda row: times[row.region], default=None)
    return said, longest.reason if longest else "no_speech"
