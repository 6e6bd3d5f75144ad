"""The file of rejects: nobody's own file is written over, and what was written before is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.sources.formats import read
from pipeline.sources.formats.rejects import rejects_path, write_rejects
from tests.sources.formats.test_formats import line, written


def rejected(folder: Path) -> Path:
    """Where the rejects of a file with one broken line are written."""
    result = read(written(folder / "my.ndjson", line(1), "{broken"))
    path = rejects_path(folder, result)
    write_rejects(path, result.unit, result.rejects, result.notes)
    return path


@pytest.mark.parametrize("own", ["platform,id\ntiktok,1\n", "", "line,reason for us\n", "\0\xff"])
def test_a_file_that_was_not_written_here_stays_as_it_is(tmp_path: Path, own: str) -> None:
    (tmp_path / "my.rejects.csv").write_text(own, encoding="latin-1")
    first = rejected(tmp_path)
    assert first.exists()
    assert first.name != "my.rejects.csv"
    assert rejected(tmp_path) == first, "the same file again takes the same place"
    assert (tmp_path / "my.rejects.csv").read_text(encoding="latin-1") == own


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "my.rejects.csv").symlink_to(tmp_path / "elsewhere")
    rejected(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("before", ["line,reason,taken\r\n2,x,no\r\n", "record,reason\n"])
def test_what_was_written_here_is_replaced(tmp_path: Path, before: str) -> None:
    (tmp_path / "my.rejects.csv").write_text(before, newline="")
    assert rejected(tmp_path).name == "my.rejects.csv"
    write_rejects(tmp_path / "my.rejects.csv", "line", ())
    assert not (tmp_path / "my.rejects.csv").exists()
