"""The tables exported at `aggregate` and at `ids-only`: means of groups, and the ids of posts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.results.codebook import Entry, Variable
from pipeline.results.export.coarsen import rounded
from pipeline.results.export.tables import ExportTable, Suppressed
from pipeline.results.study import StudyReader
from pipeline.store.queries import read_query

MIN_AUTHORS_OF_CELL = 5
MEANS = Path(__file__).with_name("means.sql")
SQL_TYPES = {"mean": "DOUBLE", "clips": "BIGINT", "authors": "BIGINT"}
IDS = """
    SELECT platform, clip_id, substr(clip_id, strpos(clip_id, ':') + 1) AS post_id, clip_id LIKE 'file:%' AS is_file
    FROM clips
    WHERE clip_id NOT IN (SELECT unnest($tombstoned::VARCHAR[])) AND clip_id NOT IN (SELECT clip_id FROM exclusions)
    ORDER BY clip_id
"""


def read_means(reader: StudyReader, tombstones: Sequence[str]) -> tuple[list[ExportTable], list[Suppressed]]:
    """Means and counts by hashtag, language, platform and week, of cells with at least five known authors."""
    query = read_query(MEANS)
    cells = reader.arrow(query.sql, {"tombstoned": list(tombstones), "least": MIN_AUTHORS_OF_CELL})
    shown = cells.filter(cells["is_shown"]).drop_columns(["is_shown"])
    place = shown.column_names.index("mean")
    shown = shown.set_column(place, "mean", rounded(shown["mean"].cast(pa.float64())))
    header = dict(line.split(": ", 1) for line in query.header.splitlines())
    variables = tuple(_column_variable(name, query.column_docs[name]) for name in shown.column_names)
    entry = Entry("table", "means", "a query", header["grain"], header["what"], (f"caution: {header['caution']}",),
                  variables)  # fmt: skip
    why = (
        f"cells with fewer than {MIN_AUTHORS_OF_CELL} known authors, and the smallest other cell where one alone "
        "would be missing"
    )
    held = [
        Suppressed(f"means: {grouping}", why, count, "cells")
        for grouping, count in _count_by_grouping(cells.filter(pc.invert(cells["is_shown"]))["grouping"])
    ]
    return [ExportTable(entry, shown)] if shown.num_rows else [], held or [Suppressed("means", why, 0, "cells")]


def read_ids(reader: StudyReader, tombstones: Sequence[str]) -> tuple[list[ExportTable], list[Suppressed]]:
    """Platform and post id of all posts that no filter excludes; a file without a post has none."""
    found = reader.arrow(IDS, {"tombstoned": list(tombstones)})
    ids = found.filter(pc.invert(found["is_file"])).drop_columns(["is_file"])
    variables = (
        Variable("platform", "VARCHAR", False, "", "tiktok, instagram, youtube or another site's name"),
        Variable("clip_id", "VARCHAR", False, "", "platform and post id: no program takes it for a number"),
        Variable("post_id", "VARCHAR", False, "", "the platform's id of the post, always text"),
    )
    meaning = "The posts of the study, so that others can collect them while they are public."
    entry = Entry("table", "ids", "the study", "one row per `clip_id`", meaning, (), variables)
    held = [Suppressed("ids", "local files without a post id", found.num_rows - ids.num_rows, "clips")]
    return [ExportTable(entry, ids, ("clip_id",))] if ids.num_rows else [], held


def _column_variable(name: str, doc: str) -> Variable:
    meaning, _, unit = doc.removesuffix("]").partition(" [")
    return Variable(name, SQL_TYPES.get(name, "VARCHAR"), True, unit, meaning)


def _count_by_grouping(groupings: pa.ChunkedArray) -> list[tuple[str, int]]:
    counted = pc.value_counts(groupings).to_pylist()
    return sorted((one["values"], one["counts"]) for one in counted)
