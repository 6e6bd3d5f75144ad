"""The command `cliptone export`: a safe default, and one clear sentence for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.study import audit_log
from pipeline.study.config import Study
from tests.support.command import cliptone, mistake


def test_the_default_is_shareable_and_says_what_was_held_back(made: Study, tmp_path: Path) -> None:
    done = cliptone("export", str(made.file.path), "--to", str(tmp_path / "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "clips.parquet" in done.stdout
    assert "4 cells in clips.author_key" in done.stdout
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["level"] == "shareable"
    assert not list((tmp_path / "out").glob("words*"))
    last = audit_log.read(made.folder.audit_log)[-1]
    assert (last.command, last.counts["level"], last.counts["form"]) == ("export", "shareable", "parquet")


def test_subtitles_at_restricted(made: Study, tmp_path: Path) -> None:
    done = cliptone(
        "export", str(made.file.path), "--level", "restricted", "--format", "csv", "--subtitles", "srt, elan",
        "--to", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "subtitles/*: 40 of srt" in done.stdout
    assert "subtitles/*: 41 of elan" in done.stdout
    assert len(list((tmp_path / "out" / "subtitles").iterdir())) == 81


def test_mistakes_are_one_sentence(made: Study, tmp_path: Path) -> None:
    def sentence(*arguments: str, study: Path = made.file.path) -> str:
        return mistake(cliptone("export", str(study), *arguments, cwd=tmp_path))

    assert "'raw'" in sentence("--level", "raw")
    assert "'all'" in sentence("--level", "all")
    assert "srt, vtt, textgrid, elan" in sentence("--subtitles", "docx", "--level", "restricted")
    assert "--level restricted" in sentence("--subtitles", "srt")
    assert str(tmp_path) in sentence(study=tmp_path), "no results lie there"
    assert list(tmp_path.iterdir()) == []
