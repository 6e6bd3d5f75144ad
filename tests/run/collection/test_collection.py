"""A study that collects: what follows from each loss, what filters keep out, and what a later run does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import Reason
from pipeline.records import ClipRow
from pipeline.records.pseudonyms import tombstone
from pipeline.run.plan import setting_of
from pipeline.run.status import study_status, time_left
from pipeline.store.store import Store
from pipeline.study.config import Study
from tests.conftest import Collecting
from tests.support.platform.crowd import STAGES, Crowd, collect, collecting_study, crowd, post_urls
from tests.support.platform.rig import Server

Platform = tuple[Server, dict[str, Any]]
POST = "https://www.tiktok.com/@ann/video/"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with crowd(tmp_path_factory.mktemp("crowd")) as made:
        yield made


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def asked(platform: Platform) -> list[str]:
    """Pages that were asked for since the last time."""
    paths = [path for _, path, _ in Crowd.log]
    Crowd.log.clear()
    return paths


@pytest.mark.slow
def test_each_loss_has_its_consequence(platform: Platform, tmp_path: Path) -> None:
    posts = {"404": "look_again", "10216": "permanent", "100004": "hold", "3": "permanent", "12": "retry"}
    study = collecting_study(tmp_path, platform[1]["proxy"], [POST + post for post in posts], "patience_minutes = 0")
    report = collect(study)
    found = rows(study, "SELECT clip_id, action, again_at IS NOT NULL, tools FROM attempts ORDER BY clip_id")
    assert {clip_id.removeprefix("tiktok:"): action for clip_id, action, _, _ in found} == posts
    assert {clip_id.removeprefix("tiktok:") for clip_id, _, dated, _ in found if dated} == {"404", "12"}
    assert all('"yt_dlp"' in tools for _, _, _, tools in found)
    assert report.waiting == 2
    states = rows(study, "SELECT state, sum(posts)::INT FROM collection_status GROUP BY state ORDER BY state")
    assert states == [("held", 1), ("lost", 2), ("waiting", 2)]


@pytest.mark.slow
def test_the_next_run_asks_only_for_what_is_due(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = collecting_study(
        tmp_path, platform[1]["proxy"], [POST + post for post in ("404", "10216", "100004")], "patience_minutes = 0"
    )
    collect(study)
    asked(platform)
    assert collect(study).idle, "nothing is due: a day has not passed, and the tools are the same"
    assert asked(platform) == []
    monkeypatch.setattr("pipeline.run.runner.tools", lambda _: '{"yt_dlp": "2099.1.1"}')
    collect(study)
    assert {path.rsplit("/", 1)[-1] for path in asked(platform)} == {"100004"}, "other tools may read what was held"
    _pass_time(study, timedelta(days=2))
    collect(study)
    assert {path.rsplit("/", 1)[-1] for path in asked(platform)} == {"404"}
    assert rows(study, "SELECT state, reason FROM collection WHERE clip_id = 'tiktok:404'") == [("lost", "removed")]
    collect(study)
    assert asked(platform) == [], "a second look after a day is the last"
    collect(study, retry_failed=True)
    assert len(asked(platform)) == 3


def _pass_time(study: Study, by: timedelta) -> None:
    """Make stored times older."""
    with duckdb.connect(str(study.folder.working)) as connection:
        connection.execute("UPDATE attempts SET again_at = again_at - $by, finished_at = finished_at - $by", {"by": by})


@pytest.mark.slow
def test_a_slideshow_keeps_what_its_platform_says(platform: Platform, tmp_path: Path) -> None:
    study = collecting_study(tmp_path, platform[1]["proxy"], [POST + "3"])
    collect(study)
    assert rows(study, "SELECT hashtags, field_sources['caption'] FROM clips") == [(["fyp", "voice"], "yt_dlp")]
    assert rows(study, "SELECT views FROM observations") == [(1000,)]
    assert rows(study, "SELECT state, reason FROM collection") == [("lost", "no_video")]


@pytest.mark.slow
def test_what_a_filter_keeps_out_costs_no_media(platform: Platform, tmp_path: Path) -> None:
    urls = post_urls(4)
    extra = "[filters]\nmax_duration_s = 5\ncaption_excludes = 'post \\d+3 '\n"
    study = collecting_study(tmp_path, platform[1]["proxy"], [*urls, POST + "1"], extra)
    asked(platform)
    report = collect(study)
    media = [path for path in asked(platform) if "cdn" in path]
    assert len(media) == 3
    assert report.excluded == 2
    found = rows(study, "SELECT clip_id, rule FROM exclusions ORDER BY rule")
    assert [(clip_id[-1], rule) for clip_id, rule in found] == [("3", "caption_excludes"), ("1", "max_duration_s")]
    assert rows(study, "SELECT count(*) FROM collection WHERE state = 'excluded'") == [(2,)]
    assert study_status(study, STAGES)[0].pending == 0
    asked(platform)
    assert collect(study).idle
    assert asked(platform) == []
    wider = collecting_study(tmp_path, platform[1]["proxy"], [*urls, POST + "1"], "[filters]\nmax_duration_s = 5\n")
    collect(wider)
    found = rows(wider, "SELECT state, count(*) FROM collection GROUP BY state ORDER BY state")
    assert found == [("arrived", 4), ("excluded", 1)], "a wider filter lets it in"


@pytest.mark.slow
def test_a_sample_is_drawn_by_its_seed_and_what_arrived_stays(platform: Platform, tmp_path: Path) -> None:
    drawn = {}
    for seed in ("a", "b", "a"):
        folder = tmp_path / f"{seed}{len(drawn)}"
        study = collecting_study(
            folder, platform[1]["proxy"], post_urls(20), f'[filters]\nsample = 5\nseed = "{seed}"\n'
        )
        collect(study)
        found = {clip_id for (clip_id,) in rows(study, "SELECT clip_id FROM collection WHERE state = 'arrived'")}
        assert len(found) == 5
        assert drawn.setdefault(seed, found) == found
    assert drawn["a"] != drawn["b"]
    later = collecting_study(
        folder, platform[1]["proxy"], post_urls(20, first=100) + post_urls(20), '[filters]\nsample = 5\nseed = "a"\n'
    )
    collect(later)
    assert {c for (c,) in rows(later, "SELECT clip_id FROM collection WHERE state = 'arrived'")} == drawn["a"]


@pytest.mark.slow
def test_analysis_goes_on_while_lanes_wait(platform: Platform, tmp_path: Path) -> None:
    watcher = Collecting()
    study = collecting_study(tmp_path, platform[1]["proxy"], post_urls(4), pace_s=1.0)
    collect(study, observer=watcher)
    order = [stage for stage, _ in watcher.outcomes]
    assert order.index("audio") < 4, "the first clip was decoded before the last one had arrived"
    assert any(state.pause_s > 0 for state in watcher.lanes)


@pytest.mark.slow
def test_a_forgotten_post_does_not_come_back(platform: Platform, tmp_path: Path) -> None:
    study = collecting_study(tmp_path, platform[1]["proxy"], post_urls(2))
    collect(study)
    (clip_id,) = (c for (c,) in rows(study, "SELECT min(clip_id) FROM clips"))
    store = Store(study.folder.working, STAGES)
    store.forget({clip_id: tombstone(clip_id, setting_of(study).key)}, "decision")
    assert clip_id not in {row.clip_id for row in store.tables.read(ClipRow)}
    store.close()
    asked(platform)
    collect(study)
    assert asked(platform) == []
    assert rows(study, "SELECT count(*) FROM clips") == [(1,)]
    assert rows(study, "SELECT cause FROM tombstones") == [("decision",)]


@pytest.mark.slow
def test_time_left_is_told_by_pace(platform: Platform, tmp_path: Path) -> None:
    study = collecting_study(tmp_path, platform[1]["proxy"], [*post_urls(3), POST + "404"])
    collect(study)
    assert time_left(study) == {}
    assert rows(study, "SELECT reason FROM failures") == [(Reason.REMOVED,)]
