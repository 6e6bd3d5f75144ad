"""Databases of older versions: copied, brought to this version all or nothing, and run on; newer ones are refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.errors import DiskFull, StoreError
from pipeline.records import STUDY_ROWS
from pipeline.records.runs import LEDGER_ROWS, PRIVATE_ROWS
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stages import STAGES
from pipeline.store import connect, migrations, schema
from pipeline.store.connect import open_database
from pipeline.store.database_files import COPIES
from pipeline.store.store import Store
from pipeline.study.keys import key_for
from tests.support import rig

SHAPES = sorted((Path(__file__).parent / "schemas").glob("*.sql"))
KINDS = (*STUDY_ROWS, *(kind for stage in STAGES for kind in stage.tables), *LEDGER_ROWS, *PRIVATE_ROWS)

Content = dict[str, list[tuple[object, ...]]]


def made(path: Path, shape: Path) -> Content:
    """A database as an older version left it; gives what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(shape.read_text(encoding="utf-8"))
    return content(path)


def content(path: Path) -> Content:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [
            name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        ]
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob(COPIES))


def test_there_is_a_database_of_each_past_shape() -> None:
    assert len(SHAPES) >= 10
    versions = set()
    for shape in SHAPES:
        with duckdb.connect() as connection:
            connection.execute(shape.read_text(encoding="utf-8"))
            versions |= set(connection.execute("SELECT version FROM schema_version").fetchall())
    skipped = {(2,)}  # versions 2 and 3 came together: nothing was ever written with 2
    assert versions == {(number,) for number in range(1, migrations.CURRENT)} - skipped, "add the last one to schemas/"


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.stem)
def test_an_older_database_gets_its_columns_and_its_copy_stays(tmp_path: Path, shape: Path) -> None:
    path = tmp_path / "study.duckdb"
    before = made(path, shape)
    open_database(path, KINDS).close()
    assert [content(copy) for copy in copies(path)] == [before]
    now = content(path)
    assert {kind.table for kind in KINDS} <= set(now)
    assert {name: len(rows) for name, rows in before.items()} == {name: len(now[name]) for name in before}
    with duckdb.connect(str(path), read_only=True) as connection:
        assert not schema.lacks_columns(connection, KINDS)
        assert connection.execute("SELECT clip_id, platform FROM clips").fetchall() == [("file:clip0.wav", "file")]
    open_database(path, KINDS).close()
    assert len(copies(path)) == 1, "the second time nothing is older"


@pytest.mark.slow
@pytest.mark.parametrize("shape", [*SHAPES[:3], SHAPES[-1]], ids=lambda shape: shape.stem)
def test_a_study_of_an_older_version_runs_on(tmp_path: Path, shape: Path) -> None:
    study = rig.study_of(tmp_path, 2)
    made(study.folder.working, shape)
    key_for(study.file.name)  # the older version made it
    report = run_study(study, executor=LocalExecutor(0), stages=rig.STAGES)
    assert report.passed["double"] == 2
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        found = connection.execute("SELECT clip_id, kind FROM clips ORDER BY ALL").fetchall()
    assert found == [("file:clip0.wav", "file"), ("file:clip00000.wav", "file"), ("file:clip00001.wav", "file")]


@pytest.mark.slow
def test_a_migration_that_breaks_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.duckdb"
    before = made(path, SHAPES[0])
    steps = {2: "ALTER TABLE clips ADD COLUMN one BIGINT", 3: "ALTER TABLE nowhere ADD COLUMN two BIGINT"}
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    monkeypatch.setattr(migrations, "CURRENT", 3)
    for _ in range(2):
        with pytest.raises(duckdb.Error, match="nowhere"):
            open_database(path, KINDS)
        assert content(path) == before
        assert [content(copy) for copy in copies(path)] == [before], "a second try adds no second copy"
    monkeypatch.setattr(migrations, "MIGRATIONS", {**steps, 3: "UPDATE clips SET one = 7"})
    open_database(path, KINDS).close()
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT one, version FROM clips, schema_version").fetchall() == [(7, 3)]


def test_without_room_for_the_copy_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.duckdb"
    before = made(path, SHAPES[0])

    def full(_: Path, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(connect.shutil, "copyfile", full)
    with pytest.raises(DiskFull):
        open_database(path, KINDS)
    assert content(path) == before
    assert [file.name for file in tmp_path.iterdir()] == ["study.duckdb"]


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "study.duckdb"
    made(path, SHAPES[0])
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE schema_version SET version = $newer", {"newer": migrations.CURRENT + 1})
    before = content(path)
    with pytest.raises(StoreError, match=f"version {migrations.CURRENT + 1}"):
        open_database(path, KINDS)
    assert content(path) == before
    assert copies(path) == []


def test_a_new_database_and_one_of_this_version_need_no_copy(tmp_path: Path) -> None:
    for _ in range(2):
        Store(tmp_path / "work" / "study.duckdb", STAGES).close()
    assert copies(tmp_path / "work" / "study.duckdb") == []


def test_a_new_database_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.duckdb"

    def full(part: Path, _: Path) -> None:
        raise OSError(28, f"No space left on device: {part}")

    with monkeypatch.context() as patch:
        patch.setattr(connect.files, "put", full)
        with pytest.raises(DiskFull):
            open_database(path, KINDS)
    assert list(tmp_path.iterdir()) == []
    path.with_name("study.duckdb.part").write_bytes(b"half of one, from a kill")
    open_database(path, KINDS).close()
    assert [file.name for file in tmp_path.iterdir()] == ["study.duckdb"]


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.duckdb").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError, match=r"study\.duckdb"):
        open_database(tmp_path / "study.duckdb", KINDS)
