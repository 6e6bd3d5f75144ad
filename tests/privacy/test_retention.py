"""Nothing expires before its day; after it each class goes by itself, and texts leave no byte."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StudyBusy, UserError
from pipeline.privacy.retention import due, expire
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.publish.parquet import choose
from pipeline.store.publish.parquet_files import Manifest, ParquetFolder
from pipeline.store.store import Store
from pipeline.study import audit_log
from pipeline.study.config import Study, load_study
from pipeline.study.keys import key_for, key_state
from pipeline.study.lock import held
from pipeline.study.retention_day import days_left
from pipeline.study.shard import Shard
from tests.support.people_study import AUTHORS, POSTS_EACH, caption_of, clip_id, people_study, words_of

LAST = date(2026, 6, 30)
AFTER = date(2026, 7, 1)
CLIPS = len(AUTHORS) * POSTS_EACH


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return people_study(tmp_path_factory.mktemp("whole"), "kept", f"[privacy]\nretain_until = {LAST}\n")


@pytest.fixture
def study(whole: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    shutil.copytree(whole.file.path.parent, tmp_path, dirs_exist_ok=True)
    key = key_for(whole.file.name)
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / f"{whole.file.name}.key").write_bytes(key)
    return load_study(tmp_path / whole.file.path.name, BY_NAME)


def test_days_are_counted_with_the_last_one(study: Study) -> None:
    assert days_left(study.file, date(2026, 6, 20)) == 10
    assert days_left(study.file, LAST) == 0
    assert days_left(study.file, AFTER) == -1


def test_nothing_goes_before_its_day_nor_without_one(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"{LAST}.* 0 days are"):
        expire(study, ["everything"], LAST)
    (tmp_path / "open.toml").write_text('name = "open"\n[[sources]]\nfolder = "clips"\n')
    endless = load_study(tmp_path / "open.toml", BY_NAME)
    assert days_left(endless.file) is None
    with pytest.raises(UserError, match="retain_until"):
        expire(endless, ["everything"], AFTER)
    assert study.folder.audio_path(clip_id(0, 0)).exists()


def test_nothing_goes_while_shards_hold_copies(study: Study) -> None:
    (study.folder.shards / Shard(2, 1).folder).mkdir(parents=True)
    with pytest.raises(UserError, match=r"merge .* --remove"):
        expire(study, ["everything"], AFTER)
    assert study.folder.audio_path(clip_id(0, 0)).exists()
    assert study.folder.published.exists()
    assert key_state(study.file.name).state == "here"


def test_looking_first_counts_files_and_deletes_none(study: Study) -> None:
    found = {one.what: one.files for one in due(study.folder, ["media", "audio", "text", "key"])}
    assert found == {"media": 2 * CLIPS, "audio": CLIPS, "text": 0, "key": 1}
    assert due(study.folder, ["audio"])[0].bytes == CLIPS * len(b"RIFF")
    assert study.folder.audio_path(clip_id(0, 0)).exists()
    assert key_state(study.file.name).state == "here"


def test_looking_first_counts_the_texts_that_would_go(study: Study) -> None:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        ((texts,),) = connection.execute(
            "SELECT (SELECT count(caption) + count(sound_title) + count(sound_artist) FROM clips)"
            " + (SELECT count(text) FROM transcripts) + (SELECT count(text) FROM segments)"
            " + (SELECT count(text) FROM platform_captions)"
        ).fetchall()
    found = {one.what: one.texts for one in due(study.folder, ["audio", "text", "everything"])}
    assert texts >= 2 * CLIPS, "a caption and a transcript of each"
    assert found == {"audio": None, "text": texts, "everything": texts}


def test_a_class_goes_and_the_others_stay(study: Study) -> None:
    expire(study, ["media"], AFTER)
    assert not study.folder.media.exists()
    assert study.folder.audio_path(clip_id(0, 0)).exists()
    assert words_of(0, 0).encode() in study.folder.working.read_bytes()
    expire(study, ["audio"], AFTER)
    assert not study.folder.audio_path(clip_id(0, 0)).exists()


@pytest.mark.slow
def test_texts_leave_no_byte_and_numbers_stay(study: Study) -> None:
    (study.folder.root / "report").mkdir()
    for name in ("20260101-restricted", "20260101-aggregate"):
        (study.folder.root / "exports" / name).mkdir(parents=True)
        (study.folder.root / "exports" / name / "t.csv").write_text(words_of(0, 0))
    expire(study, ["text"], AFTER)
    texts = [text(author, post).encode() for text in (words_of, caption_of) for author in (0, 3) for post in (0, 2)]
    for path in (study.folder.working, study.folder.published):
        assert not [text for text in texts if text in path.read_bytes()]
    assert [path.name for path in (study.folder.root / "exports").iterdir()] == ["20260101-aggregate"]
    assert not (study.folder.root / "report").exists()
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT caption) FROM clips").fetchall() == [(CLIPS, 1)]
        assert connection.execute("SELECT count(*) FROM speech_embeddings").fetchall() == [(CLIPS,)]


def test_the_key_is_destroyed_not_merely_deleted(study: Study) -> None:
    expire(study, ["key"], AFTER)
    assert key_state(study.file.name).state == "destroyed"
    with pytest.raises(UserError, match="destroyed"):
        key_for(study.file.name)


def test_everything_goes_but_the_audit_log_and_receipts(study: Study) -> None:
    audit_log.note(study.folder, "run", {"new": CLIPS})
    (study.folder.root / "receipts").mkdir()
    (study.folder.root / "receipts" / "forget.json").write_text("{}")
    expire(study, ["everything"], AFTER)
    left = sorted(
        path.relative_to(study.folder.root).as_posix() for path in study.folder.root.rglob("*") if path.is_file()
    )
    assert [name for name in left if not name.endswith(".lock")] == [
        "audit.jsonl",
        "receipts/forget.json",
        "work/audit_end.json",
    ]
    assert audit_log.verify(study.folder).broken is None
    assert key_state(study.file.name).state == "destroyed"


@pytest.mark.slow
def test_everything_goes_where_results_lie_as_parquet_files_outside_the_study_too(study: Study, tmp_path: Path) -> None:
    readers = tmp_path / "readers"
    choose(study.folder.working, study.file.name, str(readers))
    store = Store(study.folder.working, STAGES)
    with store.change():
        store.tables.forget_publications([])
    store.publish(study.folder.published)
    store.close()
    inside = sum(1 for path in study.folder.root.rglob("*") if path.is_file() and path.name != "run.lock")
    outside = sum(1 for path in readers.rglob("*") if path.is_file())
    assert outside > 1
    (said,) = due(study.folder, ["everything"])
    assert said.files == inside + outside
    expire(study, ["everything"], AFTER)
    assert not readers.exists()


def test_a_folder_of_another_studys_files_stays(study: Study, tmp_path: Path) -> None:
    readers = tmp_path / "readers"
    choose(study.folder.working, study.file.name, str(readers))
    readers.mkdir()
    ParquetFolder(str(readers)).swap(Manifest("another", 1, "2026-01-01T00:00:00", 1, {}))
    expire(study, ["everything"], AFTER)
    assert (readers / "manifest.json").exists()


def test_a_study_that_a_run_holds_is_left_alone(study: Study) -> None:
    with held(study.folder), pytest.raises(StudyBusy):
        expire(study, ["audio"], AFTER)
    assert study.folder.audio_path(clip_id(0, 0)).exists()
