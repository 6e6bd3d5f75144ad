"""Rows of a study clip by clip."""

from __future__ import annotations

import pyarrow as pa

from pipeline.results.report.relations import Relation


def test_a_clip_has_all_its_rows_however_they_are_stored_in_pieces() -> None:
    pieces = [["a", "a", "b"], [], ["b"], ["b", "c"]]
    table = pa.table({"clip_id": pa.chunked_array(pieces, pa.string()), "number": range(6)})
    relation = Relation(table)
    assert relation.clip_ids == ["a", "b", "c"]
    found = {clip_id: [row["number"] for row in relation.of(clip_id)] for clip_id in relation.clip_ids}
    assert found == {"a": [0, 1], "b": [2, 3, 4], "c": [5]}
    assert relation.of("d") == []
