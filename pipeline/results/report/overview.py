"""The content of the report's first page: losses, languages, evidence, tone with its uncertainty, agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pipeline.results.report.relations import Relation, query_rows
from pipeline.results.report.tone_groups import corrected_shares, tone_groups
from pipeline.results.study import StudyReader

MOMENTS_A_TONE = 5
SPEECH_EDGES = (0, 1, 2, 5, 10, 20, 30, 60, 120, 1e9)  # s of speech in a clip
SHARE_EDGES = tuple(edge / 10 for edge in range(11))  # of a clip in which music is heard
MODEL_COLUMNS = ("stage", "model", "digest", "stage_version", "options", "libraries", "fingerprint", "clips")


def overview(reader: StudyReader, relations: Mapping[str, Relation]) -> dict[str, Any]:
    """Everything that the first page draws, ready for JSON."""
    clips = relations["clip_overview"].rows()
    tones = relations["clip_tone"].rows()
    labels = sorted({label for row in tones for label in row["probabilities"] or ()})
    return {
        "clips": len(clips),
        "status": dict(sorted(Counter(row["status"] for row in clips).items())),
        "labels": labels,
        "models": sorted({row["model"] for row in tones}),
        "funnel": query_rows(reader, "funnel"),
        "losses": query_rows(reader, "attrition"),
        "collection": query_rows(reader, "collection_status"),
        "languages": _languages(clips),
        "evidence": _evidence(relations["clip_evidence"].rows()),
        "strange_clips": reader.rows("SELECT count(DISTINCT clip_id) FROM strange_regions")[0][0],
        "shares": corrected_shares(reader),
        **tone_groups(reader),
        "agreement": _agreement(query_rows(reader, "tone_agreement")),
        "moments": [moment for label in labels for moment in _moments(reader, label)],
        "versions": [{name: row.get(name) for name in MODEL_COLUMNS} for row in query_rows(reader, "model_versions")],
    }


def _languages(clips: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Clips by language; those without a trusted word are unknown."""
    counted = Counter(row["language"] or "unknown" for row in clips)
    return [{"language": language, "clips": number} for language, number in counted.most_common()]


def _evidence(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many clips of each model have a tone or a reason for none, and histograms of speech and music."""
    states = Counter((row["model"], row["tone_status"], row["tone_reason"]) for row in rows)
    once = {row["clip_id"]: row for row in rows}.values()
    return {
        "states": [
            {"model": model, "status": status, "reason": reason, "clips": number}
            for (model, status, reason), number in sorted(states.items(), key=lambda entry: str(entry[0]))
        ],
        "speech_s": _histogram((row["speech_s"] for row in once), SPEECH_EDGES),
        "music_share": _histogram((row["music_share"] for row in once), SHARE_EDGES),
    }


def _histogram(values: Iterable[float | None], edges: tuple[float, ...]) -> dict[str, Any]:
    listed = list(values)
    known = [value for value in listed if value is not None]
    counts, _ = np.histogram(known, np.array(edges))
    return {"edges": list(edges), "counts": counts.tolist(), "unknown": len(listed) - len(known)}


def _agreement(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a pair of models."""
    pairs = {(row["model_a"], row["model_b"]): row for row in rows}
    names = ("model_a", "model_b", "study_regions", "study_agreement", "study_kappa")
    return [{name: row[name] for name in names} for _, row in sorted(pairs.items())]


def _moments(reader: StudyReader, tone: str) -> list[dict[str, Any]]:
    names = ("clip_id", "model", "label", "probability", "jump_to_s", "end_s", "text", "file_name")
    rows = query_rows(reader, "top_moments", tone=tone, limit=str(MOMENTS_A_TONE))
    return [{"tone": tone, **{name: row[name] for name in names}} for row in rows]
