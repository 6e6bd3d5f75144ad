"""Publishing: each file shows all that is stored, an open reader keeps the old one, and only changes are written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.records import STUDY_ROWS, ClipRow, MediaRow, ObservationRow, Outcome, TombstoneRow
from pipeline.records.pseudonyms import tombstone
from pipeline.records.runs import LEDGER_ROWS
from pipeline.results.study import StudyReader
from pipeline.stage import Setting, StagePlan, plan_stage
from pipeline.stages.download import Download
from pipeline.store.database_files import SPARE
from pipeline.store.publish import duckdb_file
from pipeline.store.store import Store
from tests.support.small_study import row

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = [kind.table for kind in (*STUDY_ROWS, *Download.tables, *LEDGER_ROWS) if kind.table != "publications"]
PLAN: StagePlan = plan_stage(Download, Download.Options(), Setting(), {}, {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "work" / "study.duckdb", (Download,))
    opened.begin_run("1", "digest", [PLAN])
    yield opened
    opened.close()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files of any size take turns."""
    monkeypatch.setattr(duckdb_file, "TURNS_FROM_BYTES", 0)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each file came to be: written anew, copied, or brought up to date."""
    found: list[str] = []

    def watch(name: str, what: str) -> None:
        call = getattr(duckdb_file, name)
        monkeypatch.setattr(duckdb_file, name, lambda *given: (found.append(what), call(*given))[1])

    watch("_write", "anew")
    watch("_bring_up_to_date", "changes")
    copy = duckdb_file.shutil.copyfile
    monkeypatch.setattr(duckdb_file.shutil, "copyfile", lambda *given: (found.append("copy"), copy(*given))[1])
    return found


def save(store: Store, *numbers: int, size: int = 1) -> None:
    """Store that clips were fetched."""
    with store.change():
        known = {clip.clip_id for clip in store.tables.read(ClipRow)}
        fresh = [f"tiktok:{number}" for number in numbers if f"tiktok:{number}" not in known]
        store.tables.insert([row(ClipRow, clip_id=clip_id) for clip_id in fresh])
    media = [row(MediaRow, clip_id=f"tiktok:{number}", size_bytes=size) for number in numbers]
    store.save_all(PLAN, [Outcome(one.clip_id, (one,)) for one in media])


def content(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS shown (READ_ONLY)")
        return {table: connection.execute(f"FROM shown.{table} ORDER BY ALL").fetchall() for table in TABLES}


def stored(store: Store) -> dict[str, list[Any]]:
    return {table: store.tables.connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


@pytest.mark.slow
def test_each_publication_shows_all_that_is_stored(
    store: Store, tmp_path: Path, turns: None, written: list[str]
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1, 2, 3)
    store.publish(target)
    assert written == ["anew", "copy"], "the copy is the file that waits for its turn"
    for number in range(4, 9):
        save(store, number)
        save(store, 1, size=number)  # what is there is replaced
        store.tables.observe([ObservationRow("tiktok:2", WHEN.replace(day=number), "csv", number, *[None] * 4)])
        written.clear()
        store.publish(target)
        assert written == ["changes"], "neither written anew nor copied"
        assert content(target) == stored(store)
        assert not store.unpublished


def test_small_files_are_copied_and_no_file_changes_once_it_is_replaced(
    store: Store, tmp_path: Path, written: list[str]
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1)
    store.publish(target)
    (tmp_path / "kept.duckdb").hardlink_to(target)
    before = target.read_bytes()
    for number in (2, 3):
        save(store, number)
        store.publish(target)
        assert content(target) == stored(store)
    assert written == ["anew", "copy", "changes", "copy", "changes"]
    assert (tmp_path / "kept.duckdb").read_bytes() == before
    assert not (tmp_path / "work" / SPARE).exists()


def test_a_reader_of_this_process_keeps_its_file_whatever_is_published(
    store: Store, tmp_path: Path, turns: None
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1)
    store.publish(target)
    reader = StudyReader(target)
    for number in range(2, 6):
        save(store, number)
        store.publish(target)
        assert content(target) == stored(store)
    # Asked for the first time now: what a reader has asked for before, it remembers.
    assert reader.sql("SELECT clip_id FROM media")["clip_id"].tolist() == ["tiktok:1"]
    reader.close()


@pytest.mark.slow
def test_a_reader_of_another_process_keeps_its_file_whatever_is_published(
    store: Store, tmp_path: Path, turns: None
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1)
    store.publish(target)
    code = f"""
import duckdb
connection = duckdb.connect({str(target)!r}, read_only=True)
while input():
    print(connection.execute("SELECT count(*) FROM media").fetchall()[0][0], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for number in range(2, 6):
            other.stdin.write("look\n")
            other.stdin.flush()
            assert other.stdout.readline() == "1\n"
            save(store, number)
            store.publish(target)
            assert content(target) == stored(store)
        other.stdin.write("\n")
        other.stdin.close()
        assert other.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["_bring_up_to_date", "_sync", "_have_spare"])
def test_a_publication_that_breaks_off_is_made_good_by_the_next(
    store: Store, tmp_path: Path, turns: None, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    target = tmp_path / "study.duckdb"
    for number in (1, 2):
        save(store, number)
        store.publish(target)
    before = content(target)
    save(store, 3)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(duckdb_file, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            store.publish(target)
    assert content(target) == before, "readers keep what they had"
    assert store.unpublished
    save(store, 1, size=9)
    for _ in range(2):
        store.publish(target)
        assert content(target) == stored(store)
        save(store, 4, size=5)


def test_a_file_renamed_but_not_noted_is_not_taken_for_an_older_one(
    store: Store, tmp_path: Path, turns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1)
    store.publish(target)
    save(store, 2)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(store.tables, "note_published", crash)
        with pytest.raises(KeyboardInterrupt):
            store.publish(target)
    for number in (3, 4):
        save(store, number, 1, size=number)
        store.publish(target)
        assert content(target) == stored(store)


@pytest.mark.slow
def test_a_file_of_another_database_is_replaced_as_a_whole(
    store: Store, tmp_path: Path, turns: None, written: list[str]
) -> None:
    target = tmp_path / "study.duckdb"
    save(store, 1)
    store.publish(target)
    other = Store(tmp_path / "other" / "study.duckdb", (Download,))
    other.begin_run("1", "digest", [PLAN])
    save(other, 7)
    other.publish(tmp_path / "other.duckdb")
    other.close()
    (tmp_path / "other.duckdb").replace(target)
    (tmp_path / "work" / SPARE).write_bytes(b"no database")
    written.clear()
    save(store, 2)
    store.publish(target)
    assert "anew" in written
    assert content(target) == stored(store)


def test_no_byte_of_a_forgotten_clip_stays_in_any_file(store: Store, tmp_path: Path, turns: None) -> None:
    target = tmp_path / "study.duckdb"
    for number in (1, 7_123_456_789):
        save(store, number)
        store.publish(target)
    store.forget({"tiktok:7123456789": tombstone("tiktok:7123456789", b"key")}, "decision")
    store.publish(target)
    for path in (target, tmp_path / "work" / SPARE):
        assert b"7123456789" not in path.read_bytes()
    assert store.tables.number("SELECT count(*) FROM changes WHERE clip_id = 'tiktok:7123456789'") == 0
    assert len(store.tables.read(TombstoneRow)) == 1
    assert content(target) == stored(store)


def test_what_both_files_hold_is_not_noted_for_ever(store: Store, tmp_path: Path) -> None:
    for number in range(6):
        save(store, number)
        store.publish(tmp_path / "study.duckdb")
    assert store.tables.number("SELECT count(*) FROM publications") == 2
    assert store.tables.number("SELECT count(DISTINCT publication) FROM changes") == 1
