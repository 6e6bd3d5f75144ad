"""Lists of URLs: a line that names no post costs itself, as a row of a table does, and every one is named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.sentences import report_lines
from pipeline.errors import ConfigError
from pipeline.run.ingest import take_sources
from pipeline.run.progress import RunSummary
from pipeline.sources.read import read_sources
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from tests.conftest import write_study

POST = "https://www.tiktok.com/@ann/video/73000000000000000{:02}"
WRONG = ("see below", "https://www.tiktok.com/@ann", "ftp://x.org/1", "https://www.instagram.com/reels/audio/123/")
BODY = '[[sources]]\nurl_file = "urls.txt"\n'


def study_of(folder: Path, *lines: str, body: str = BODY) -> Study:
    (folder / "urls.txt").write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")
    return load_study(write_study(folder, body), BY_NAME)


@given(st.lists(st.sampled_from((*WRONG, "# a comment", "", POST.format(1), POST.format(2))), max_size=8))
def test_every_line_is_a_clip_a_repeat_or_a_reject(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    study = study_of(tmp_path_factory.mktemp("x"), POST.format(3), *lines)
    (part,) = read_sources(study).parts
    wrong = [number for number, line in enumerate(lines, start=2) if line in WRONG]
    assert [reject.number for reject in part.rejects] == wrong  # type: ignore[union-attr]
    assert part.account.rejected == len(wrong)
    assert part.account.rows == 1 + sum(bool(line) and line != "# a comment" for line in lines)


def test_a_run_names_all_wrong_lines_and_goes_on(tmp_path: Path) -> None:
    study = study_of(tmp_path, POST.format(1), *WRONG, POST.format(2))
    report = RunSummary()
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_sources(study, store, b"k" * 32, None, report)
        assert report.listed == 2
        assert report.rejected == len(WRONG)
        said = report_lines(report)
        assert "6 URLs" in said
        assert "an account of TikTok" in said
        (rejects,) = study.folder.rejects.iterdir()
        with rejects.open(encoding="utf-8", newline="") as file:
            assert [row["line"] for row in csv.DictReader(file)] == ["2", "3", "4", "5"]
        assert "@ann" not in rejects.read_text(encoding="utf-8"), "who is forgotten does not stay there"
        study_of(tmp_path, POST.format(1))
        take_sources(study, store, b"k" * 32, None, RunSummary())
        assert not list(study.folder.rejects.iterdir()), "what was mended is no longer named"


def test_a_list_of_which_nothing_can_be_read_is_an_error_that_names_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_sources(study_of(tmp_path, *WRONG))
    assert all(f"line {number}" in str(caught.value) for number in range(1, 5))
    for empty in ((), ("# nothing",)):
        with pytest.raises(ConfigError, match="no URL"):
            read_sources(study_of(tmp_path, *empty))
    with pytest.raises(ConfigError) as caught:
        read_sources(study_of(tmp_path, body=f'[[sources]]\nurls = ["{POST.format(1)}", "{WRONG[0]}", "{WRONG[1]}"]\n'))
    assert "URL 2" in str(caught.value)
    assert "URL 3" in str(caught.value)


def test_a_list_in_another_encoding_is_read_when_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_bytes(f"# schön\n{POST.format(1)}\n".encode("utf-16"))
    body = f'{BODY}encoding = "utf-16"\n'
    assert len(list(read_sources(load_study(write_study(tmp_path, body), BY_NAME)).sourced_posts)) == 1


def test_a_csv_file_of_urls_alone_needs_no_name_of_its_column(tmp_path: Path) -> None:
    for content, fits in ((f"{POST.format(1)}\n{POST.format(2)}\n", True), (f"{POST.format(1)},5\n", False)):
        (tmp_path / "urls.csv").write_text(content)
        study = load_study(write_study(tmp_path, '[[sources]]\nurl_file = "urls.csv"\n'), BY_NAME)
        if fits:
            assert len(list(read_sources(study).sourced_posts)) == 2
        else:
            with pytest.raises(ConfigError, match="names of columns"):
                read_sources(study)
