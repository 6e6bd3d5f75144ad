"""Slideshows, whose sound is fetched and analysed where the study says so, and left alone where it does not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.media import ffmpeg
from pipeline.study.config import Study
from tests.support.platform.crowd import Crowd, collect, collecting_study
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import Server

Platform = tuple[Server, dict[str, Any]]
WANTED = "slideshow_sound = true"
PHOTO = "https://www.tiktok.com/@ann/photo/33"  # its URL tells that it is a slideshow
VIDEO = "https://www.tiktok.com/@ann/video/33"  # only its page does


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder, clip = tmp_path_factory.mktemp("slides"), demo_clips / "english_quick.mp4"
    song = folder / "song.m4a"
    command = [ffmpeg.ffmpeg_path(), "-nostdin", "-v", "error", "-i", str(clip), "-vn", "-c:a", "copy", str(song)]
    subprocess.run(command, check=True)
    with fake_platform(clip, folder, Crowd) as made:
        made[0].media["song"] = song.read_bytes()
        yield made


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def asked() -> list[str]:
    """What was asked for since the last time."""
    paths = [path.partition("?")[0] for _, path, _ in Crowd.log]
    Crowd.log.clear()
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("url", [PHOTO, VIDEO])
def test_the_sound_of_a_slideshow_is_analysed_where_the_study_says_so(
    platform: Platform, tmp_path: Path, url: str
) -> None:
    asked()
    study = collecting_study(tmp_path, platform[1]["proxy"], [url], WANTED)
    collect(study)
    assert asked() == ["www.tiktok.com/@_/video/33", "v16.tiktokcdn.com/song.mp3"]
    assert rows(study, "SELECT clip_id, kind, media_type FROM clips") == [("tiktok:33", "url", "slideshow")]
    assert rows(study, "SELECT format_id FROM media") == [("audio",)]
    assert rows(study, "SELECT video_codec, duration_s > 12 FROM audio") == [(None, True)]
    assert rows(study, "SELECT state FROM collection") == [("arrived",)]
    assert collect(study).idle


@pytest.mark.slow
def test_a_video_is_never_taken_for_its_song(platform: Platform, tmp_path: Path) -> None:
    study = collecting_study(tmp_path, platform[1]["proxy"], ["https://www.tiktok.com/@ann/video/1"], WANTED)
    asked()
    collect(study)
    assert asked() == ["www.tiktok.com/@_/video/1", "v16.tiktokcdn.com/play540.mp4"]
    assert rows(study, "SELECT media_type FROM clips") == [(None,)]
    assert rows(study, "SELECT format_id[:4] FROM media") == [("h264",)]


@pytest.mark.slow
def test_by_default_a_slideshow_is_left_alone_until_the_study_wants_its_sound(
    platform: Platform, tmp_path: Path
) -> None:
    study = collecting_study(tmp_path, platform[1]["proxy"], [PHOTO])
    asked()
    collect(study)
    assert asked() == []
    assert rows(study, "SELECT state, reason FROM collection") == [("no_video", "slideshow")]
    wanting = collecting_study(tmp_path, platform[1]["proxy"], [PHOTO], WANTED)
    collect(wanting)
    assert len(asked()) == 2
    assert rows(wanting, "SELECT state FROM collection") == [("arrived",)]


@pytest.mark.slow
def test_a_slideshow_of_a_table_is_fetched_where_its_media_is(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(f"url,likes\n{PHOTO},3\n", encoding="utf-8")
    for fetch, state in (("false", "no_video"), ("true", "arrived")):
        source = f'{WANTED}\n[[sources]]\nexport = "posts.csv"\nfetch = {fetch}\n'
        study = collecting_study(tmp_path, platform[1]["proxy"], ["https://www.tiktok.com/@ann/video/1"], source)
        collect(study)
        assert rows(study, "SELECT state FROM collection WHERE clip_id = 'tiktok:33'") == [(state,)]


@pytest.mark.slow
def test_a_slideshow_without_sound_is_no_fault_of_the_tools(platform: Platform, tmp_path: Path) -> None:
    url = "https://www.tiktok.com/@ann/photo/34"
    study = collecting_study(tmp_path, platform[1]["proxy"], [url], WANTED)
    collect(study)
    assert rows(study, "SELECT stage, reason, action FROM attempts") == [("download", "no_audio", "permanent")]
    assert collect(study).idle, "it is not tried again"
