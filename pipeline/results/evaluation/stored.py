"""What a study stores about labelled clips: regions, authors, groups, scores and embeddings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.results.evaluation.labels import Labels, Matched, Region, match
from pipeline.results.evaluation.training_spans import ClipSpan
from pipeline.results.study import StudyReader
from pipeline.store.queries import get_query

REGIONS = """
    SELECT clip_id, region, start_s, end_s
    FROM evidence
    LEFT JOIN speech_regions USING (clip_id)
    WHERE clip_id IN (SELECT unnest($clips))
    ORDER BY clip_id, region
"""
FACTS = """
    SELECT
        clips.clip_id,
        platform,
        author_key,
        coalesce(transcripts.language, declared_language) AS language,
        music_share
    FROM clips
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN evidence USING (clip_id)
    WHERE clips.clip_id IN (SELECT unnest($clips))
"""
SCORES = """
    SELECT clip_id, region, label, probabilities, arousal, valence, dominance
    FROM emotions
    WHERE model = $model AND clip_id IN (SELECT unnest($clips))
"""
EMBEDDINGS = """
    SELECT clip_id, region, encoder, embedding
    FROM speech_embeddings
    WHERE embedding IS NOT NULL
"""
#: Views from the scores of regions to the tone of a clip.
TOWARDS_TONE = ("tone_coverage", "clip_probabilities", "clip_tone_status")
CURRENT = "SELECT fingerprint FROM fingerprints WHERE stage = $stage AND is_current"


@dataclass(frozen=True, slots=True)
class ClipGroups:
    """What clips are grouped by; None is unknown."""

    platform: str | None
    author_key: str | None
    language: str | None
    music_share: float | None  # 0–1


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Stored embeddings of speech regions by one encoder."""

    encoder: str
    places: tuple[tuple[str, int], ...]  # clip and region of each
    chunks: tuple[NDArray[np.float32], ...]  # each (regions, dims), in the order of the places


def match_labels(reader: StudyReader, labels: Labels) -> Matched:
    """Labels that meet speech of the study; `UserError` if none does."""
    clips = {str(name) for name in reader.arrow("SELECT clip_id FROM clips", {})["clip_id"].to_pylist()}
    return match(labels, clips, regions(reader, {one.clip_id for one in labels.labels}))


def regions(reader: StudyReader, clips: Collection[str]) -> dict[str, list[Region]]:
    """The speech regions of each clip that was analysed."""
    found: dict[str, list[Region]] = {}
    for row in reader.arrow(REGIONS, {"clips": sorted(clips)}).to_pylist():
        of_clip = found.setdefault(row["clip_id"], [])
        if row["region"] is not None:
            of_clip.append(Region(row["region"], row["start_s"], row["end_s"]))
    return found


def region_spans(reader: StudyReader, clips: Collection[str]) -> dict[tuple[str, int], ClipSpan]:
    """Where each speech region of some clips lies."""
    return {
        (clip_id, one.region): ClipSpan(clip_id, one.start_s, one.end_s)
        for clip_id, of_clip in regions(reader, clips).items()
        for one in of_clip
    }


def facts(reader: StudyReader, clips: Collection[str]) -> dict[str, ClipGroups]:
    """What is known of each clip."""
    rows = reader.arrow(FACTS, {"clips": sorted(clips)}).to_pylist()
    return {
        row["clip_id"]: ClipGroups(row["platform"], row["author_key"], row["language"], row["music_share"])
        for row in rows
    }


def author(clip_id: str, known: Mapping[str, ClipGroups]) -> str:
    """The author of a clip as a cluster; a clip without a known author is a cluster of its own."""
    found = known[clip_id].author_key if clip_id in known else None
    return found or clip_id


def scores(reader: StudyReader, model: str, clips: Collection[str]) -> dict[tuple[str, int], dict[str, Any]]:
    """Stored scores of one model by clip and region, those without a score among them."""
    found = reader.arrow(SCORES, {"model": model, "clips": sorted(clips)}).to_pylist(maps_as_pydicts="strict")
    return {(row["clip_id"], row["region"]): row for row in found}


def clip_tones(reader: StudyReader, model: str, clips: Collection[str]) -> dict[str, dict[str, float]]:
    """Probabilities of clips that have a tone, as `clip_tone` gives them, also of models that no run asks for now."""
    views = ", ".join(f"{name} AS ({get_query(name).sql})" for name in TOWARDS_TONE)
    sql = f"""
        WITH tone_models AS (SELECT $model AS model, 1 AS position),
        evidence AS (SELECT * FROM evidence WHERE clip_id IN (SELECT unnest($clips))),
        {views}
        SELECT clip_id, probabilities FROM clip_tone_status WHERE tone IS NOT NULL
    """  # noqa: S608 - put together from our own queries
    rows = reader.arrow(sql, {"model": model, "clips": sorted(clips)}).to_pylist(maps_as_pydicts="strict")
    return {row["clip_id"]: row["probabilities"] for row in rows}


def clips_of_model(reader: StudyReader, model: str) -> set[str]:
    """The clips that a model has rows of."""
    sql = "SELECT DISTINCT clip_id FROM emotions WHERE model = $model"
    return {str(name) for name in reader.arrow(sql, {"model": model})["clip_id"].to_pylist()}


def models(reader: StudyReader) -> list[str]:
    """The tone models that have scores in a study."""
    return [
        str(name)
        for name in reader.arrow("SELECT DISTINCT model FROM emotions ORDER BY model", {})["model"].to_pylist()
    ]


def embeddings(reader: StudyReader, clips: Collection[str] | None = None) -> Embeddings:
    """Stored embeddings of some clips' regions, or of all.

    `UserError` where there are none, or where they come from two encoders.
    """
    where = "" if clips is None else " AND clip_id IN (SELECT unnest($clips))"
    table = reader.arrow(EMBEDDINGS + where, {} if clips is None else {"clips": sorted(clips)})
    encoders = [str(name) for name in table["encoder"].unique().to_pylist()]
    if not encoders:
        raise UserError("no region there has a speech embedding: run the stage embed first")
    if len(encoders) > 1:
        raise UserError(f"speech embeddings of two encoders are stored ({', '.join(encoders)}): run the study first")
    places = tuple(zip(table["clip_id"].to_pylist(), table["region"].to_pylist(), strict=True))
    # Arrow stores the numbers of a chunk contiguously, so this makes no Python objects and no copy.
    chunks = tuple(one.flatten().to_numpy().reshape(len(one), -1) for one in table["embedding"].chunks if len(one))
    return Embeddings(encoders[0], places, chunks)


def fingerprint(reader: StudyReader, stage: str) -> str | None:
    """The configuration under which a stage last ran; None if none is stored."""
    found = reader.arrow(CURRENT, {"stage": stage})["fingerprint"].to_pylist()
    return str(found[0]) if found else None
