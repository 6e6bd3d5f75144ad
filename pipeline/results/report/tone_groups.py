"""How each tone differs between groups of clips: what the first page may say of tone without labels.

A share of clips "that are angry" is a statement about a model whose errors turn shares round, so the page has none
unless labels of people correct it. Differences from the mean of the study, by one model, hold up better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.results.comparison.differences import from_mean
from pipeline.results.evaluation.bootstrap import without_few
from pipeline.results.report.relations import query_rows
from pipeline.results.study import StudyReader

TOP_HASHTAGS = 12
LEAST_CLIPS = 5  # of a group whose interval is drawn: fewer are a point without a line
SCORED = """
    SELECT
        clip_id,
        coalesce(author_key, clip_id) AS author,
        CAST(date_trunc('week', posted_at) AS DATE) AS week,
        hashtags,
        map_from_entries(list((tone, probability))) AS probabilities
    FROM clip_probabilities
    JOIN clips USING (clip_id)
    WHERE model = $model
    GROUP BY ALL
    ORDER BY clip_id
"""
SHARES = "SELECT * FROM tone_prevalence WHERE grouping = 'all' AND is_current"


def corrected_shares(reader: StudyReader) -> list[dict[str, Any]]:
    """How frequent each tone is as labels of people correct it; empty where nobody labelled clips of the study."""
    rows: list[dict[str, Any]] = reader.arrow(SHARES, {}).to_pylist()
    return rows


def tone_groups(reader: StudyReader) -> dict[str, list[dict[str, Any]]]:
    """Rows of `tone_by_week` and `tone_by_hashtag`, each with its difference from the mean of all scored clips.

    Of hashtags, those with most scored clips.
    """
    weeks = query_rows(reader, "tone_by_week")
    hashtags = _most_used(query_rows(reader, "tone_by_hashtag"))
    for model in sorted({row["model"] for row in (*weeks, *hashtags)}):
        clips = reader.arrow(SCORED, {"model": model}).to_pylist(maps_as_pydicts="strict")
        for rows, named in ((weeks, _weeks_of), (hashtags, _hashtags_of)):
            _add_differences([row for row in rows if row["model"] == model], clips, named)
    return {"weeks": weeks, "hashtags": hashtags}


def _most_used(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the hashtags with most scored clips; they come in that order."""
    chosen = list(dict.fromkeys(row["hashtag"] for row in rows))[:TOP_HASHTAGS]
    return [row for row in rows if row["hashtag"] in chosen]


def _weeks_of(clip: Mapping[str, Any]) -> Sequence[Any]:
    return (clip["week"],)


def _hashtags_of(clip: Mapping[str, Any]) -> Sequence[Any]:
    return clip["hashtags"] or ()


def _add_differences(rows: Sequence[dict[str, Any]], clips: Sequence[Mapping[str, Any]], named: Any) -> None:
    """Put difference and interval into the rows of one model."""
    if not rows:
        return
    group = "week" if "week" in rows[0] else "hashtag"
    tones = sorted({row["tone"] for row in rows})
    places: dict[Any, list[int]] = {row[group]: [] for row in rows}
    for place, clip in enumerate(clips):
        for name in dict.fromkeys(named(clip)):
            if name in places:
                places[name].append(place)
    values = np.array([[clip["probabilities"].get(tone, 0.0) for tone in tones] for clip in clips], dtype=np.float64)
    clusters = np.array([clip["author"] for clip in clips], dtype=np.str_)
    indices: list[NDArray[np.int64]] = [np.array(found, dtype=np.int64) for found in places.values()]
    found = {
        (tone, name): interval
        for tone, intervals in zip(tones, from_mean(values, clusters, indices), strict=True)
        for name, interval in zip(places, intervals, strict=True)
    }
    for row in rows:
        one = without_few(found[row["tone"], row[group]], np.unique(clusters[places[row[group]]]).size)
        is_drawn = row["clips_scored"] >= LEAST_CLIPS
        row |= {
            "difference": one.value,
            "low": one.low if is_drawn else None,
            "high": one.high if is_drawn else None,
            "reason": one.reason if is_drawn else "few_clips",
        }
