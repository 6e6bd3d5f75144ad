"""Shards by the command line, and the demo in shards: its tables are those of one run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import UserError
from pipeline.run.runner import run_study
from pipeline.run.shards.merge import merge
from pipeline.run.shards.prepare import part_of
from pipeline.study.config import Study
from pipeline.study.shard import Shard
from tests.conftest import write_study
from tests.support.demo_part import demo_part, rows_of_part


def ask(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.slow
def test_commands_run_a_shard_and_merge_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "broken.wav").write_bytes(b"RIFF")  # it fails before any model is asked for
    path = str(write_study(tmp_path, '[[sources]]\nfolder = "clips"\n[run]\nworkers = 0\n'))
    with pytest.raises(UserError, match=r"'9/8' .* 2/8"):
        ask("run", path, "--shard", "9/8")
    with pytest.raises(UserError, match="--engine local"):
        ask("run", path, "--engine", "ray", "--shard", "1/2")
    with pytest.raises(UserError, match="--shard 1/4"):
        ask("merge", path)
    for shard in ("1/2", "2/2"):
        assert "cliptone merge" in ask("run", path, "--shard", shard, "--stage", "download", "--stage", "audio")
    said = ask("merge", path, "--remove")
    assert "1 clip " in said
    assert " 2 of 2 shards" in said
    assert "--remove --yes" in " ".join(said.split())
    assert (tmp_path / "outputs" / "test" / "work" / "shards").exists(), "nothing goes without --yes"
    ask("merge", path, "--remove", "--yes")
    assert not (tmp_path / "outputs" / "test" / "work" / "shards").exists()
    assert '"command": "merge"' in (tmp_path / "outputs" / "test" / "audit.jsonl").read_text()


@pytest.mark.slow
def test_a_partial_merge_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "broken.wav").write_bytes(b"RIFF")
    path = str(write_study(tmp_path, '[[sources]]\nfolder = "clips"\n[run]\nworkers = 0\n'))
    ask("run", path, "--shard", "1/2", "--stage", "download")
    said = ask("merge", path, "--partial", "--remove")
    assert "shard 2 of 2 " in said
    assert "shards stay" in said
    assert (tmp_path / "outputs" / "test" / "work" / "shards" / "1-of-2").exists()


@pytest.mark.model
@pytest.mark.slow
def test_clips_of_the_demo_in_shards_have_the_rows_of_the_demo(demo: Study, tmp_path: Path) -> None:
    study = demo_part(tmp_path / "demo", like=demo)
    for number in (1, 2):
        run_study(part_of(study, Shard(2, number)))
    merge(study)
    assert rows_of_part(study) == rows_of_part(demo)
    assert run_study(study).idle
