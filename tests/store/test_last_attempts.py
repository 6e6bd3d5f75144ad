"""The view `last_attempts` against attempts in any order, and what is pending against the view."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from pipeline.errors import RETRYABLE, Reason
from pipeline.records.runs import AttemptRow
from pipeline.stages import STAGES
from pipeline.store import pending
from pipeline.store.connect import read_only
from pipeline.store.pending import Mark, marks
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from pipeline.store.tables import now

CLIPS = [f"tiktok:{number}" for number in range(40)]
PLANS: list[Any] = [SimpleNamespace(name=name, fingerprint=f"{name} now") for name in ("download", "audio", "emotion")]
OUTCOMES = [("ok", None), ("failed", Reason.NO_AUDIO), ("failed", min(RETRYABLE)), ("stale", None)]


def attempts() -> list[AttemptRow]:
    """Many attempts on few clips, under the current and an older configuration."""
    chance = random.Random(3)
    found = []
    for number in range(1, 400):
        plan, (status, reason) = chance.choice(PLANS), chance.choice(OUTCOMES)
        fingerprint = chance.choice([plan.fingerprint, "another"])
        clip_id = chance.choice(CLIPS)
        found.append(
            AttemptRow(number, 1, clip_id, plan.name, fingerprint, status, reason, None, now(), 1.0, None, None, None)
        )
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "study.duckdb", STAGES) as opened:
        rows = attempts()
        random.Random(4).shuffle(rows)
        opened.add(rows)
        yield opened


def last_of_each() -> dict[tuple[str, str], AttemptRow]:
    return {(row.clip_id, row.stage): row for row in attempts()}


def test_the_last_attempt_of_each_stage_on_each_clip_counts_with_all_that_is_known_of_it(store: Store) -> None:
    found = store.tables.arrow("SELECT clip_id, stage, attempt_id, status, reason FROM last_attempts").to_pylist()
    assert {(row["clip_id"], row["stage"]): (row["attempt_id"], row["status"], row["reason"]) for row in found} == {
        place: (row.attempt_id, row.status, row.reason) for place, row in last_of_each().items()
    }
    assert len(found) == len(last_of_each())


def test_what_is_pending_follows_the_same_attempts(store: Store) -> None:
    last = last_of_each()
    rows = {row["clip_id"]: row for row in store.tables.arrow(marks(PLANS)).to_pylist()}
    for number, plan in enumerate(PLANS):
        passed = {name for (name, stage), row in last.items() if stage == plan.name and _has_passed(row)}
        assert pending.passed(store.tables, plan) == passed
        assert {name for name, row in rows.items() if (row[f"last_{number}"] or 0) % 4 == Mark.DONE} == passed
        numbers = {name: row[f"last_{number}"] // 4 for name, row in rows.items() if row[f"last_{number}"]}
        assert numbers == {name: row.attempt_id for (name, stage), row in last.items() if stage == plan.name}
        assert pending.passed(store.tables, plan, CLIPS[:9]) == passed & set(CLIPS[:9])


def _has_passed(row: AttemptRow) -> bool:
    return row.status == "ok" and row.fingerprint != "another"


@pytest.mark.slow
def test_working_and_published_databases_show_it_alike_and_those_of_older_versions_too(
    store: Store, tmp_path: Path
) -> None:
    store.publish(tmp_path / "published.duckdb")
    sql = "SELECT attempt_id FROM last_attempts ORDER BY attempt_id"
    stored = store.tables.arrow(sql)
    store.close()
    with read_only(tmp_path / "study.duckdb") as tables:
        assert tables.arrow(sql) == stored
    with ResultsReader(tmp_path / "published.duckdb") as reader:
        assert reader.arrow("FROM duckdb_views() WHERE view_name = 'last_attempts' AND NOT temporary", {}).num_rows == 1
        assert reader.arrow(sql, {}) == stored
    with ResultsReader(tmp_path / "study.duckdb") as reader:  # as one that an older version published
        assert reader.arrow(sql, {}) == stored


def test_results_whose_attempts_lack_a_column_open_without_it(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "study.duckdb")) as connection:
        connection.execute("CREATE TABLE attempts AS SELECT 'tiktok:1' AS clip_id, 'audio' AS stage")
    with ResultsReader(tmp_path / "study.duckdb") as reader:
        assert reader.rows("FROM attempts") == [("tiktok:1", "audio")]
