"""An account that is listed again and again: each look is a row, and only what is new is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.platform.crowd import BY_NAME, Crowd, collect, crowd


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    with crowd(tmp_path) as (_, way):
        yield way["proxy"]


def panel(folder: Path, proxy: str, listing: str, source: str = "", extra: str = "") -> Study:
    body = f"""
[[sources]]
name = "the-account"
listing = "{listing}"
{source}
[run]
workers = 0
[download]
proxy = "{proxy}"
captions = false
paces = {{ tiktok = [0.0, 0.0], youtube = [0.0, 0.0] }}
patience_minutes = 0
{extra}
"""
    return load_study(write_study(folder, body), BY_NAME)


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.slow
def test_a_listing_is_a_row_and_its_posts_are_clips(tmp_path: Path, proxy: str) -> None:
    study = panel(tmp_path, proxy, "https://www.tiktok.com/@ann", "max_posts = 5", "[filters]\nsample = 2\n")
    report = collect(study)
    assert (report.new, report.excluded) == (5, 3)
    assert rows(study, "SELECT source, platform, posts, new_posts, stopped, reason FROM listings") == [
        ("the-account", "tiktok", 5, 5, "max_posts", None)
    ]
    assert rows(study, "SELECT DISTINCT source, format FROM provenance") == [("the-account", "yt_dlp")]
    assert rows(study, "SELECT count(*), count(caption), count(posted_at), count(author_key) FROM clips") == [
        (5, 5, 5, 5)
    ]
    assert rows(study, "SELECT count(*) FROM collection WHERE state <> 'excluded'") == [(2,)]


@pytest.mark.slow
def test_the_next_look_finds_only_what_is_new(tmp_path: Path, proxy: str) -> None:
    study = panel(tmp_path, proxy, "https://www.tiktok.com/@ann", "max_posts = 3")
    collect(study)
    Crowd.log.clear()
    wider = panel(tmp_path, proxy, "https://www.tiktok.com/@ann", "max_posts = 5")
    report = collect(wider)
    assert report.new == 2
    assert rows(wider, "SELECT listing_id, run_id, posts, new_posts FROM listings ORDER BY 1") == [
        (1, 1, 3, 3), (2, 2, 5, 2),
    ]  # fmt: skip
    fetched = [path for _, path, _ in Crowd.log if "/video/" in path]
    assert len(fetched) == 2, "what is known is not asked for again, whatever became of it"


@pytest.mark.slow
def test_a_refusal_in_the_middle_keeps_what_came_before_it(tmp_path: Path, proxy: str) -> None:
    study = panel(tmp_path, proxy, "https://www.tiktok.com/@halt", "", "[filters]\nsample = 1\n")
    collect(study)
    ((posts, stopped, reason),) = rows(study, "SELECT posts, stopped, reason FROM listings")
    assert (posts, stopped, reason) == (15, "failed", "rate_limited")
    assert rows(study, "SELECT count(*) FROM clips") == [(15,)]


@pytest.mark.slow
def test_shorts_of_a_channel(tmp_path: Path, proxy: str) -> None:
    study = panel(tmp_path, proxy, "https://www.youtube.com/@ann/shorts", "max_posts = 4", "[filters]\nsample = 1\n")
    collect(study)
    assert rows(study, "SELECT platform, posts, stopped FROM listings") == [("youtube", 4, "max_posts")]
    assert rows(study, "SELECT count(*) FROM collection WHERE state <> 'excluded' AND attempts > 0") == [(1,)]
