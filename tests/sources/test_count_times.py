"""Counts without a time: said once, or dated by their file where the study says so."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.cli.sentences import report_lines
from pipeline.errors import ConfigError
from pipeline.run.ingest import take_sources
from pipeline.run.progress import RunSummary
from pipeline.sources.read import read_sources
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from tests.conftest import write_study

CHANGED = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
STATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TABLE = (
    "platform,id,views,counted_at\n"
    "tiktok,7300000000000000001,10,\n"
    f"tiktok,7300000000000000002,10,{STATED.isoformat()}\n"
    "tiktok,7300000000000000003,,\n"
)


def study_of(folder: Path, keys: str) -> Study:
    """A study of a table of three posts: with counts, with dated counts, and with none."""
    path = folder / "posts.csv"
    path.write_text(TABLE, encoding="utf-8")
    os.utime(path, (CHANGED.timestamp(), CHANGED.timestamp()))
    return load_study(write_study(folder, f"[[sources]]\n{keys}\n"), BY_NAME)


@pytest.mark.parametrize("key", ["export", "url_file"])
def test_the_date_of_the_file_where_the_study_says_so(tmp_path: Path, key: str) -> None:
    names = ", ".join(f'{name} = "{name}"' for name in ("platform", "id", "views", "counted_at"))
    keys = f'{key} = "posts.csv"\ncolumns = {{ {names} }}'
    plain, dated = (read_sources(study_of(tmp_path, f"{keys}\n{more}")) for more in ("", 'counted_at = "file"'))
    for sources, times in ((plain, [None, STATED, None]), (dated, [CHANGED, STATED, None])):
        found = sorted(sources.sourced_posts, key=lambda one: one.clip_id)
        assert [one.post.counted_at for one in found] == times


def test_rows_beside_media_are_dated_by_their_table(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("one.mp4", "two.mp4"):
        (tmp_path / "clips" / name).write_bytes(b"x")
    (tmp_path / "clips" / "two.info.json").write_text(
        '{"id": "aaaaaaaaaaa", "extractor_key": "Youtube", "view_count": 3, "_type": "video"}', encoding="utf-8"
    )
    path = tmp_path / "posts.csv"
    path.write_text("file,views\none.mp4,10\ngone.mp4,10\n", encoding="utf-8")
    os.utime(path, (CHANGED.timestamp(), CHANGED.timestamp()))
    body = '[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\ncounted_at = "file"\n'
    found = read_sources(load_study(write_study(tmp_path, body), BY_NAME)).sourced_posts
    times = {one.source.location.rpartition("/")[2]: one.post.counted_at for one in found}
    assert times == {"one.mp4": CHANGED, "gone.mp4": CHANGED, "two.mp4": None}, "the last has a description of its own"


def test_it_is_said_once_and_not_where_the_file_dates_them(tmp_path: Path) -> None:
    keys = 'export = "posts.csv"\nfetch = false'
    study = study_of(tmp_path, keys)
    with Store(tmp_path / "one.duckdb", STAGES) as store:
        first, again = RunSummary(), RunSummary()
        take_sources(study, store, None, None, first)
        take_sources(study, store, None, None, again)
    assert (first.without_count_time, again.without_count_time) == (1, 0)
    assert "counted_at" in report_lines(first)
    assert "counted_at" not in report_lines(again)
    dated = RunSummary()
    with Store(tmp_path / "two.duckdb", STAGES) as store:
        take_sources(study_of(tmp_path, f'{keys}\ncounted_at = "file"'), store, None, None, dated)
    assert dated.without_count_time == 0


def test_another_word_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="counted_at"):
        study_of(tmp_path, 'export = "posts.csv"\ncounted_at = "now"')
