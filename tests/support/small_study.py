"""A small study whose numbers are known: rows of clips, regions, words and tones, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import duckdb

from pipeline.records import AudioRow, ClipRow, EmotionRow, EvidenceRow, Row, SpeechRegionRow, TranscriptRow, WordRow
from pipeline.records.runs import FingerprintRow
from pipeline.results.codebook import ORIGINS
from pipeline.store import schema
from pipeline.store.queries import get_query

MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001 - stored times are UTC without an offset
EMPTY = {
    "VARCHAR": "",
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "BOOLEAN": True,
    "VARCHAR[]": (),
    "TIMESTAMP": MONDAY,
    "MAP(VARCHAR, VARCHAR)": {},
}
RowT = TypeVar("RowT", bound=Row)
Region = tuple[float, float, Mapping[str, float] | None]  # start, end, probabilities


def row(kind: type[RowT], /, **values: Any) -> RowT:
    """A row with the given values; what is not given is NULL, or empty where a column may not be NULL."""
    return kind(**{c.name: None if c.nullable else EMPTY[c.sql_type] for c in schema.columns(kind)} | values)


def clip(clip_id: str, regions: Iterable[Region] = (), model: str = "one", **post: Any) -> list[Row]:
    """A clip of 10 s with its speech regions and their tone."""
    regions = list(regions)
    rows: list[Row] = [
        row(ClipRow, clip_id=clip_id, **post),
        row(AudioRow, clip_id=clip_id, duration_s=10.0),
        row(EvidenceRow, clip_id=clip_id, speech_s=sum(end - start for start, end, _ in regions)),
    ]
    for number, (start, end, _) in enumerate(regions):
        rows.append(row(SpeechRegionRow, clip_id=clip_id, region=number, start_s=start, end_s=end))
    return rows + tones(clip_id, [probabilities for _, _, probabilities in regions], model)


def tones(clip_id: str, regions: Iterable[Mapping[str, float] | None], model: str) -> list[Row]:
    """What one model hears in the regions of a clip; None is too little evidence."""
    return [
        row(EmotionRow, clip_id=clip_id, region=number, model=model, status="no_evidence", reason="too_short")
        if probabilities is None
        else row(
            EmotionRow,
            clip_id=clip_id,
            region=number,
            model=model,
            label=max(probabilities, key=lambda label: probabilities[label]),
            probability=max(probabilities.values()),
            probabilities=probabilities,
            status="scored",
        )
        for number, probabilities in enumerate(regions)
    ]


#: As the stage does it, whatever order rows were added in.
WORDS_IN_REGIONS = """
    UPDATE words SET region = speech_regions.region FROM speech_regions
    WHERE speech_regions.clip_id = words.clip_id
        AND (words.start_s + words.end_s) / 2 >= speech_regions.start_s
        AND (words.start_s + words.end_s) / 2 < speech_regions.end_s
"""


def said(clip_id: str, text: str, language: str = "en", start_s: float = 0.0) -> list[Row]:
    """A transcript whose words take half a second each."""
    times = [start_s + number / 2 for number in range(len(text.split()))]
    return [row(TranscriptRow, clip_id=clip_id, text=text, language=language)] + [
        row(WordRow, clip_id=clip_id, word_index=number, word=word, start_s=time, end_s=time + 0.5)
        for number, (word, time) in enumerate(zip(text.split(), times, strict=True))
    ]


def of(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The one row with these values."""
    found = [found for found in rows if all(found[name] == value for name, value in wanted.items())]
    assert len(found) == 1, rows
    return found[0]


def angry(probability: float) -> dict[str, float]:
    return {"angry": probability, "neutral": 1 - probability}


class SmallStudy:
    """A database in memory with all tables and views."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        schema.create_tables(self.connection, ORIGINS)
        schema.create_views(self.connection)
        self.empty()

    def empty(self) -> None:
        """As it was at first: no rows, but that emotion was run with two models."""
        for kind in ORIGINS:
            self.connection.execute(f"DELETE FROM {kind.table}")
        self.add([row(FingerprintRow, fingerprint="e", stage="emotion", options='{"models": ["one", "two"]}')])

    def add(self, *groups: Iterable[Row]) -> None:
        for group in groups:
            for one in group:
                schema.insert(self.connection, [one])

    def ask(self, name: str, /, **parameters: str) -> list[dict[str, Any]]:
        query = get_query(name)
        self.connection.execute(WORDS_IN_REGIONS)
        self.connection.execute(query.sql, query.bind(parameters))
        names = [column[0] for column in self.connection.description or ()]
        return [dict(zip(names, found, strict=True)) for found in self.connection.fetchall()]
