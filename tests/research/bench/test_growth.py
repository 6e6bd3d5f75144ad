"""The growth of the store: what is timed, and how the slope is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from pipeline.research.bench import growth
from pipeline.research.bench.growth import Growth


def test_the_slope_is_that_of_the_large_studies() -> None:
    found = Growth()
    for clips, seconds in ((1_000, 5.0), (10_000, 1.0), (100_000, 10.0)):
        found.add(clips, {"save": [seconds, 0.0, 99.0], "flat": [2.0]})
    assert found.slope("save") == pytest.approx(1.0), "a median, and nothing below 10,000 clips"
    assert found.slope("flat") == pytest.approx(0.0)
    assert "save" in "\n".join(found.lines())


def test_one_size_has_no_slope() -> None:
    found = Growth()
    found.add(10_000, {"save": [1.0]})
    assert found.slope("save") is None
    assert list(found.lines())[1].rstrip().endswith("–")


@pytest.mark.slow
def test_a_small_study_is_measured_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "REPEATS", 1)
    monkeypatch.setattr(growth, "BATCH_CLIPS", 4)
    monkeypatch.setattr(growth, "QUERIES", ("funnel",))
    app = Typer()
    app.command()(growth.main)
    results = tmp_path / "bench" / "growth.json"
    called = CliRunner().invoke(
        app, ["--clips", "60", "--folder", str(tmp_path), "--report-up-to", "0", "--results", str(results)]
    )
    assert called.exit_code == 0, called.output
    seconds = json.loads(results.read_text(encoding="utf-8"))["seconds"]
    assert set(seconds) == {"help", "status", "resume", "save", "publish", "query funnel"}
    assert all(times["60"] > 0 for times in seconds.values())
    assert (tmp_path / "60" / "generated.toml").exists(), "a folder that is named keeps its studies"
