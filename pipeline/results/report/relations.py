"""The rows of a study clip by clip: each table or view is read once and cut where the clip changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyarrow.compute import run_end_encode

from pipeline.results.study import StudyReader
from pipeline.store.queries import get_query

#: Tables and views with a column `clip_id`, and the order of their rows within a clip.
ORDER = {
    "clip_overview": (),
    "clips": (),
    "clip_tone": ("model",),
    "clip_evidence": ("model",),
    "audio": (),
    "segment_overview": ("segment",),
    "words": ("word_index",),
    "region_evidence": ("region",),
    "emotions": ("model", "region"),
    "acoustics": ("region",),
    "sound_tags": ("mean_score DESC", "tag"),
    "text_features": ("channel",),
    "last_attempts": ("attempt_id",),
    "provenance": ("source", "file_row"),
}
WORD = ("word", "start_s", "end_s", "segment")  # what a page knows of a word
COLUMNS = {"words": ("clip_id", *WORD)}  # of tables with many rows; of others all are read


class Relation:
    """One table or view in the order of its clips."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._spans: dict[str, tuple[int, int]] = {}
        end = 0
        for chunk in table.column("clip_id").chunks:
            runs, offset = run_end_encode(chunk), end
            for clip_id, run_end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
                start, length = self._spans.get(clip_id, (end, 0))  # a clip may go on in the next chunk
                self._spans[clip_id] = (start, length + offset + run_end - end)
                end = offset + run_end

    def of(self, clip_id: str) -> list[dict[str, Any]]:
        """The rows of one clip; maps as dictionaries."""
        start, length = self._spans.get(clip_id, (0, 0))
        rows: list[dict[str, Any]] = self._table.slice(start, length).to_pylist(maps_as_pydicts="strict")
        return rows

    def rows(self) -> list[dict[str, Any]]:
        """All rows."""
        rows: list[dict[str, Any]] = self._table.to_pylist(maps_as_pydicts="strict")
        return rows

    @property
    def clip_ids(self) -> list[str]:
        """The clips that have rows, in order."""
        return list(self._spans)


def read_relations(reader: StudyReader, names: Iterable[str] = tuple(ORDER)) -> dict[str, Relation]:
    """Tables and views by name; `UserError` where the study was published by an older version that has not all."""
    return {
        name: Relation(reader.arrow(f"SELECT {_columns(name)} FROM {name} ORDER BY {_order(name)}", {}))  # noqa: S608 - our own names
        for name in names
    }


def _columns(name: str) -> str:
    return ", ".join(COLUMNS.get(name, ("*",)))


def _order(name: str) -> str:
    return ", ".join(("clip_id", *ORDER[name]))


def query_rows(reader: StudyReader, name: str, **parameters: str) -> list[dict[str, Any]]:
    """The rows of a query of cliptone, maps as dictionaries."""
    query = get_query(name)
    rows: list[dict[str, Any]] = reader.arrow(query.sql, query.bind(parameters)).to_pylist(maps_as_pydicts="strict")
    return rows
