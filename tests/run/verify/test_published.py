"""Whether the published database is what is stored, where that is Parquet files: found, said, and published anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline.results.study import StudyReader
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.run.verify.check import verify
from pipeline.run.verify.repair import repair
from pipeline.stage import Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.publish.parquet_files import MANIFEST
from pipeline.study.config import Study, load_study
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Double, Length

STAGES: tuple[type[Stage], ...] = (Download, Audio, Length, Double)
BY_NAME = {stage.name: stage for stage in STAGES}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    for number in range(2):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000 * (number + 1)))
    body = 'store = "parquet://shared"\n[[sources]]\nfolder = "clips"\n[audio]\nloudness = false\n'
    made = load_study(write_study(tmp_path, body), BY_NAME)
    run_study(made, executor=LocalExecutor(0), stages=STAGES)
    return made


def file_of(study: Study, table: str) -> Path:
    """The one Parquet file of a table."""
    (found,) = (study.file.path.parent / "shared" / table).rglob("*.parquet")
    return found


def change(study: Study, sql: str) -> None:
    with duckdb.connect(str(study.folder.working)) as connection:
        connection.execute(sql)


def lengths(study: Study) -> list[object]:
    """What whoever opens the folder of Parquet files sees."""
    reader = StudyReader(study.file.path.parent / "shared")
    found: list[object] = reader.arrow("FROM lengths ORDER BY ALL", {}).to_pylist()
    reader.close()
    return found


def test_a_study_of_parquet_files_that_is_whole(study: Study) -> None:
    assert verify(study, STAGES) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda study: file_of(study, "lengths").unlink(), "lengths"),
        (lambda study: file_of(study, "lengths").write_bytes(b"PAR1"), "cannot be read"),
        (
            lambda study: file_of(study, "audio").replace(file_of(study, "lengths")),
            "cannot be read",
        ),
        (lambda study: file_of(study, "lengths").with_name("x.parquet").touch(), "x.parquet"),
        (lambda study: change(study, "UPDATE lengths SET halves = halves + 1"), "lengths differs"),
        (lambda study: study.folder.published.unlink(), "is not there"),
    ],
)
def test_what_readers_would_miss_is_found_and_published_again(
    study: Study, harm: Callable[[Study], object], says: str
) -> None:
    harm(study)
    found = verify(study, STAGES)
    assert any(says in one.what for one in found), found
    assert {one.check for one in found} == {"published"}
    assert repair(study, STAGES) == (found, [])
    assert lengths(study) == StudyReader(study.folder.published).arrow("FROM lengths ORDER BY ALL", {}).to_pylist()
    with duckdb.connect(str(study.folder.working)) as connection:
        stored = connection.execute("SELECT halves FROM lengths ORDER BY clip_id").fetchall()
    assert [one["halves"] for one in lengths(study)] == [halves for (halves,) in stored]  # type: ignore[index]
    assert not list((study.file.path.parent / "shared").rglob("x.parquet"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda manifest: manifest.unlink(), MANIFEST),
        (lambda manifest: manifest.write_text("{"), "cannot be read"),
    ],
)
def test_a_folder_without_its_manifest_is_nobodys_to_write_into(
    study: Study, harm: Callable[[Path], object], says: str
) -> None:
    harm(study.file.path.parent / "shared" / MANIFEST)
    (found,) = verify(study, STAGES)
    assert says in found.what
    assert "store" in found.advice
    assert repair(study, STAGES) == ([found], [found]), "what else lies there may be somebody's"
