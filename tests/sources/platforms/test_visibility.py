"""A second look: public, vanished, or not known; the media is never asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.visibility import VisibilityAnswer, check_visibility, state_after
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import QUICK, Server

Platform = tuple[Server, dict[str, Any]]
OPTIONS = DownloadOptions(socket_timeout_s=3)


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


def seen(platform: Platform, url: str) -> VisibilityAnswer:
    platform[0].requests.clear()
    return check_visibility(url, OPTIONS, {**platform[1], **QUICK})


@pytest.mark.parametrize(
    "url",
    [
        "https://www.tiktok.com/@ann/video/1",
        "https://vm.tiktok.com/ZMabc",
        "https://www.tiktok.com/@ann/video/3",  # a slideshow
        "https://www.tiktok.com/@ann/video/9",  # without any format
        "https://www.tiktok.com/@ann/video/10",  # its media would be refused
        "https://www.instagram.com/reel/good",
        "https://www.instagram.com/reel/album",
        "https://www.youtube.com/shorts/good0000000",
    ],
)
def test_a_public_post_gives_its_counts_of_now(platform: Platform, url: str) -> None:
    answer = seen(platform, url)
    assert (answer.state, answer.reason, answer.message) == ("public", None, None)
    assert answer.post is not None
    assert answer.post.source == "yt_dlp"
    assert answer.post.counted_at is not None
    asked = platform[0].requests
    assert not [path for path in asked if path.endswith((".mp4", ".vtt", ".mp3"))], "no media"
    assert asked.total() <= 4


def test_counts_are_those_of_the_page(platform: Platform) -> None:
    post = seen(platform, "https://www.tiktok.com/@ann/video/1").post
    assert post is not None
    assert (post.platform, post.post_id, post.counts["saves"]) == ("tiktok", "1", 5)


def test_a_post_of_pictures_is_public_and_tells_nothing_more(platform: Platform) -> None:
    answer = seen(platform, "https://www.instagram.com/reel/photo")
    assert (answer.state, answer.reason, answer.post) == ("public", None, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "state", "reason"),
    [
        ("https://www.tiktok.com/@ann/video/404", "vanished", Reason.REMOVED),
        ("https://www.tiktok.com/@ann/video/10216", "vanished", Reason.PRIVATE),
        ("https://www.youtube.com/shorts/removed0000", "vanished", Reason.REMOVED),
        ("https://www.youtube.com/shorts/private0000", "vanished", Reason.PRIVATE),
        ("https://www.instagram.com/reel/gone", "vanished", Reason.REMOVED),
        ("https://www.tiktok.com/@ann/video/10204", "unknown", Reason.REGION_OR_REMOVED),
        ("https://www.tiktok.com/@ann/video/7300000000012170000", "unknown", Reason.ROUNDED_ID),
        ("https://www.youtube.com/shorts/region00000", "unknown", Reason.GEO_BLOCKED),
        ("https://www.youtube.com/shorts/robot000000", "unknown", Reason.BOT_CHECK),
        ("https://www.tiktok.com/@ann/video/2", "unknown", Reason.LOGIN_REQUIRED),
        ("https://www.tiktok.com/@ann/video/8", "unknown", Reason.EXTRACTOR_BROKEN),
        ("https://www.tiktok.com/@ann/video/503", "unknown", Reason.SERVER_ERROR),
        ("https://www.tiktok.com/tag/voice", "unknown", Reason.UNSUPPORTED_URL),
        ("https://127.0.0.1/clip.mp4", "unknown", Reason.UNSUPPORTED_URL),
    ],
)
def test_only_a_platform_that_says_so_makes_a_post_vanish(
    platform: Platform, url: str, state: str, reason: Reason
) -> None:
    answer = seen(platform, url)
    assert (answer.state, answer.reason, answer.post) == (state, reason, None)
    assert answer.message


def test_the_pause_that_a_platform_asks_for_is_passed_on(platform: Platform) -> None:
    answer = seen(platform, "https://www.tiktok.com/@ann/video/429")
    assert (answer.state, answer.reason, answer.retry_after_s) == ("unknown", Reason.RATE_LIMITED, 7.0)


def test_no_network_tells_nothing_of_a_post() -> None:
    answer = check_visibility("https://www.tiktok.com/@ann/video/1", OPTIONS, {**QUICK, "proxy": "http://127.0.0.1:9"})
    assert (answer.state, answer.reason) == ("unknown", Reason.NETWORK)


@pytest.mark.parametrize(
    ("reason", "earlier", "state"),
    [
        (Reason.REGION_OR_REMOVED, [], "unknown"),
        (Reason.REGION_OR_REMOVED, [None], "unknown"),
        (Reason.REGION_OR_REMOVED, [Reason.REGION_OR_REMOVED], "vanished"),
        (Reason.REGION_OR_REMOVED, [None, Reason.REMOVED], "vanished"),
        (Reason.REGION_OR_REMOVED, [Reason.REGION_OR_REMOVED, None], "unknown"),
        (Reason.ROUNDED_ID, [Reason.ROUNDED_ID, Reason.ROUNDED_ID], "unknown"),
        (Reason.NETWORK, [Reason.REGION_OR_REMOVED], "unknown"),
    ],
)
def test_region_or_removed_counts_when_it_comes_twice(reason: Reason, earlier: list[str | None], state: str) -> None:
    assert state_after(VisibilityAnswer("unknown", reason, "x", None, None), earlier) == state
