"""The content of the report's first page: losses, languages, evidence, tone with its uncertainty, agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pipeline.results.evaluation.bootstrap import CONFIDENCE, Interval, by_cluster, estimate
from pipeline.results.report.relations import Relation, query_rows
from pipeline.results.study import StudyReader

TOP_HASHTAGS = 12
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
        "tones": tone_shares(tones, {row["clip_id"]: row["author_key"] for row in clips}),
        "weeks": query_rows(reader, "tone_by_week"),
        "hashtags": _hashtags(query_rows(reader, "tone_by_hashtag")),
        "agreement": _agreement(query_rows(reader, "tone_agreement")),
        "moments": [moment for label in labels for moment in _moments(reader, label)],
        "versions": [{name: row.get(name) for name in MODEL_COLUMNS} for row in query_rows(reader, "model_versions")],
    }


def tone_shares(tones: Iterable[Mapping[str, Any]], authors: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The share of scored clips with each tone, by model, and its 95 % bootstrap interval over authors.

    A clip without a known author is a cluster of its own; shares of 0 and 1 have the exact interval.
    """
    by_model: dict[str, list[Mapping[str, Any]]] = {}
    for row in tones:
        if row["tone"] is not None:
            by_model.setdefault(row["model"], []).append(row)
    found = []
    for model, rows in sorted(by_model.items()):
        labels = sorted({label for row in rows for label in row["probabilities"]})
        hits = np.array([[row["tone"] == label for label in labels] + [True] for row in rows], dtype=np.float64)
        clusters = np.array([authors.get(row["clip_id"]) or f"clip {row['clip_id']}" for row in rows], dtype=np.str_)
        sums = by_cluster(hits, clusters)
        for place, label in enumerate(labels):
            share = _share_interval(sums, place)
            found.append(
                {
                    "model": model,
                    "tone": label,
                    "clips": int(hits[:, place].sum()),
                    "scored": len(rows),
                    "authors": len(sums),
                    "share": share.value,
                    "low": share.low,
                    "high": share.high,
                    "reason": share.reason,
                }
            )
    return found


def _share_interval(sums: Any, place: int) -> Interval:
    """A share with its interval; for 0 and 1, where all resamples are equal, the exact one over the authors.

    The exact interval is that of Clopper and Pearson (1934) for 0 or all of n.
    """
    found = estimate(sums[:, [place, -1]], lambda totals: totals[:, 0] / totals[:, 1])
    if found.low is None or found.value not in (0.0, 1.0):
        return found
    reach = 1 - ((1 - CONFIDENCE) / 2) ** (1 / len(sums))
    return Interval(found.value, 0.0, reach) if found.value == 0.0 else Interval(found.value, 1 - reach, 1.0)


def _languages(clips: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counted = Counter(row["language"] for row in clips if row["language"])
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


def _hashtags(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The hashtags with most scored clips; rows come in that order."""
    chosen = list(dict.fromkeys(row["hashtag"] for row in rows))[:TOP_HASHTAGS]
    return [row for row in rows if row["hashtag"] in chosen]


def _agreement(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a pair of models."""
    pairs = {(row["model_a"], row["model_b"]): row for row in rows}
    names = ("model_a", "model_b", "study_regions", "study_agreement", "study_kappa")
    return [{name: row[name] for name in names} for _, row in sorted(pairs.items())]


def _moments(reader: StudyReader, tone: str) -> list[dict[str, Any]]:
    names = ("clip_id", "model", "label", "probability", "jump_to_s", "end_s", "text", "file_name")
    rows = query_rows(reader, "top_moments", tone=tone, limit=str(MOMENTS_A_TONE))
    return [{"tone": tone, **{name: row[name] for name in names}} for row in rows]
