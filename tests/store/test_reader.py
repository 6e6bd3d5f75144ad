"""A reader says why a question has no answer: a mistake in it, results of another version, or none yet."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError, UserError
from pipeline.records import ClipRow
from pipeline.stages import STAGES
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from tests.support.small_study import row


@pytest.mark.slow
@pytest.mark.parametrize("change", ["UPDATE publications SET views_sha256 = 'older'", "DROP TABLE publications"])
def test_results_of_another_version_that_lack_what_is_asked_for_are_said_to_be_that(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "study.duckdb"
    with Store(tmp_path / "work" / "study.duckdb", STAGES) as store:
        store.add([row(ClipRow, clip_id="tiktok:1", platform="tiktok")])
        store.publish(path)
    with ResultsReader(path) as reader, pytest.raises(UserError, match="cannot run"):
        reader.arrow("FROM no_such_view", {})
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    with ResultsReader(path) as reader:
        for statement in ("FROM no_such_view", "SELECT no_such_column FROM clips"):
            with pytest.raises(UserError, match="another version"):
                reader.arrow(statement, {})
        with pytest.raises(UserError, match="cannot run"):
            reader.arrow("SELEC 1", {})
        assert reader.arrow("SELECT count(*) AS n FROM clips", {})["n"].to_pylist() == [1]


def test_a_study_that_is_being_made_is_not_called_empty(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cliptone run"):
        ResultsReader(tmp_path / "study.duckdb")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "study.duckdb").write_bytes(b"")
    with pytest.raises(StoreError, match="goes on, or was stopped"):
        ResultsReader(tmp_path / "study.duckdb")
