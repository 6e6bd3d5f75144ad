"""The import that is timed stores every post of its export."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.research.bench.imports import measure

pytestmark = pytest.mark.slow
POSTS = 1_200


def test_every_post_of_the_export_is_stored(tmp_path: Path) -> None:
    cost = measure(tmp_path, POSTS)
    assert cost.posts == POSTS
    assert cost.cpu_s > 0
    assert cost.peak_mib > 50
    with duckdb.connect(str(tmp_path / "outputs" / "imports" / "study.duckdb"), read_only=True) as opened:
        sql = "SELECT count(*), count(DISTINCT author_key), count(caption), count(posted_at) FROM clips"
        assert opened.execute(sql).fetchall() == [(POSTS, POSTS, POSTS, POSTS)]
