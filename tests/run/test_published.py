"""What a run shows to readers: whole files, and nothing that is not theirs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.errors import DiskFull
from pipeline.results.study import StudyReader
from tests.support.small_runs import four_sounds, go, load, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return four_sounds(tmp_path)


@pytest.mark.slow
def test_a_full_disk_while_publishing_leaves_the_old_file_and_no_rests(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load(folder)
    go(study)

    def full(*_: object) -> None:
        (study.folder.root / "study.part.wal").write_text("half a log")
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr("pipeline.store.publish.duckdb_file._sync", full)
    with pytest.raises(DiskFull):
        go(load(folder, "[length]\nfactor = 4\n"))
    monkeypatch.undo()
    assert rows(study, "SELECT max(halves) FROM lengths") == [(8,)]
    assert not list(study.folder.root.glob("*.part*"))
    go(load(folder, "[length]\nfactor = 4\n"))
    assert rows(study, "SELECT max(halves) FROM lengths") == [(16,)]


@pytest.mark.slow
def test_readers_see_a_whole_file_while_a_run_goes_on(folder: Path) -> None:
    study = load(folder)
    go(study)
    reader = StudyReader(study.folder.root)
    go(load(folder, "[length]\nfactor = 4\n"))
    assert reader.sql("SELECT max(halves) AS most FROM lengths")["most"][0] == 8, "an open reader keeps its snapshot"
    assert StudyReader(study.folder.root).sql("SELECT max(halves) AS most FROM lengths")["most"][0] == 16


@pytest.mark.slow
def test_neither_paths_nor_traces_are_published(folder: Path) -> None:
    study = load(folder, '[length]\ntrouble = "clip0=raise"\n')
    go(study)
    tables = {name for (name,) in rows(study, "SELECT table_name FROM duckdb_tables()")}
    assert "attempts" in tables
    assert not tables & {"sources", "traces"}
    assert str(folder).encode() not in study.folder.published.read_bytes()


@pytest.mark.slow
def test_every_column_has_its_comment_in_the_database(folder: Path) -> None:
    study = load(folder)
    go(study)
    bare = rows(
        study,
        "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) "
        "WHERE duckdb_columns.comment IS NULL AND table_name <> 'schema_version'",
    )
    assert bare == []


@pytest.mark.slow
def test_views_of_another_version_are_replaced_though_nothing_else_is_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load(folder)
    go(study)
    monkeypatch.setattr("pipeline.store.tables.queries_digest", lambda: "another")
    before = study.folder.published.stat().st_mtime_ns
    assert go(study).idle
    assert study.folder.published.stat().st_mtime_ns > before
    again = study.folder.published.stat().st_mtime_ns
    assert go(study).idle
    assert study.folder.published.stat().st_mtime_ns == again


@pytest.mark.slow
def test_what_a_crash_left_unpublished_is_published_by_the_next_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(load(folder))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.store.store.Store.publish", crash)
    with pytest.raises(KeyboardInterrupt):
        go(load(folder, "[length]\nfactor = 4\n"))
    monkeypatch.undo()
    assert go(load(folder, "[length]\nfactor = 4\n")).idle
    assert rows(load(folder), "SELECT max(halves) FROM lengths") == [(16,)]
