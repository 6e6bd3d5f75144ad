"""yt-dlp's real extractors, on pages made after the platforms' own: every end of a fetch has its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.records import ClipRow, MediaRow, ObservationRow, Outcome
from tests.collect.fake_platform import fake_platform
from tests.collect.rig import Server, fetch, left

Platform = tuple[Server, dict[str, Any]]


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


def ask(platform: Platform, folder: Path, address: str) -> Outcome:
    platform[0].requests.clear()
    return fetch(folder, address, platform[1], socket_timeout_s=3)


def rows(outcome: Outcome) -> tuple[MediaRow, ClipRow, ObservationRow]:
    media, clip, counts = outcome.rows
    assert isinstance(media, MediaRow)
    assert isinstance(clip, ClipRow)
    assert isinstance(counts, ObservationRow)
    return media, clip, counts


@pytest.mark.parametrize("address", ["https://www.tiktok.com/@ann/video/1", "https://vm.tiktok.com/ZMabc"])
def test_a_good_tiktok(platform: Platform, tmp_path: Path, address: str) -> None:
    outcome = ask(platform, tmp_path, address)
    assert outcome.ok, outcome.message
    media, clip, counts = rows(outcome)
    assert media.format_id is not None
    assert media.format_id.startswith("h264"), "h265 may lack its sound, and sound alone is the song"
    assert clip.hashtags == ("fyp", "voice")
    assert clip.declared_duration_s == 13
    assert (counts.views, counts.shares, counts.saves) == (1000, 2, 5)
    assert left(tmp_path) == ["media.mp4"]


def test_a_good_reel(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.instagram.com/reel/good")
    assert outcome.ok, outcome.message
    media, clip, counts = rows(outcome)
    assert media.extractor == "Instagram"
    assert clip.hashtags == ("reel",)
    assert (counts.likes, counts.views) == (12, None)


@pytest.mark.parametrize(
    ("post_id", "reason", "budget"),
    [
        ("10204", Reason.REGION_OR_REMOVED, 1),
        ("10231", Reason.REGION_OR_REMOVED, 1),
        ("10216", Reason.PRIVATE, 1),
        ("10222", Reason.PRIVATE, 1),
        ("100004", Reason.EXTRACTOR_BROKEN, 1),
        ("2", Reason.LOGIN_REQUIRED, 1),
        ("3", Reason.NO_VIDEO, 1),
        ("4", Reason.LOGIN_REQUIRED, 2),
        ("6", Reason.BOT_CHECK, 1),
        ("8", Reason.EXTRACTOR_BROKEN, 1),
        ("9", Reason.EXTRACTOR_BROKEN, 1),
        ("403", Reason.BOT_CHECK, 1),
        ("404", Reason.REMOVED, 1),
        ("429", Reason.RATE_LIMITED, 1),
        ("503", Reason.SERVER_ERROR, 1),
        ("10", Reason.LINK_EXPIRED, 2),
        ("11", Reason.BAD_MEDIA, 2),
        ("12", Reason.BAD_MEDIA, 2),
        ("13", Reason.BAD_MEDIA, 2),
    ],
)
def test_a_tiktok_that_is_lost(platform: Platform, tmp_path: Path, post_id: str, reason: Reason, budget: int) -> None:
    outcome = ask(platform, tmp_path, f"https://www.tiktok.com/@ann/video/{post_id}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= budget
    assert "@ann" not in (outcome.message or "")
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("shortcode", "reason"),
    [
        ("photo", Reason.NO_VIDEO),
        ("album", Reason.SKIPPED_POLICY),
        ("busy", Reason.RATE_LIMITED),
        ("empty", Reason.LOGIN_REQUIRED),
        ("adult", Reason.LOGIN_REQUIRED),
        ("gone", Reason.REMOVED),
        ("p" * 39, Reason.PRIVATE),
    ],
)
def test_a_reel_that_is_lost(platform: Platform, tmp_path: Path, shortcode: str, reason: Reason) -> None:
    outcome = ask(platform, tmp_path, f"https://www.instagram.com/reel/{shortcode}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= 5
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("video_id", "reason"),
    [
        ("private0000", Reason.PRIVATE),
        ("removed0000", Reason.REMOVED),
        ("robot000000", Reason.BOT_CHECK),
        ("busy0000000", Reason.RATE_LIMITED),
        ("region00000", Reason.GEO_BLOCKED),
        ("later000000", Reason.SKIPPED_POLICY),
    ],
)
def test_a_short_that_is_lost(platform: Platform, tmp_path: Path, video_id: str, reason: Reason) -> None:
    outcome = ask(platform, tmp_path, f"https://www.youtube.com/shorts/{video_id}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= 5
    assert left(tmp_path) == []


def test_a_good_short(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.youtube.com/shorts/good0000000")
    assert outcome.ok, outcome.message
    media = outcome.rows[0]
    assert isinstance(media, MediaRow)
    assert (media.extractor, media.format_id) == ("youtube", "18")


def test_the_pause_that_a_platform_asks_for_is_told(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/429")
    assert "wait 7 s" in (outcome.message or "")
