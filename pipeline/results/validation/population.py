"""What can be drawn: the speech regions or the clips of a study, and the groups that each is in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UserError
from pipeline.records import Seconds
from pipeline.results.evaluation import stored
from pipeline.results.study import StudyReader

UnitKind = Literal["region", "clip"]
UNKNOWN, NONE = "unknown", "none"
GROUPINGS = ("platform", "language", "week", "music", "tone", "disagreement")
GROUPED = """
    SELECT
        clips.clip_id,
        coalesce(platform, 'unknown') AS platform,
        coalesce(transcripts.language, declared_language, 'unknown') AS language,
        coalesce(strftime(date_trunc('week', posted_at), '%Y-%m-%d'), 'unknown') AS week,
        CASE
            WHEN music_share IS NULL THEN 'unknown'
            WHEN music_share <= 1 / 3 THEN 'to a third'
            WHEN music_share <= 2 / 3 THEN 'to two thirds'
            ELSE 'above'
        END AS music
    FROM clips
    JOIN evidence USING (clip_id)
    LEFT JOIN transcripts USING (clip_id)
    WHERE evidence.speech_s > 0
    ORDER BY clips.clip_id
"""
REGIONS = "SELECT clip_id, region, start_s, end_s FROM speech_regions ORDER BY clip_id, region"
LABELS = "SELECT clip_id, region, model, label FROM emotions WHERE label IS NOT NULL"


@dataclass(frozen=True, slots=True)
class PopulationUnit:
    """A speech region, or a whole clip, with the groups that it is in."""

    clip_id: str
    region: int | None  # None: the whole clip
    start_s: Seconds | None
    end_s: Seconds | None
    groups: dict[str, str]


def population(reader: StudyReader, kind: UnitKind, model: str | None = None) -> list[PopulationUnit]:
    """All units of a kind in which somebody speaks; `tone` is the label by `model`, or by the first one.

    `UserError` where there are none, or where the study has no such model.
    """
    models = stored.models(reader)
    if model is not None and model not in models:
        raise UserError(f"the study has no scores by {model}: there are {', '.join(models) or 'none'}")
    grouped = {row["clip_id"]: row for row in reader.arrow(GROUPED, {}).to_pylist()}
    places = (
        [(clip_id, None, None, None) for clip_id in grouped]
        if kind == "clip"
        else [tuple(row.values()) for row in reader.arrow(REGIONS, {}).to_pylist() if row["clip_id"] in grouped]
    )
    if not places:
        raise UserError("nothing to draw from: no clip of the study has a stretch of speech yet; run the study first")
    said = _said(reader, kind, models, set(grouped))
    first = model or (models[0] if models else "")
    found = []
    for clip_id, region, start_s, end_s in places:
        labels = said.get((clip_id, region), {})
        groups = {name: grouped[clip_id][name] for name in ("platform", "language", "week", "music")}
        groups["tone"] = labels.get(first, NONE)
        groups["disagreement"] = NONE if len(labels) < 2 else "no" if len(set(labels.values())) == 1 else "yes"
        found.append(PopulationUnit(clip_id, region, start_s, end_s, groups))
    return found


def _said(
    reader: StudyReader, kind: UnitKind, models: list[str], clips: set[str]
) -> dict[tuple[str, int | None], dict[str, str]]:
    """The label of each model for each unit that it has one of."""
    found: dict[tuple[str, int | None], dict[str, str]] = defaultdict(dict)
    if kind == "region":
        for row in reader.arrow(LABELS, {}).to_pylist():
            found[row["clip_id"], row["region"]][row["model"]] = row["label"]
        return found
    for model in models:
        for clip_id, shares in stored.clip_tones(reader, model, clips).items():
            found[clip_id, None][model] = max(shares, key=lambda label: shares[label])
    return found
