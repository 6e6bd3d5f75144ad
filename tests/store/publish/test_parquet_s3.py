"""Results in object storage: an S3 server of this machine, through s3fs (`pip install s3fs "moto[server]"`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import open_study
from pipeline.errors import UserError
from pipeline.results.study import StudyReader
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.publish.parquet_files import ParquetFolder
from pipeline.study.config import load_study
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Double, Length

pytest.importorskip("s3fs", reason="s3fs is not installed")
moto_server = pytest.importorskip("moto.server", reason="moto is not installed")

STAGES = (Download, Audio, Length, Double)
URL = "s3://bucket/study"
DOUBLES = "SELECT clip_id, doubled FROM doubles ORDER BY clip_id"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty bucket at a server of this machine, which s3fs finds through its environment."""
    import fsspec

    server = moto_server.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").makedirs("bucket", exist_ok=True)
    yield
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


def run(folder: Path, clips: int) -> None:
    for number in range(clips):
        write_wav(folder / "clips" / f"{number}.wav", 0.1 * np.ones(8_000 * (number + 1)))
    study = load_study(
        write_study(folder, f'store = "parquet://{URL}"\n[[sources]]\nfolder = "clips"\n'),
        {stage.name: stage for stage in STAGES},
    )
    run_study(study, executor=LocalExecutor(0), stages=STAGES)


def doubles(reader: StudyReader) -> dict[str, int]:
    found = {one["clip_id"]: one["doubled"] for one in reader.arrow(DOUBLES, {}).to_pylist()}
    reader.close()
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("bucket")
def test_results_in_a_bucket_are_read_from_anywhere(tmp_path: Path) -> None:
    run(tmp_path, 2)
    here, there = doubles(StudyReader(tmp_path / "outputs" / "test" / "study.duckdb")), doubles(open_study(URL))
    assert here == there == {"file:0.wav": 2, "file:1.wav": 4}
    before = ParquetFolder(URL).manifest()
    run(tmp_path, 3)
    assert doubles(open_study(URL)) == {**there, "file:2.wav": 6}
    after = ParquetFolder(URL).manifest()
    assert before is not None
    assert after is not None
    assert set(after.retired) == before.files - after.files  # they stay for readers of the state before
    place = ParquetFolder(URL)
    assert all(place.filesystem.exists(place.path(path)) for path in before.files | after.files)


@pytest.mark.usefixtures("bucket")
def test_a_bucket_without_results_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no results at s3://bucket/nothing"):
        open_study("s3://bucket/nothing")
