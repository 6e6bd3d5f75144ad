"""The comparison of engines, and what waves allow, by numbers that are known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.records.runs import AttemptRow
from pipeline.research.bench.chunks import busy_share, span, times_of
from pipeline.research.bench.engines import differing, lines, some_clips
from pipeline.stages import STAGES
from pipeline.stages.audio import Audio
from pipeline.stages.evidence import Evidence
from pipeline.store import schema


def test_the_ratio_is_that_of_medians_with_and_without_the_start() -> None:
    found = lines({"local": [9.0, 10.0, 50.0], "ray": [14.0, 90.0, 13.0]}, 2.0, 60, ["words"])
    assert "ratio 1.40" in found[0]
    assert "the ratio is 1.20" in found[1]
    assert found[2] == "tables that differ: words"


def test_differing_tables_are_named_whatever_the_order_of_rows(tmp_path: Path) -> None:
    tables = {"clips", *(kind.table for stage in STAGES for kind in stage.tables)}
    for name, order, word in (("one", "ASC", "a"), ("same", "DESC", "a"), ("other", "ASC", "b")):
        (tmp_path / name).mkdir()
        with duckdb.connect(str(tmp_path / name / "study.duckdb")) as connection:
            for table in tables:
                text = word if table == "words" else "a"
                connection.execute(f"CREATE TABLE {table} AS SELECT n, '{text}' FROM range(5) t(n) ORDER BY n {order}")
    assert differing(tmp_path / "one", tmp_path / "same") == []
    assert differing(tmp_path / "one", tmp_path / "other") == ["words"]


def test_clips_are_taken_from_all_over_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.research.bench.corpus import Reference

    built = tmp_path / "built"
    built.mkdir()
    references = [Reference(f"{n}.mp4", "speech", "en", 1, 1.0, "x") for n in range(10)]
    for reference in references:
        (built / reference.file).write_bytes(b"")
    monkeypatch.setattr("pipeline.research.bench.corpus.build", lambda folder: references)
    some_clips(tmp_path / "some", 5, built)
    assert sorted(path.name for path in (tmp_path / "some").iterdir()) == [f"{n}.mp4" for n in (0, 2, 4, 6, 8)]
    some_clips(tmp_path / "some", 99, built)
    assert len(list((tmp_path / "some").iterdir())) == 10


def test_a_batch_goes_to_whoever_is_free_first() -> None:
    assert span([3.0, 1.0, 1.0, 1.0], 2) == 3.0
    assert span([1.0, 1.0, 1.0, 3.0], 2) == 4.0
    assert span([], 2) == 0.0


def test_side_by_side_and_larger_waves_keep_workers_busier() -> None:
    times = {"audio": {"a": 1.0, "b": 3.0}, "evidence": {"a": 3.0, "b": 1.0}}
    one_by_one, together = [[Audio], [Evidence]], [[Audio, Evidence]]
    small = busy_share(times, one_by_one, 16, 64)
    assert small < busy_share(times, together, 16, 64) <= 1
    assert small < busy_share(times, one_by_one, 16, 256) <= 1
    assert busy_share(times, one_by_one, 1, 64) == pytest.approx(1)


def test_times_are_those_of_attempts_that_passed(tmp_path: Path) -> None:
    path = tmp_path / "study.duckdb"
    rows = [
        AttemptRow(1, 1, "a", "audio", "f", "ok", None, None, datetime(2026, 1, 1, tzinfo=UTC), 1.5, None, None, None),
        AttemptRow(
            2,
            1,
            "b",
            "audio",
            "f",
            "failed",
            "timeout",
            "late",
            datetime(2026, 1, 1, tzinfo=UTC),
            9.0,
            None,
            None,
            None,
        ),
    ]
    with duckdb.connect(str(path)) as connection:
        schema.create_tables(connection, [AttemptRow])
        schema.insert(connection, rows)
    assert times_of(path) == {"audio": {"a": 1.5}}
