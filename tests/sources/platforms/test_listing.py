"""Listings through yt-dlp's own extractors: what they show, when they stop, and that nothing is asked for beyond it.

TikTok's account pages and their paging, and YouTube's tabs with their continuations, are fed as far as the extractors
read them. What is not fed: a redirect of YouTube to a regional channel, and pages behind a consent form.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.sources.platforms.listing import ListingAnswer, ListingRequest, list_posts
from pipeline.sources.platforms.options import DownloadOptions
from tests.support.platform.fake_listings import IN_ALL, PAGE, PINNED, POSTS, YOUTUBE_POSTS, post_number, short_id
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import QUICK, Server

Platform = tuple[Server, dict[str, Any]]
ACCOUNT = "https://www.tiktok.com/@"
PAGES = "/api/creator/item_list/"


@pytest.fixture(scope="module")
def platform(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


def request(url: str, **changes: Any) -> ListingRequest:
    values = {"max_posts": 1000, "since": None, "max_minutes": 1.0, **changes}
    return ListingRequest("panel", url, "youtube" if "youtube" in url else "tiktok", **values)


def listed(platform: Platform, url: str, **changes: Any) -> ListingAnswer:
    platform[0].requests.clear()
    return list_posts(request(url, **changes), DownloadOptions(socket_timeout_s=3), {**platform[1], **QUICK})


def clip_ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"tiktok:{post_number(number)['id']}" for number in numbers)


def test_an_account_is_listed_to_its_end(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "ann")
    assert (answer.stopped, answer.reason, answer.message) == ("end", None, None)
    assert len(answer.posts) == IN_ALL == len({post.post_id for post in answer.posts})
    pinned, newest = answer.posts[:2]
    assert (pinned.post_id, newest.post_id) == (PINNED["id"], post_number(0)["id"])
    assert (newest.platform, newest.source) == ("tiktok", "yt_dlp")
    assert newest.url == f"https://www.tiktok.com/@ann/video/{newest.post_id}"
    assert newest.caption == "post 0 #voice"
    assert newest.posted_at == datetime.fromtimestamp(post_number(0)["createTime"], UTC)
    assert newest.counts["views"] == 1000
    assert newest.counted_at is not None
    assert "2026" in answer.tools
    assert answer.seconds > 0


@pytest.mark.parametrize(
    ("most", "pages"), [(1, 1), (PAGE + 1, 1), (PAGE + 2, 2)]
)  # the first page has a pinned post beside its fifteen
def test_no_page_is_asked_for_beyond_the_wanted_posts(platform: Platform, most: int, pages: int) -> None:
    answer = listed(platform, ACCOUNT + "ann", max_posts=most)
    assert (answer.stopped, len(answer.posts)) == ("max_posts", most)
    assert platform[0].requests[PAGES] == pages


def test_nothing_wanted_is_nothing_asked(platform: Platform) -> None:
    assert listed(platform, ACCOUNT + "ann", max_posts=0).stopped == "max_posts"
    assert platform[0].requests.total() == 0


def test_posts_before_a_day_are_left_out_and_a_pinned_one_ends_nothing(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "ann", since=date(2025, 10, 5))
    assert answer.stopped == "since"
    assert [post.post_id for post in answer.posts] == [post_number(number)["id"] for number in range(5)]


def test_a_row_of_known_posts_ends_a_listing(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "ann", known=clip_ids(*range(POSTS)))
    assert answer.stopped == "known"
    assert platform[0].requests[PAGES] == 2, "thirty known posts are two pages, and the third holds the last ten"
    assert PINNED["id"] in {post.post_id for post in answer.posts}
    assert post_number(0)["id"] in {post.post_id for post in answer.posts}, "its counts of now are an observation"


def test_a_new_post_between_known_ones_is_found(platform: Platform) -> None:
    known = clip_ids(*(number for number in range(POSTS) if number != 20))
    answer = listed(platform, ACCOUNT + "ann", known=known)
    assert post_number(20)["id"] in {post.post_id for post in answer.posts}
    assert answer.stopped == "end", "no thirty known ones in a row are left after it"


def test_the_same_page_again_and_again_ends_with_its_posts_kept(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "loop")
    assert (answer.stopped, answer.reason) == ("failed", Reason.EXTRACTOR_BROKEN)
    assert "same page" in (answer.message or "")
    assert len(answer.posts) == PAGE
    assert platform[0].requests[PAGES] <= 3


@pytest.mark.slow
def test_pages_in_a_circle_end_when_the_time_is_over(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "circle", max_minutes=0.02)
    assert (answer.stopped, answer.reason) == ("max_minutes", None)
    assert len(answer.posts) == 2 * PAGE
    assert answer.seconds < 5


def test_posts_before_a_failure_are_kept(platform: Platform) -> None:
    answer = listed(platform, ACCOUNT + "halt")
    assert (answer.stopped, answer.reason, answer.retry_after_s) == ("failed", Reason.RATE_LIMITED, 7.0)
    assert len(answer.posts) == PAGE
    assert "wait 7 s" in (answer.message or "")
    assert "halt" not in (answer.message or "")


@pytest.mark.parametrize(
    ("name", "stopped", "reason"),
    [
        ("empty", "end", None),
        ("private", "failed", Reason.PRIVATE),
        ("gone", "failed", Reason.REMOVED),
        ("limited", "failed", Reason.RATE_LIMITED),
        ("new.layout", "failed", Reason.EXTRACTOR_BROKEN),
    ],
)
def test_an_account_without_posts_has_its_reason(
    platform: Platform, name: str, stopped: str, reason: Reason | None
) -> None:
    answer = listed(platform, ACCOUNT + name)
    assert (answer.stopped, answer.reason, answer.posts) == (stopped, reason, ())
    assert name not in (answer.message or "").split()
    assert platform[0].requests.total() <= 2


@pytest.mark.parametrize("path", ["@ann/shorts", "hashtag/voice", "hashtag/voice/shorts"])
def test_a_channel_and_a_hashtag_of_youtube(platform: Platform, path: str) -> None:
    answer = listed(platform, f"https://www.youtube.com/{path}")
    assert (answer.stopped, answer.reason) == ("end", None)
    assert [post.post_id for post in answer.posts] == [short_id(number) for number in range(YOUTUBE_POSTS)]
    first = answer.posts[0]
    assert (first.platform, first.caption) == ("youtube", "short 0")
    assert first.posted_at is None, "the page tells no date, and none is made up"


def test_a_page_of_youtube_without_dates_is_not_cut_by_one(platform: Platform) -> None:
    answer = listed(platform, "https://www.youtube.com/@ann/shorts", since=date(2030, 1, 1))
    assert len(answer.posts) == YOUTUBE_POSTS


def test_no_continuation_of_youtube_beyond_the_wanted_posts(platform: Platform) -> None:
    assert listed(platform, "https://www.youtube.com/@ann/shorts", max_posts=10).stopped == "max_posts"
    assert platform[0].requests["/youtubei/v1/browse"] == 0


def test_pages_of_youtube_that_repeat_their_posts_end_a_listing(platform: Platform) -> None:
    answer = listed(platform, "https://www.youtube.com/@again/shorts")
    assert (answer.stopped, len(answer.posts)) == ("known", 10)
    assert platform[0].requests["/youtubei/v1/browse"] == 3, "thirty repeated posts are three pages"


def test_a_channel_without_shorts_is_listed_to_its_end(platform: Platform) -> None:
    answer = listed(platform, "https://www.youtube.com/@films/shorts")
    assert (answer.stopped, answer.reason, answer.posts) == ("end", None, ())


def test_what_cannot_be_listed_is_an_answer_too(platform: Platform) -> None:
    answer = listed(platform, "https://www.tiktok.com/tag/voice")
    assert (answer.stopped, answer.reason) == ("failed", Reason.UNSUPPORTED_URL)
    assert "Zeeschuimer" in (answer.message or "")
    assert platform[0].requests.total() == 0


def test_the_pause_between_pages_is_that_between_posts(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    options = DownloadOptions(socket_timeout_s=3, paces={"tiktok": (4, 9)})
    list_posts(request(ACCOUNT + "ann"), options, platform[1])
    assert waited.count(4) == 3, "one before each page, none before the account's own"


@pytest.mark.slow
def test_a_listing_runs_in_a_process_of_its_own(platform: Platform) -> None:
    wanted, options = request(ACCOUNT + "ann", max_posts=3, known=clip_ids(1)), DownloadOptions(socket_timeout_s=3)
    assert pickle.loads(pickle.dumps((wanted, options))) == (wanted, options)  # noqa: S301 - our own bytes
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answer = pool.apply(list_posts, (wanted, options, {**platform[1], **QUICK}))
    assert (answer.stopped, len(answer.posts)) == ("max_posts", 3)
