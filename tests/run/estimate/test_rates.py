"""Rates: medians of what was measured, of the clips that reached a stage, and nothing where nothing was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import UserError
from pipeline.records import AudioRow, ClipRow, MediaRow, Row
from pipeline.records.runs import AttemptRow, FingerprintRow
from pipeline.results.codebook import ORIGINS
from pipeline.run.estimate import rates
from pipeline.stages import BY_NAME
from pipeline.store import schema
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.small_study import row


def results(path: Path, *rows: Iterable[Row]) -> Path:
    """A published database of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        schema.create_tables(connection, ORIGINS)
        for group in rows:
            for one in group:
                schema.insert(connection, [one])
    return path


def attempts(stage: str, *seconds: float, current: bool = True, status: str = "ok", first: int = 0) -> list[Row]:
    """Attempts of a stage on clips 0, 1 and so on, and its configuration."""
    name = f"{stage} {current}"
    found: list[Row] = [row(FingerprintRow, fingerprint=name, stage=stage, is_current=current)]
    return found + [
        row(
            AttemptRow,
            attempt_id=first + n,
            clip_id=f"c{n}",
            stage=stage,
            fingerprint=name,
            status=status,
            seconds=each,
        )
        for n, each in enumerate(seconds)
    ]


def clips(count: int, length_s: float = 30.0) -> list[Row]:
    kinds = (ClipRow, AudioRow, MediaRow)
    values = ({"kind": "file"}, {"duration_s": length_s}, {"size_bytes": 3_000_000})
    return [row(kind, clip_id=f"c{n}", **more) for n in range(count) for kind, more in zip(kinds, values, strict=True)]


def study_in(folder: Path) -> Study:
    return load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n'), BY_NAME)


def test_median_seconds_of_a_minute_of_audio(tmp_path: Path) -> None:
    path = results(tmp_path / "study.duckdb", clips(3), attempts("transcribe", 1.0, 2.0, 9.0))
    found = rates.of_results(path, "these")
    assert found is not None
    assert found.stages == {"transcribe": pytest.approx(4.0)}  # 2 s for half a minute
    assert found.clip_s == 30.0
    assert found.media_bytes_per_s == 100_000
    assert found.fetch_s is None
    assert found.origin == "these: medians of up to 3 clips"


def test_a_stage_costs_what_the_clips_take_that_reach_it(tmp_path: Path) -> None:
    lost = [row(ClipRow, clip_id="c2", kind="file"), row(AttemptRow, attempt_id=99, clip_id="c2", stage="download")]
    listed = [row(ClipRow, clip_id="c3", kind="post")]  # metadata alone: no stage ever runs on it
    path = results(tmp_path / "study.duckdb", clips(2), lost, listed, attempts("text", 3.0, 3.0))
    found = rates.of_results(path, "these")
    assert found is not None
    assert found.stages == {"text": pytest.approx(6.0 * 2 / 3)}


def test_what_failed_or_ran_otherwise_tells_nothing(tmp_path: Path) -> None:
    path = results(
        tmp_path / "study.duckdb",
        clips(2),
        attempts("text", 50.0, 50.0, current=False),
        attempts("text", 1.0, 1.0, first=10),
        attempts("audio", 7.0, 7.0, status="failed", first=20),
    )
    found = rates.of_results(path, "these")
    assert found is not None
    assert found.stages == {"text": pytest.approx(2.0)}


def test_a_fetch_is_not_computing(tmp_path: Path) -> None:
    told = {"stage": "download", "fingerprint": "d", "status": "ok", "seconds": 4.0, "tools": "{}"}
    fetched: list[Row] = [row(FingerprintRow, fingerprint="d", stage="download", is_current=True)]
    fetched += [row(AttemptRow, attempt_id=n, clip_id=f"c{n}", **told) for n in range(2)]
    found = rates.of_results(results(tmp_path / "study.duckdb", clips(2), fetched), "these")
    assert found is not None
    assert found.stages == {}
    assert found.fetch_s == 4.0


def test_rows_of_few_clips_are_weighed_and_files_of_many_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = results(tmp_path / "study.duckdb", clips(3), attempts("text", 1.0, 1.0, 1.0))
    small = rates.of_results(path, "these")
    monkeypatch.setattr(rates, "LARGE_CLIPS", 3)
    large = rates.of_results(path, "these")
    assert small is not None
    assert large is not None
    assert small.row_bytes is not None
    assert 50 < small.row_bytes < 5_000
    assert not small.rows_compressed
    assert large.row_bytes == path.stat().st_size / 3
    assert large.rows_compressed


def test_rows_in_parquet_files_are_weighed_however_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = results(tmp_path / "plain.duckdb", clips(3), attempts("text", 1.0, 1.0, 1.0))
    views = tmp_path / "views.duckdb"  # as the catalogue of a Parquet store has them
    with duckdb.connect(str(views)) as connection:
        connection.execute(f"ATTACH '{plain}' AS plain (READ_ONLY)")
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(f"COPY (FROM plain.{name}) TO '{tmp_path / name}.parquet'")
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{tmp_path / name}.parquet')")
    monkeypatch.setattr(rates, "LARGE_CLIPS", 3)
    found, weighed = rates.of_results(views, "these"), rates.of_results(plain, "these")
    assert found is not None
    assert weighed is not None
    assert not found.rows_compressed
    assert found.row_bytes is not None
    assert 50 < found.row_bytes < 5_000
    assert found.stages == weighed.stages


@pytest.mark.slow
def test_the_study_comes_before_the_demo_before_the_benchmark(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    speed = tmp_path / rates.SPEED
    speed.parent.mkdir(parents=True)
    line = {"name": "balanced", "stages": {"text": 30.0}, "peak_mib": 900.0}
    content = {"machine": {"cores": 2}, "clips": 4, "audio_s": 120.0, "contenders": [line]}
    speed.write_text(json.dumps(content), encoding="utf-8")
    found = rates.measured(study, tmp_path)
    assert found.stages == {"text": 15.0}
    assert (found.clip_s, found.peak_mib, found.peak_cores) == (30.0, 900.0, 2)
    assert "benchmark of speed, profile balanced: 4 clips" in found.origin
    results(tmp_path / rates.DEMO, clips(1), attempts("text", 2.0))
    assert rates.measured(study, tmp_path).stages == {"text": 4.0}
    assert rates.measured(None, tmp_path).origin.startswith("the attempts of the demo")
    results(study.folder.published, clips(1), attempts("text", 5.0))
    assert rates.measured(study, tmp_path).origin.startswith("the attempts of test")
    assert rates.measured(study, tmp_path).stages == {"text": 10.0}
    assert rates.measured(study, tmp_path).peak_mib == 900.0


def test_nothing_measured_is_nothing_known(tmp_path: Path) -> None:
    found = rates.measured(study_in(tmp_path), tmp_path)
    assert found == rates.Rates("nothing: no run on this machine was found")


def test_results_of_an_older_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / rates.DEMO
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE attempts (clip_id VARCHAR)")
    assert rates.measured(None, tmp_path).stages == {}


def test_writing_as_the_largest_study_of_the_benchmark(tmp_path: Path) -> None:
    path = tmp_path / rates.GROWTH
    path.parent.mkdir(parents=True)
    path.write_text('{"seconds": {"save": {"1000": 0.1, "100000": 0.5, "10000": 0.2}}}', encoding="utf-8")
    assert rates.measured(None, tmp_path).save_clips_per_s == 64
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"growth.json cannot be read"):
        rates.measured(None, tmp_path)
