"""What is left of the forgotten is found wherever a study keeps or shows its results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.errors import DiskFull
from pipeline.privacy import search_study
from pipeline.privacy.byte_search import SearchTexts
from pipeline.privacy.forget import forget
from pipeline.privacy.forgotten import Forgotten
from pipeline.privacy.search_study import PROOF, search
from pipeline.privacy.subjects import read_author
from pipeline.research.bench.generated import generate
from pipeline.results.study import StudyReader
from pipeline.stages import STAGES
from pipeline.store.publish.parquet import choose
from pipeline.store.publish.parquet_files import ParquetFolder
from pipeline.store.store import Store
from pipeline.study.config import Study
from tests.support.people_study import AUTHORS, caption_of, clip_id, people_study, words_of

SAID = SearchTexts({"text": {words_of(0, 0)}})


@pytest.fixture
def _clean_memory() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


def published_at(folder: Path, url: str) -> Study:
    """The study of people, published as Parquet files."""
    folder.mkdir(exist_ok=True)
    study = people_study(folder)
    choose(study.folder.working, study.file.name, url)
    store = Store(study.folder.working, STAGES)
    with store.change():
        store.tables.forget_publications([])
    store.publish(study.folder.published)
    store.close()
    return study


def stated_in(found: Forgotten) -> dict[str, object]:
    assert found.receipt is not None
    receipt: dict[str, object] = json.loads(found.receipt.read_text(encoding="utf-8"))
    return receipt


@pytest.mark.slow
def test_parquet_files_elsewhere_are_searched(tmp_path: Path) -> None:
    study = published_at(tmp_path / "study", str(tmp_path / "readers"))
    found = search(study.folder, SearchTexts({"text": {caption_of(0, 0), words_of(0, 0)}, "clip id": {clip_id(0, 0)}}))
    places = [place for place in found.scan.found if place.startswith("readers/")]
    assert {place.split("/")[1] for place in places} >= {"clips", "segments", "transcripts"}
    assert found.not_searched == ()


@pytest.mark.slow
def test_compression_hides_nothing(tmp_path: Path) -> None:
    study = published_at(tmp_path / "study", str(tmp_path / "readers"))
    path = tmp_path / "readers" / "hidden.parquet"
    table = pa.table({"text": [f"and then {words_of(0, 0)}"]})
    parquet.write_table(table, path, compression="gzip", use_dictionary=False, write_statistics=False)
    assert not SAID.in_file(path)
    assert search(study.folder, SAID).scan.found["readers/hidden.parquet"] == {"text, raw": 1}


@pytest.mark.slow
def test_after_forgetting_they_are_written_again_and_nothing_is_left_in_them(tmp_path: Path) -> None:
    study = published_at(tmp_path / "study", str(tmp_path / "readers"))
    before = set((tmp_path / "readers").rglob("*.parquet"))
    found = forget(study, read_author(AUTHORS[0]))
    assert found.proven
    assert before.isdisjoint((tmp_path / "readers").rglob("*.parquet"))
    assert stated_in(found)["written_anew_but_not_searched"] == []
    with duckdb.connect() as connection:
        path = tmp_path / "readers" / "clips" / "**" / "*.parquet"
        ids = {one for (one,) in connection.execute(f"SELECT clip_id FROM '{path}'").fetchall()}
    assert clip_id(0, 0) not in ids
    assert clip_id(1, 0) in ids


@pytest.mark.slow
def test_a_file_that_stays_there_by_mistake_is_found(tmp_path: Path) -> None:
    study = published_at(tmp_path / "study", str(tmp_path / "readers"))
    (tmp_path / "readers" / "notes.txt").write_text(f"listen to {clip_id(0, 0)}")
    found = forget(study, read_author(AUTHORS[0]))
    assert not found.proven
    assert list(found.scan.found) == ["readers/notes.txt"]


@pytest.mark.slow
def test_parquet_files_inside_the_study_are_counted_once(tmp_path: Path) -> None:
    study = published_at(tmp_path, str(tmp_path / "outputs" / "people" / "readers"))
    assert study.folder.root in (tmp_path / "outputs" / "people" / "readers").parents
    files = sum(1 for path in study.folder.root.rglob("*") if path.is_file())
    found = search(study.folder, SAID)
    assert found.scan.files == files + 1, "and the copy without compression"
    assert [place for place in found.scan.found if place.startswith("readers/segments")]


@pytest.mark.slow
@pytest.mark.usefixtures("_clean_memory")
def test_a_place_on_another_machine_is_written_again_and_named_as_not_searched(tmp_path: Path) -> None:
    study = published_at(tmp_path, "memory://readers")
    place = ParquetFolder("memory://readers")
    before = set(place.filesystem.find(place.root))
    found = forget(study, read_author(AUTHORS[0]))
    assert found.proven
    assert found.remains.not_searched == ("memory://readers",)
    assert stated_in(found)["written_anew_but_not_searched"] == ["memory://readers"]
    assert {path for path in before & set(place.filesystem.find(place.root)) if path.endswith(".parquet")} == set()


@pytest.mark.slow
def test_a_study_in_one_database_has_no_other_place(tmp_path: Path) -> None:
    found = forget(people_study(tmp_path), read_author(AUTHORS[0]))
    assert found.remains.not_searched == ()


@pytest.mark.slow
def test_without_room_for_the_copy_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull("the disk is full")

    study = people_study(tmp_path)
    monkeypatch.setattr(search_study, "copy_database", full)
    found = search(study.folder, SAID)
    assert found.proof.startswith("not made")
    assert found.scan.total > 0, "files are searched as they are"
    assert not study.folder.working.with_name(PROOF).exists()


@pytest.mark.slow
def test_names_that_begin_alike_are_no_remains(tmp_path: Path) -> None:
    """Without pseudonyms, author_1 stands in every author_1x: that alone is no trace of who is gone."""
    study = generate(tmp_path, 150)
    reader = StudyReader(study.folder.published)
    sql = """
        SELECT one.author_key FROM clips AS one JOIN clips AS other
            ON starts_with(other.author_key, one.author_key) AND one.author_key <> other.author_key
        WHERE strlen(one.author_key) >= 8 ORDER BY ALL LIMIT 1
    """
    ((key,),) = reader.sql(sql).to_numpy().tolist()
    reader.close()
    found = forget(study, read_author(key))
    assert found.proven
    assert found.named_by_others["author key, as a part of other names, in clips.author_key"] > 0
