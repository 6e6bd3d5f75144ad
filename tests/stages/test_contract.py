"""One contract for the whole registry: what each stage must keep, whatever it does."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.records import STUDY_ROWS, Row
from pipeline.records.runs import LEDGER_ROWS
from pipeline.stage import Options, Stage
from pipeline.stages import STAGES
from pipeline.store.schema import columns
from pipeline.study.config import Study

ALL_ROWS: list[type[Row]] = [*STUDY_ROWS, *LEDGER_ROWS, *(row for stage in STAGES for row in stage.tables)]
stages = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
kinds = pytest.mark.parametrize("kind", ALL_ROWS, ids=lambda kind: kind.table)


@pytest.fixture(scope="module")
def connection(demo: Study) -> Any:
    with duckdb.connect(str(demo.folder.published), read_only=True) as opened:
        yield opened


@stages
def test_a_stage_is_well_made(stage: type[Stage]) -> None:
    assert stage.name == Path(__import__(stage.__module__, fromlist=["x"]).__file__ or "").stem
    assert issubclass(stage.Options, Options)
    assert stage.version >= 1
    assert stage.tables
    earlier = [other.name for other in STAGES[: STAGES.index(stage)]]
    assert set(stage.needs) <= set(earlier), "a stage needs only earlier ones"


def test_names_and_tables_are_unique() -> None:
    assert len({stage.name for stage in STAGES}) == len(STAGES)
    assert len({kind.table for kind in ALL_ROWS}) == len(ALL_ROWS)


@kinds
def test_rows_carry_their_meaning(kind: type[Row]) -> None:
    assert dataclasses.is_dataclass(kind)
    assert (kind.__doc__ or "").strip().endswith(".")
    assert set(kind.grain) <= {column.name for column in columns(kind)}
    for column in columns(kind):
        assert column.doc, f"{kind.table}.{column.name} says nothing"
        assert column.name != "at", "reserved in DuckDB"
        if column.name.endswith(("_s", "_hz", "_db", "_lufs")):
            assert column.unit, f"{kind.table}.{column.name} has no unit"


@kinds
@pytest.mark.model
def test_the_grain_holds(kind: type[Row], connection: Any) -> None:
    names = ", ".join(kind.grain)
    twice = connection.execute(f"SELECT {names} FROM {kind.table} GROUP BY ALL HAVING count(*) > 1").fetchall()
    assert twice == []


@kinds
@pytest.mark.model
def test_unknown_is_null_with_a_reason_never_a_number_that_is_none(kind: type[Row], connection: Any) -> None:
    for row in connection.execute(f"FROM {kind.table}").fetchall():
        for value in row:
            values = value if isinstance(value, list) else [value]
            assert not any(isinstance(number, float) and not math.isfinite(number) for number in values)


@pytest.mark.model
@pytest.mark.parametrize(
    ("table", "value", "reason"),
    [
        ("transcripts", "text", "reason"),
        ("speech_embeddings", "embedding", "reason"),
        ("emotions", "label", "reason"),
        ("evidence", "music_share", "music_reason"),
        ("text_features", "sentiment", "sentiment_reason"),
    ],
)
def test_either_a_value_or_a_reason(table: str, value: str, reason: str, connection: Any) -> None:
    both_or_none = connection.execute(f"FROM {table} WHERE ({value} IS NULL) <> ({reason} IS NOT NULL)").fetchall()
    assert both_or_none == []


@pytest.mark.model
@stages
def test_every_clip_ends_every_stage_it_reaches(stage: type[Stage], connection: Any, demo: Study) -> None:
    reached = connection.execute(
        "SELECT count(*) FROM (SELECT clip_id FROM attempts WHERE stage = $stage GROUP BY ALL)", {"stage": stage.name}
    ).fetchall()[0][0]
    clips = connection.execute("SELECT count(*) FROM clips").fetchall()[0][0]
    lost = connection.execute(
        "SELECT count(*) FROM failures JOIN clips USING (clip_id) WHERE stage IN ('download', 'audio')"
        " AND NOT ($reads_captions AND reason = 'no_audio' AND caption IS NOT NULL)",
        {"reads_captions": stage.uses_caption},
    ).fetchall()[0][0]
    assert reached == (clips if stage.name in ("download", "audio") else clips - lost)
