"""Parquet files as a study's results: the same answers, only changed buckets written, and whole states alone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from pipeline import open_study
from pipeline.errors import ConfigError, StoreError, UserError
from pipeline.records import ClipRow, MediaRow, Outcome
from pipeline.records.pseudonyms import tombstone
from pipeline.results.study import StudyReader
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Setting, StagePlan, plan_stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.publish import parquet, parquet_files
from pipeline.store.publish.parquet_files import MANIFEST, Manifest, ParquetFolder, manifest_of, place_of
from pipeline.store.queries import read_queries
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Double, Length
from tests.support.small_study import row

PLAN: StagePlan = plan_stage(Download, Download.Options(), Setting(), {}, {})
CLIPS = [f"tiktok:{number}" for number in range(40)]


@pytest.fixture(autouse=True)
def _small_buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parquet, "CLIPS_PER_BUCKET", 10)
    yield
    fsspec.filesystem("memory").store.clear()


class Published:
    """A store that is published as Parquet, and the published database of it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.target, self.place = folder / "study.duckdb", ParquetFolder(url)
        working = folder / "work" / "study.duckdb"
        self.store = Store(working, (Download,))
        parquet.choose(working, "test", url)
        self.store.begin_run("1", "digest", [PLAN])

    def save(self, *clip_ids: str, size: int = 1) -> None:
        with self.store.change():
            known = {clip.clip_id for clip in self.store.tables.read(ClipRow)}
            self.store.tables.insert([row(ClipRow, clip_id=one) for one in clip_ids if one not in known])
        media = [row(MediaRow, clip_id=one, size_bytes=size) for one in clip_ids]
        self.store.save_all(PLAN, [Outcome(one.clip_id, (one,)) for one in media])

    def publish(self) -> Manifest:
        self.store.publish(self.target)
        found = self.place.manifest()
        assert found is not None
        return found

    def sizes(self, path: Path | None = None) -> dict[str, int]:
        reader = StudyReader(path or self.target)
        found = reader.arrow("SELECT clip_id, size_bytes FROM media", {}).to_pylist()
        reader.close()
        return {one["clip_id"]: one["size_bytes"] for one in found}

    def on_disk(self) -> set[str]:
        below = len(self.place.root) + 1
        found = self.place.filesystem.find(self.place.root)
        return {path[below:] for path in found if path.endswith(".parquet")}


@pytest.fixture(params=["local", "memory"])
def published(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    monkeypatch.setattr(parquet_files, "create_views", lambda connection: None)  # they take most of the time
    url = str(tmp_path / "parquet") if request.param == "local" else f"memory://{tmp_path.name}/study"
    made = Published(tmp_path, url)
    yield made
    made.store.close()


# ------------------------------------------------------------ what is written


def test_readers_see_what_is_stored(published: Published) -> None:
    published.save(*CLIPS)
    manifest = published.publish()
    assert manifest.buckets == 4
    assert set(manifest.tables["media"].files) == {"0", "1", "2", "3"}
    assert manifest.tables["transcripts" if "transcripts" in manifest.tables else "exposures"].files == {}
    assert published.sizes() == dict.fromkeys(CLIPS, 1)
    assert published.on_disk() == manifest.files
    assert not published.store.unpublished


@pytest.mark.slow
def test_only_buckets_with_changes_are_written(published: Published) -> None:
    published.save(*CLIPS)
    before = published.publish()
    published.save(CLIPS[7], size=2)
    after = published.publish()
    was, now = before.tables["media"].files, after.tables["media"].files
    assert len([bucket for bucket in now if now[bucket] != was[bucket]]) == 1
    assert after.tables["clips"].files == before.tables["clips"].files  # of this table nothing changed
    assert published.sizes() == {**dict.fromkeys(CLIPS, 1), CLIPS[7]: 2}
    nothing = published.publish()
    assert nothing.tables["media"].files == now


@pytest.mark.slow
def test_files_stay_for_readers_of_the_state_before_and_then_go(published: Published) -> None:
    published.save(*CLIPS)
    first = published.publish()
    reader = StudyReader(published.target)
    published.save(CLIPS[0], size=2)
    second = published.publish()
    assert published.on_disk() == first.files | second.files
    assert reader.arrow("SELECT sum(size_bytes) AS bytes FROM media", {}).to_pylist() == [{"bytes": 40}]
    published.save(CLIPS[0], size=3)
    third = published.publish()
    assert published.on_disk() == second.files | third.files
    assert not (first.files - second.files) & published.on_disk()
    reader.close()


@pytest.mark.slow
def test_a_reader_whose_files_are_gone_is_told(tmp_path: Path) -> None:
    published = Published(tmp_path, str(tmp_path / "parquet"))
    published.save(*CLIPS)
    published.publish()
    reader = StudyReader(published.target)
    for size in (2, 3):
        published.save(*CLIPS, size=size)
        published.publish()
    with pytest.raises(StoreError, match=re.escape(str(published.target))):
        reader.arrow("SELECT sum(size_bytes) FROM media", {})
    published.store.close()


@pytest.mark.slow
def test_a_publication_that_breaks_off_leaves_the_state_before(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.save(*CLIPS)
    first = published.publish()
    published.save(*CLIPS, size=2)

    def cut(place: ParquetFolder, manifest: Manifest) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(ParquetFolder, "swap", cut)
        with pytest.raises(OSError, match="cut off"):
            published.publish()
    assert published.place.manifest() == first
    assert published.sizes() == dict.fromkeys(CLIPS, 1)
    assert first.files < published.on_disk()  # with the new ones, which nothing names
    published.publish()
    assert published.sizes() == dict.fromkeys(CLIPS, 2)


@pytest.mark.slow
def test_a_reader_during_a_publication_sees_a_whole_state(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.save(*CLIPS)
    published.publish()
    published.save(*CLIPS, size=2)
    seen: list[set[int]] = []
    write = parquet._Publication._write

    def look(self: Any, *given: Any) -> dict[str, str]:
        seen.append(set(published.sizes().values()))
        seen.append(set(published.sizes(place_manifest(published)).values()))
        return write(self, *given)

    monkeypatch.setattr(parquet._Publication, "_write", look)
    published.publish()
    assert len(seen) > 4
    assert all(sizes == {1} for sizes in seen)
    assert set(published.sizes().values()) == {2}


def place_manifest(published: Published) -> Path:
    """The manifest by the name that a user would give."""
    found = manifest_of(Path(published.place.url))
    assert found is not None
    return found


@pytest.mark.slow
def test_more_clips_have_more_buckets(published: Published) -> None:
    published.save(*CLIPS[:9])
    assert published.publish().buckets == 1
    published.save(*CLIPS[9:20])
    assert published.publish().buckets == 1  # twice as many would do, so it waits
    published.save(*CLIPS)
    manifest = published.publish()
    assert manifest.buckets == 4
    assert published.sizes() == dict.fromkeys(CLIPS, 1)
    assert published.publish().retired
    last = published.publish()
    assert published.on_disk() == last.files | set(last.retired)


@pytest.mark.slow
def test_of_forgotten_clips_no_file_stays(published: Published) -> None:
    published.save(*CLIPS)
    old = published.publish().files
    published.store.forget({CLIPS[3]: tombstone(CLIPS[3], None)}, "decision")
    manifest = published.publish()
    assert published.on_disk() == manifest.files
    assert not published.on_disk() & old
    assert CLIPS[3] not in published.sizes()


# ------------------------------------------------------------ where it is written


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.parquet").write_text("years of work")
    published = Published(tmp_path, str(folder))
    published.save(*CLIPS)
    with pytest.raises(StoreError, match=re.escape(str(folder))):
        published.publish()
    published.store.close()
    assert [path.name for path in folder.iterdir()] == ["thesis.parquet"]


def test_two_studies_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Published(tmp_path / "one", str(tmp_path / "parquet"))
    first.save(*CLIPS)
    first.publish()
    first.store.close()
    second = Published(tmp_path / "two", str(tmp_path / "parquet"))
    parquet.choose(tmp_path / "two" / "work" / "study.duckdb", "other", str(tmp_path / "parquet"))
    with pytest.raises(StoreError, match="'test'"):
        second.publish()
    second.store.close()
    assert first.sizes() == dict.fromkeys(CLIPS, 1)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="memory://nothing"):
        StudyReader(Path("memory://nothing"))
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(StoreError, match="line 1 column 2"):
        StudyReader(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(StoreError, match=rf"{MANIFEST} .*'tables'"):
        StudyReader(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="newer"):
        StudyReader(tmp_path)
    with pytest.raises(StoreError, match=r"nowhere://x .*nowhere"):
        ParquetFolder("nowhere://x").manifest()


def test_urls_survive_the_file_system() -> None:
    assert place_of(Path("s3://bucket/study") / MANIFEST).url == "s3://bucket/study"
    assert place_of(Path("/data/study") / MANIFEST).url == "/data/study"
    assert manifest_of(Path("gs://bucket/x")) == Path("gs://bucket/x/manifest.json")
    assert manifest_of(Path("outputs/x")) is None
    assert ParquetFolder("/data/study").is_local
    assert not ParquetFolder("s3://bucket").is_local


# ------------------------------------------------------------ a study file says so

STAGES = (Download, Audio, Length, Double)
BY_NAME = {stage.name: stage for stage in STAGES}


def load(folder: Path, store: str = "", name: str = "test") -> Study:
    line = f'store = "{store}"\n' if store else ""
    return load_study(write_study(folder, f'{line}[[sources]]\nfolder = "clips"\n', name), BY_NAME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write_wav(tmp_path / "clips" / f"{number}.wav", 0.1 * np.ones(8_000 * (number + 1)))
    return tmp_path


def run(study: Study) -> Any:
    return run_study(study, executor=LocalExecutor(0), stages=STAGES)


def answers(reader: StudyReader) -> dict[str, Any]:
    """What every query without parameters gives, those with times of a run apart."""
    found: dict[str, Any] = {}
    for query in read_queries().values():
        if query.parameters:
            continue
        try:
            rows = reader.arrow(f"FROM ({query.sql}) ORDER BY ALL", {}).to_pylist()
        except UserError:
            rows = "a table that this study has no stage for"
        found[query.name] = rows
    for table in ("clips", "audio", "lengths", "doubles", "media"):
        found[table] = reader.arrow(f"FROM {table} ORDER BY ALL", {}).to_pylist()
    comments = (
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'study' ORDER BY ALL"
    )
    found["comments"] = [
        one for one in reader.arrow(comments, {}).to_pylist()
        if one["table_name"] not in ("schema_version", "parquet_store")
    ]  # fmt: skip
    return found


@pytest.mark.slow
def test_both_stores_answer_alike(folder: Path) -> None:
    one, many = load(folder), load(folder, "parquet://shared/parquet", "other")
    run(one)
    run(many)
    wanted, found = answers(StudyReader(one.folder.published)), answers(StudyReader(many.file.path))
    for one_study in (wanted, found):
        for name in ("retention", "last_attempts", "failures", "collection", "collection_status"):
            one_study.pop(name, None)
    assert found == wanted
    assert sum(isinstance(rows, list) and bool(rows) for rows in wanted.values()) >= 6
    place = folder / "shared" / "parquet"
    shutil.rmtree(many.folder.root)  # the folder alone is enough, wherever it is copied
    reader = open_study(place)
    assert {name: rows for name, rows in answers(reader).items() if name in found} == found
    with pytest.raises(UserError, match="keep_audio"):
        reader.waveform("file:0.wav")


@pytest.mark.slow
def test_a_study_may_change_its_store(folder: Path) -> None:
    study = load(folder)
    run(study)
    plain = answers(StudyReader(study.folder.published))
    moved = load(folder, "parquet://outputs/test/parquet")
    assert run(moved).idle
    assert (folder / "outputs" / "test" / "parquet" / MANIFEST).exists()
    assert answers(StudyReader(moved.folder.published))["doubles"] == plain["doubles"]
    assert StudyReader(moved.folder.published).waveform("file:0.wav").size > 0
    back = load(folder)
    assert run(back).idle
    shutil.rmtree(folder / "outputs" / "test" / "parquet")
    assert answers(StudyReader(back.folder.published))["doubles"] == plain["doubles"]


@pytest.mark.parametrize(
    ("store", "sentence"),
    [("sqlite", "'store'.*'sqlite'.*\"duckdb\".*\"parquet://FOLDER\""), ("parquet://", "'store'.*parquet://$")],
)
def test_a_store_that_is_none(folder: Path, store: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load(folder, store)


def test_where_a_study_file_puts_its_results(folder: Path) -> None:
    assert load(folder).folder.parquet is None
    assert load(folder, "duckdb").folder.parquet is None
    assert load(folder, "parquet://s3://bucket/x").folder.parquet == "s3://bucket/x"
    assert load(folder, "parquet:///data/x").folder.parquet == "/data/x"
    assert load(folder, "parquet://file:///data/x").folder.parquet == "/data/x"
    assert load(folder, "parquet://here").folder.parquet == str(folder / "here")
