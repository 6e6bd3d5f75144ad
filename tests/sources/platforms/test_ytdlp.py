"""How yt-dlp is called: its cookies are a copy, it connects through the egress proxy or one that the user names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason, StageError, UserError
from pipeline.sources.platforms.listing import ListingRequest, list_posts
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.visibility import check_visibility
from pipeline.sources.platforms.ytdlp import cookies_of, refusal, ytdlp_client
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import QUICK, Server, fetch, left

Platform = tuple[Server, dict[str, Any]]
POST = "https://www.tiktok.com/@ann/video/1"
COOKIES = "# Netscape HTTP Cookie File\n.tiktok.com\tTRUE\t/\tTRUE\t4102444800\tsessionid\tsecret\n"


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.fixture
def cookies(tmp_path: Path) -> Path:
    path = tmp_path / "cookies.txt"
    path.write_text(COOKIES, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_cookies_are_sent_and_their_file_is_never_written(platform: Platform, tmp_path: Path, cookies: Path) -> None:
    before = cookies.stat().st_mtime_ns
    platform[0].cookies.clear()
    outcome = fetch(tmp_path / "out", POST, platform[1], cookie_file=str(cookies), socket_timeout_s=3)
    assert outcome.ok, outcome.message
    assert "sessionid=secret" in platform[0].cookies[0]
    assert cookies.read_text(encoding="utf-8") == COOKIES
    assert cookies.stat().st_mtime_ns == before
    assert left(tmp_path / "out") == ["media.mp4"]


def test_without_a_file_no_cookie_is_sent(platform: Platform, tmp_path: Path) -> None:
    platform[0].cookies.clear()
    assert fetch(tmp_path, POST, platform[1], socket_timeout_s=3).ok
    assert not any("sessionid" in sent for sent in platform[0].cookies)


def test_cookies_that_others_may_read_are_not_used(platform: Platform, tmp_path: Path, cookies: Path) -> None:
    cookies.chmod(0o640)
    options = DownloadOptions(cookie_file=str(cookies))
    with pytest.raises(UserError, match="chmod 600"):
        cookies_of(options)
    with pytest.raises(UserError, match="chmod 600"):
        fetch(tmp_path, POST, platform[1], cookie_file=str(cookies))
    listing = list_posts(ListingRequest("a", "https://www.tiktok.com/@ann", "tiktok", 9, None, 1.0), options)
    for answer in (check_visibility(POST, options), listing):
        assert answer.reason == Reason.LOGIN_REQUIRED
        assert "chmod 600" in (answer.message or "")


def test_cookies_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.txt .*cookie_file"):
        cookies_of(DownloadOptions(cookie_file=str(tmp_path / "none.txt")))
    assert cookies_of(DownloadOptions()) is None


@pytest.mark.parametrize("exempt", ["", "*", "tiktok.com,.tiktok.com"])
def test_a_proxy_of_the_user_is_the_way_out(platform: Platform, monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("no_proxy", exempt)  # it must not open a way around the proxy
    options = DownloadOptions(proxy=platform[1]["proxy"], socket_timeout_s=3)
    assert check_visibility(POST, options, {**QUICK, "nocheckcertificate": True}).state == "public"


def test_the_proxy_of_the_user_is_used_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    answer = check_visibility(POST, DownloadOptions(proxy="http://127.0.0.1:9", socket_timeout_s=3), QUICK)
    assert answer.reason == Reason.NETWORK


def test_no_ffmpeg_of_the_machine_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For playlists that it does not know yt-dlp starts one, which follows what they name, without any limit."""
    from yt_dlp.downloader.external import FFmpegFD

    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\necho ffmpeg version 9.0\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    told = {"url": f"{POST}.m3u8", "protocol": "m3u8", "id": "1", "ext": "mp4", "title": "x"}

    def follow() -> None:
        with ytdlp_client(DownloadOptions(), {}, QUICK) as client:
            FFmpegFD(client, client.params).download(str(tmp_path / "media.mp4"), told)

    with pytest.raises(StageError) as caught:
        follow()
    assert caught.value.reason == Reason.NO_VIDEO
    assert not (tmp_path / "started").exists()


def test_what_is_no_error_of_yt_dlp_passes_as_it_is() -> None:
    with pytest.raises(KeyError), ytdlp_client(DownloadOptions(), {}, QUICK):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StageError(Reason.NETWORK, "x", retry_after_s=3.0), Reason.NETWORK),
        (UserError("x"), Reason.LOGIN_REQUIRED),
        (OSError(28, "voll"), Reason.DISK_FULL),
        (KeyError("x"), Reason.INTERNAL_ERROR),
    ],
)
def test_any_error_is_a_reason_where_nothing_may_be_raised(error: Exception, reason: Reason) -> None:
    found = refusal(error)
    assert found.reason == reason
    assert "x" in found.message or "disk" in found.message
    assert found.retry_after_s == getattr(error, "retry_after_s", None)
