"""yt-dlp's real extractors, on pages made after the platforms' own: every end of a fetch has its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.records import ClipRow, MediaRow, ObservationRow, Outcome, PlatformCaptionRow
from pipeline.records.runs import AuthorNameRow
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import Server, fetch, left

Platform = tuple[Server, dict[str, Any]]
Tell = Callable[[str], None]
LOST = "a lost post of TikTok, Instagram or YouTube has its reason"


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


def ask(platform: Platform, folder: Path, url: str, **more: Any) -> Outcome:
    platform[0].requests.clear()
    return fetch(folder, url, platform[1], socket_timeout_s=3, **more)


def rows(outcome: Outcome) -> tuple[MediaRow, ClipRow, ObservationRow]:
    media, clip, counts, *names = outcome.rows
    assert names
    assert {one.author_key for one in names if isinstance(one, AuthorNameRow)} == {clip.author_key}
    assert isinstance(media, MediaRow)
    assert isinstance(clip, ClipRow)
    assert isinstance(counts, ObservationRow)
    return media, clip, counts


@pytest.mark.parametrize("url", ["https://www.tiktok.com/@ann/video/1", "https://vm.tiktok.com/ZMabc"])
def test_a_good_tiktok(platform: Platform, tmp_path: Path, url: str) -> None:
    outcome = ask(platform, tmp_path, url)
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
        ("7300000000012170000", Reason.ROUNDED_ID, 1),
        ("7300000000012171237", Reason.REGION_OR_REMOVED, 1),
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
def test_f5_a_tiktok_that_is_lost(
    platform: Platform, tmp_path: Path, tell: Tell, post_id: str, reason: Reason, budget: int
) -> None:
    outcome = ask(platform, tmp_path, f"https://www.tiktok.com/@ann/video/{post_id}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= budget
    assert "@ann" not in (outcome.message or "")
    assert left(tmp_path) == []
    tell(LOST)


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
def test_f5_a_reel_that_is_lost(platform: Platform, tmp_path: Path, tell: Tell, shortcode: str, reason: Reason) -> None:
    outcome = ask(platform, tmp_path, f"https://www.instagram.com/reel/{shortcode}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= 5
    assert left(tmp_path) == []
    tell(LOST)


@pytest.mark.slow
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
def test_f5_a_short_that_is_lost(platform: Platform, tmp_path: Path, tell: Tell, video_id: str, reason: Reason) -> None:
    outcome = ask(platform, tmp_path, f"https://www.youtube.com/shorts/{video_id}")
    assert outcome.reason == reason, outcome.message
    assert platform[0].requests.total() <= 5
    assert left(tmp_path) == []
    tell(LOST)


def test_a_good_short(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.youtube.com/shorts/good0000000")
    assert outcome.ok, outcome.message
    media = outcome.rows[0]
    assert isinstance(media, MediaRow)
    assert (media.extractor, media.format_id) == ("youtube", "18")


def test_the_pause_that_a_platform_asks_for_is_told(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/429")
    assert "wait 7 s" in (outcome.message or "")
    assert outcome.retry_after_s == 7.0


@pytest.mark.parametrize(
    ("post_id", "reason"),
    [
        ("3", Reason.NO_VIDEO),  # a slideshow
        ("10", Reason.LINK_EXPIRED),
        ("11", Reason.BAD_MEDIA),
        ("12", Reason.BAD_MEDIA),
        ("14", Reason.TOO_LONG),
    ],
)
def test_a_post_that_is_lost_after_it_was_described_keeps_that(
    platform: Platform, tmp_path: Path, post_id: str, reason: Reason
) -> None:
    outcome = ask(platform, tmp_path, f"https://www.tiktok.com/@ann/video/{post_id}")
    assert outcome.reason == reason
    clip, counts, *_ = outcome.rows
    assert isinstance(clip, ClipRow)
    assert isinstance(counts, ObservationRow)
    assert clip.hashtags == ("fyp", "voice")
    assert "@friend" not in (clip.caption or "")
    assert counts.views == 1000
    assert counts.counted_at is not None


@pytest.mark.parametrize("post_id", ["8", "404", "10204"])
def test_a_post_that_was_never_described_has_no_rows(platform: Platform, tmp_path: Path, post_id: str) -> None:
    assert ask(platform, tmp_path, f"https://www.tiktok.com/@ann/video/{post_id}").rows == ()


def test_too_long_is_told_before_any_media(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/14")
    assert "lasts 3600 s" in (outcome.message or "")
    assert platform[0].requests == {"/@ann/video/14": 1}
    assert ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/1", max_duration_s=12).reason == Reason.TOO_LONG
    assert ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/1", max_duration_s=13).ok


def test_a_filter_keeps_a_post_out_before_any_media(platform: Platform, tmp_path: Path) -> None:
    judged: list[tuple[ClipRow, ObservationRow | None]] = []

    def keeps_out(clip: ClipRow, counts: ObservationRow | None) -> tuple[str, str] | None:
        judged.append((clip, counts))
        return "min_likes", "10 is outside min_likes = 100"

    outcome = ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/20", keeps_out=keeps_out)
    assert outcome.reason == Reason.EXCLUDED
    assert "outside min_likes" in (outcome.message or "")
    assert platform[0].requests == {"/@ann/video/20": 1}, "neither media nor captions"
    assert outcome.rows[:2] == judged[0]
    counts = judged[0][1]
    assert counts is not None
    assert counts.likes == 10
    assert left(tmp_path) == []


def test_a_filter_lets_a_post_in(platform: Platform, tmp_path: Path) -> None:
    assert ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/1", keeps_out=lambda *_: None).ok


def captions(outcome: Outcome) -> list[PlatformCaptionRow]:
    assert outcome.ok, outcome.message
    return [row for row in outcome.rows if isinstance(row, PlatformCaptionRow)]


@pytest.mark.parametrize(("post_id", "language"), [("20", "eng-US"), ("22", "en")])
def test_captions_of_tiktok(platform: Platform, tmp_path: Path, post_id: str, language: str) -> None:
    found = captions(ask(platform, tmp_path, f"https://www.tiktok.com/@ann/video/{post_id}"))
    assert [(row.language, row.kind, row.line) for row in found] == [(language, "stated", 0), (language, "stated", 1)]
    assert found[0].text.endswith("it was great & loud")
    assert "@user_" in found[0].text, "a handle is a pseudonym"
    assert "friend" not in found[0].text
    assert (found[1].start_s, found[1].end_s) == (2.0, 3.5)
    assert platform[0].requests == {f"/@ann/video/{post_id}": 1, "/play540.mp4": 1, "/said.vtt": 1}
    assert left(tmp_path) == ["media.mp4"]


def test_a_handle_has_the_pseudonym_that_it_has_in_the_caption_of_the_post(platform: Platform, tmp_path: Path) -> None:
    outcome = ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/20")
    clip = next(row for row in outcome.rows if isinstance(row, ClipRow))
    assert f"@{clip.mentions[0]}," in captions(outcome)[0].text


def test_captions_of_youtube_without_translations(platform: Platform, tmp_path: Path) -> None:
    found = captions(ask(platform, tmp_path, "https://www.youtube.com/shorts/captions000"))
    assert {(row.language, row.kind) for row in found} == {("en", "automatic"), ("de", "stated")}
    assert [row.text for row in found if row.kind == "automatic"] == ["hello there friends", "no", "no really"]
    assert platform[0].requests["/api/timedtext"] == 2


def test_captions_that_cannot_be_had_cost_nothing_but_themselves(platform: Platform, tmp_path: Path) -> None:
    found = captions(ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/21"))
    assert {row.language for row in found} == {"fra-FR"}, "one is gone, one a page, and the fourth is one too many"
    assert platform[0].requests.total() == 5


def test_captions_are_left_alone_where_the_study_does_not_want_them(platform: Platform, tmp_path: Path) -> None:
    assert captions(ask(platform, tmp_path, "https://www.tiktok.com/@ann/video/20", captions=False)) == []
    assert platform[0].requests.total() == 2
