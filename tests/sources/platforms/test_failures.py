"""Every recorded message of yt-dlp has its reason, and what an exception carries is read from it."""

from __future__ import annotations

import csv
import errno
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yt_dlp.utils import DownloadError, ExtractorError

from pipeline.errors import RETRYABLE, Reason, StageError
from pipeline.sources.media_ids import looks_rounded
from pipeline.sources.platforms.failures import (
    POLICIES,
    Action,
    judge,
    of_rounded_id,
    plain,
    reason_of,
    retry_after,
    said,
)

with (Path(__file__).parent / "recorded_messages.csv").open(encoding="utf-8", newline="") as file:
    RECORDED = [(row["message"], Reason(row["reason"])) for row in csv.DictReader(file)]


class Refused(Exception):
    """An answer of a site as yt-dlp's network layer raises it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__("said nothing known")
        self.response = SimpleNamespace(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def failed(message: str, cause: Exception) -> DownloadError:
    """The error that yt-dlp's front raises, with its cause where it keeps it."""
    return DownloadError(message, (type(cause), cause, None))


@pytest.mark.parametrize(("message", "reason"), RECORDED)
def test_a_recorded_message_has_its_reason(message: str, reason: Reason) -> None:
    assert reason_of(message) == reason


def test_there_are_enough_of_them_and_each_reason_of_a_message_is_seen() -> None:
    assert len({message for message, _ in RECORDED}) >= 60
    said = {reason for _, reason in RECORDED}
    unsaid = {Reason.WORKER_DIED, Reason.NO_AUDIO}  # the executor and the proof of the media tell these
    unsaid |= {Reason.TOO_LONG, Reason.EXCLUDED}  # and these the study's own limits
    unsaid |= {Reason.ROUNDED_ID}  # and this one the id itself
    assert said == set(POLICIES) - unsaid


REFUSED = [
    "Your IP address is blocked from accessing this post",
    "Video not available, status code 10204",
]


def judged(message: str, post_id: str, url: str = "https://www.tiktok.com/@_/video/{}") -> Reason:
    error = of_rounded_id(StageError(Reason.REGION_OR_REMOVED, message), url.format(post_id))
    return error.reason


@given(st.integers(7 * 10**18, 8 * 10**18), st.sampled_from(REFUSED), st.sampled_from([15, 16, 17]))
def test_a_post_of_a_rounded_id_is_not_called_removed(number: int, message: str, digits: int) -> None:
    as_javascript, as_spreadsheet = str(int(float(number))), f"{number // 10 ** (19 - digits)}".ljust(19, "0")
    for rounded in (as_javascript, as_spreadsheet if digits < 17 else as_javascript):
        assert judged(message, rounded) == Reason.ROUNDED_ID
    if not looks_rounded(str(number)):
        assert judged(message, str(number)) == Reason.REGION_OR_REMOVED
    assert judged("Video not available, status code 10231", as_javascript) == Reason.REGION_OR_REMOVED
    assert judged(message, as_javascript, "https://www.instagram.com/p/{}/") == Reason.REGION_OR_REMOVED


def test_words_and_numbers_of_an_id_or_a_name_are_no_signal() -> None:
    assert reason_of("ERROR: [Instagram] private-removed: There is no video in this post") == Reason.NO_VIDEO
    assert reason_of("ERROR: [TikTok] 7429404503: Unexpected response from webpage request") == Reason.EXTRACTOR_BROKEN


def test_the_status_and_retry_after_are_read_from_the_cause() -> None:
    verdict = judge(failed("ERROR: nothing known", Refused(429, Retry_After="7")))
    assert (verdict.reason, verdict.status, verdict.retry_after_s) == (Reason.RATE_LIMITED, 429, 7.0)
    inner = ExtractorError("Unable to download webpage", cause=Refused(503))
    assert judge(failed("ERROR: nothing known", inner)).reason == Reason.SERVER_ERROR


def test_what_yt_dlp_calls_a_bug_is_a_broken_extractor() -> None:
    assert judge(failed("ERROR: odd", ExtractorError("odd", expected=False))).reason == Reason.EXTRACTOR_BROKEN
    assert judge(failed("ERROR: odd", ExtractorError("odd", expected=True))).reason == Reason.INTERNAL_ERROR


def test_a_lost_cause_leaves_the_message() -> None:
    lost = DownloadError("ERROR: Got error: HTTP Error 503: x. Giving up after 2 retries", (None, None, None))
    verdict = judge(lost)
    assert (verdict.reason, verdict.status, verdict.retry_after_s) == (Reason.SERVER_ERROR, None, None)


def test_a_full_disk_is_seen_behind_any_message() -> None:
    assert judge(failed("ERROR: unable to open", OSError(errno.ENOSPC, "voll"))).reason == Reason.DISK_FULL


def test_a_warning_outweighs_only_a_vague_error() -> None:
    warnings = ["[Instagram] x: Unable to download JSON metadata: HTTP Error 429: Too Many Requests"]
    assert reason_of("[Instagram] x: Instagram sent an empty media response.", warnings) == Reason.RATE_LIMITED
    assert reason_of("[Instagram] x: There is no video in this post", warnings) == Reason.NO_VIDEO
    images = ["[youtube] x: Only images are available for download"]
    assert reason_of("[youtube] x: Requested format is not available", images) == Reason.EXTRACTOR_BROKEN


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 10, 21, 7, 27, tzinfo=UTC)) == seconds


def test_what_the_next_run_tries_again_agrees_with_the_actions() -> None:
    final = {Action.PERMANENT, Action.LOOK_AGAIN}  # a second look needs its day, which the next run may not give it
    assert {reason for reason, policy in POLICIES.items() if policy.action not in final} == RETRYABLE & set(POLICIES)


def test_a_message_for_readers_names_no_account_and_no_url() -> None:
    message = "ERROR: [generic] x1: Unsupported URL: https://www.tiktok.com/@ann/video/1 of @ann; please report this"
    assert plain(message) == "Unsupported URL: (URL) of (account)"


def test_an_account_whose_page_could_not_be_had_has_the_reason_of_the_page() -> None:
    error = ExtractorError("Unable to extract secondary user ID. If you are able to get it, use it", expected=True)
    page = "[tiktok:user] ann.x: Unable to download user webpage: HTTP Error 429: Too Many Requests (caused by <x>)"
    other = "[tiktok:user] ann.x: This user's account is either private or has embedding disabled"
    assert judge(error).reason == Reason.EXTRACTOR_BROKEN
    assert judge(error, [other]).reason == Reason.EXTRACTOR_BROKEN, "a guess of yt-dlp, and no answer of the platform"
    assert judge(error, [page, other]).reason == Reason.RATE_LIMITED
    told = plain(said(error, [page]))
    assert told == "Unable to download user webpage: HTTP Error 429: Too Many Requests"


def test_the_name_of_an_account_is_no_signal_and_is_not_told() -> None:
    error = ExtractorError("HTTP Error 503", video_id="private-removed")
    assert judge(error).reason == Reason.SERVER_ERROR
    assert plain(said(error)) == "HTTP Error 503"
