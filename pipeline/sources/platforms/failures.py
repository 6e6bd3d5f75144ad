"""Why a fetch failed: errors and warnings of yt-dlp mapped to one reason of the closed list, and its action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from pipeline.errors import Reason, StageError, is_disk_full
from pipeline.records import Seconds
from pipeline.sources.media_ids import looks_rounded
from pipeline.sources.post_urls import post_of_url

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0


class Action(StrEnum):
    """What is done after a failure."""

    RETRY = "retry"  # the same post again, after a growing pause
    PAUSE_LANE = "pause_lane"  # nothing is requested from this platform for a while
    HOLD = "hold"  # until the versions of the tools or the cookies change
    LOOK_AGAIN = "look_again"  # one more try after a day, then permanent: a single refusal proves little
    PERMANENT = "permanent"
    STOP_RUN = "stop_run"


@dataclass(frozen=True, slots=True)
class Policy:
    """An action with its limits."""

    action: Action
    tries: int = 1  # further tries at most, the first one not counted
    wait_s: Seconds = 0.0  # before the first of them; doubled each time


#: The policy of every reason for which a fetch can fail.
POLICIES: Mapping[Reason, Policy] = {
    Reason.RATE_LIMITED: Policy(Action.PAUSE_LANE, wait_s=MINUTE_S),  # or what Retry-After says
    Reason.BOT_CHECK: Policy(Action.PAUSE_LANE, wait_s=HOUR_S),
    Reason.NETWORK: Policy(Action.RETRY, tries=5, wait_s=10.0),
    Reason.SERVER_ERROR: Policy(Action.RETRY, tries=5, wait_s=10.0),
    Reason.TIMEOUT: Policy(Action.RETRY, tries=2, wait_s=MINUTE_S),
    Reason.WORKER_DIED: Policy(Action.RETRY, tries=2, wait_s=10.0),
    Reason.LINK_EXPIRED: Policy(Action.RETRY, wait_s=10.0),
    Reason.BAD_MEDIA: Policy(Action.RETRY, wait_s=MINUTE_S),
    Reason.LOGIN_REQUIRED: Policy(Action.HOLD),
    Reason.EXTRACTOR_BROKEN: Policy(Action.HOLD),
    Reason.INTERNAL_ERROR: Policy(Action.HOLD),
    Reason.REMOVED: Policy(Action.LOOK_AGAIN, wait_s=DAY_S),
    Reason.REGION_OR_REMOVED: Policy(Action.LOOK_AGAIN, wait_s=DAY_S),
    Reason.PRIVATE: Policy(Action.PERMANENT, tries=0),
    Reason.GEO_BLOCKED: Policy(Action.PERMANENT, tries=0),
    Reason.ROUNDED_ID: Policy(Action.PERMANENT, tries=0),
    Reason.NO_VIDEO: Policy(Action.PERMANENT, tries=0),
    Reason.NO_AUDIO: Policy(Action.PERMANENT, tries=0),
    Reason.UNSUPPORTED_URL: Policy(Action.PERMANENT, tries=0),
    Reason.SKIPPED_POLICY: Policy(Action.PERMANENT, tries=0),
    Reason.TOO_LONG: Policy(Action.PERMANENT, tries=0),
    Reason.EXCLUDED: Policy(Action.PERMANENT, tries=0),
    Reason.DISK_FULL: Policy(Action.STOP_RUN, tries=0),
}

#: Messages of yt-dlp, its extractors and its network libraries; the first match wins, so the order matters.
MESSAGES: tuple[tuple[str, Reason], ...] = (
    (r"no space left", Reason.DISK_FULL),
    # before "login": Instagram's message names both, and a pause is what helps
    (r"rate-?limit|too many requests|HTTP Error 429", Reason.RATE_LIMITED),
    (r"content isn't available, try again later", Reason.RATE_LIMITED),
    (r"not a bot|captcha|unable to extract challenge data", Reason.BOT_CHECK),
    # the URL of the media, not of the post: its signature expires after some hours
    (r"(unable to download video data|got error): HTTP Error (403|410|416)", Reason.LINK_EXPIRED),
    (r"got error: HTTP Error 404", Reason.BAD_MEDIA),  # one segment of many
    (r"fragment \d+ not found|fragment retries|file is empty|did not get any data", Reason.BAD_MEDIA),
    # before "sign in" and "video unavailable", which follow in the same sentence
    (r"private video|(video|account) is (likely either )?private|account is either private", Reason.PRIVATE),
    (r"permission to view this post|users who follow this account", Reason.PRIVATE),
    (r"(in|from) your (country|location|region)|geo.?restrict|HTTP Error 451", Reason.GEO_BLOCKED),
    (r"IP address is blocked|status code 10(204|231)\b|video is not available$", Reason.REGION_OR_REMOVED),
    (r"live event will begin|premieres in|premiere will begin|livestream has ended", Reason.SKIPPED_POLICY),
    (r"not currently live|larger than max-filesize", Reason.SKIPPED_POLICY),
    (r"no longer available|isn.t available anymore|removed|terminated|blocked it on copyright", Reason.REMOVED),
    (r"channel.s members|members-only|requires payment|HTTP Error 401", Reason.LOGIN_REQUIRED),
    (r"\blog ?in\b|log into|sign in|requiring login|registered users|restricted video", Reason.LOGIN_REQUIRED),
    (r"empty media response|fresh cookies|content is unreachable|login details", Reason.LOGIN_REQUIRED),
    (r"unsupported url|no suitable extractor|is not a valid url", Reason.UNSUPPORTED_URL),
    (r"file:// urls are disabled|no connection adapters", Reason.UNSUPPORTED_URL),
    (r"no video in this post|/photo/|requested format is not available|DRM", Reason.NO_VIDEO),
    (r"ffmpeg could not be found", Reason.NO_VIDEO),  # a stream that yt-dlp itself cannot read, and none else may
    (r"does not have (any videos|a \w+ tab)", Reason.NO_VIDEO),
    (r"video unavailable|page isn.t available|recording is not available", Reason.REMOVED),
    (r"does not exist|HTTP Error 4(04|10)", Reason.REMOVED),
    (r"HTTP Error 403", Reason.BOT_CHECK),
    (r"HTTP Error 5\d\d|redirect loop|processing this video", Reason.SERVER_ERROR),
    (r"timed? ?out|HTTP Error 408", Reason.TIMEOUT),
    (r"resolve|not known|refused|reset by peer|unreachable|more expected|TransportError", Reason.NETWORK),
    (r"connection aborted|remote end closed|proxy|curl: \(\d+\)|SSL|content too short", Reason.NETWORK),
    (r"incomplete (yt initial )?data", Reason.NETWORK),
    (r"unable to (extract|solve)|unexpected response|no video formats|universal data", Reason.EXTRACTOR_BROKEN),
    (r"status code 100004|player response|needs to be reloaded|keeps sending the same page", Reason.EXTRACTOR_BROKEN),
    # a request that the site calls malformed, and what yt-dlp itself calls a bug
    (r"HTTP Error 400|failed to parse|report this issue", Reason.EXTRACTOR_BROKEN),
)

#: Warnings that decide when the error after them is vague.
WARNINGS: tuple[tuple[str, Reason], ...] = (
    (r"rate-?limit|HTTP Error 429", Reason.RATE_LIMITED),
    (r"not a bot|captcha", Reason.BOT_CHECK),
    (r"only images are available|challenge solving failed|signature extraction failed", Reason.EXTRACTOR_BROKEN),
    (r"no impersonate target is available", Reason.EXTRACTOR_BROKEN),
)
#: Where an account's page cannot be fetched, yt-dlp's error says less than its warning about the page.
NO_ACCOUNT, NO_PAGE = "Unable to extract secondary user ID", "Unable to download user webpage"
#: What yt-dlp says of TikTok's status 10204, with which it answers for ids of no post too.
NO_SUCH_POST = re.compile(r"IP address is blocked|status code 10204\b")
NO_FORMATS = "No video formats found"
VAGUE = ("empty media response", "Requested format is not available", NO_FORMATS)


@dataclass(frozen=True, slots=True)
class FailureVerdict:
    """The reason of a failed fetch, with what else the site's response states."""

    reason: Reason
    status: int | None = None  # of HTTP; None without a response, or where the cause is lost
    retry_after_s: Seconds | None = None  # what the site asks for

    @property
    def policy(self) -> Policy:
        """The policy of the reason."""
        return POLICIES[self.reason]


def judge(error: BaseException, warnings: Sequence[str] = ()) -> FailureVerdict:
    """Map an error of yt-dlp, with the warnings before it, to its reason.

    The message decides, since after yt-dlp's own retries nothing else is left. Where it matches no pattern, the HTTP
    status decides, then yt-dlp's own flag of a bug (`expected`). What stays unknown is `internal_error`.
    """
    chain = list(_error_chain(error))
    answer = next((response for cause in chain if (response := getattr(cause, "response", None)) is not None), None)
    status = _int_or_none(getattr(answer, "status", None))
    headers = getattr(answer, "headers", None) or {}
    if any(map(is_disk_full, chain)):
        return FailureVerdict(Reason.DISK_FULL)
    reason = reason_of(said(error, warnings), warnings)
    if reason is Reason.INTERNAL_ERROR and status is not None:
        reason = reason_of(f"HTTP Error {status}")
    if reason is Reason.INTERNAL_ERROR and any(getattr(cause, "expected", None) is False for cause in chain):
        reason = Reason.EXTRACTOR_BROKEN
    return FailureVerdict(reason, status, retry_after(headers.get("Retry-After")))


def of_rounded_id(error: StageError, url: str) -> StageError:
    """An error of a fetch, which names the id instead of the platform where TikTok knows no post of a rounded one."""
    platform, post_id = post_of_url(url)
    if platform != "tiktok" or not looks_rounded(post_id or "") or not NO_SUCH_POST.search(error.message):
        return error
    message = (
        "TikTok knows no post of this id, which ends as if a spreadsheet or JavaScript had rounded it: take the id "
        "from the file as it was before"
    )
    return StageError(Reason.ROUNDED_ID, message)


def of_silent_slideshow(error: StageError, is_slideshow: bool) -> StageError:
    """An error of a fetch, which says that a slideshow has no sound where nothing of it can be fetched."""
    if is_slideshow and NO_FORMATS in error.message:
        return StageError(Reason.NO_AUDIO, "the slideshow has no sound")
    return error


def answered_url(error: BaseException) -> str | None:
    """The URL whose response made an error, after all redirects; None where no response did."""
    return next((response.url for cause in _error_chain(error) if (response := getattr(cause, "response", None))), None)


def said(error: BaseException, warnings: Sequence[str] = ()) -> str:
    """The message of an error; where an account's page could not be fetched, the warning about that page."""
    text = str(error)
    if NO_ACCOUNT in text:
        return next((warning for warning in warnings if NO_PAGE in warning), text)
    # An error while a list is read starts with the post's id alone, without an origin in brackets.
    about = getattr(error, "video_id", None)
    return text.removeprefix(f"{about}: ") if about else text


def reason_of(message: str, warnings: Sequence[str] = ()) -> Reason:
    """The reason whose pattern a message matches; `internal_error` if there is none."""
    text = without_origin(message).replace("\u2019", "'")  # YouTube writes both apostrophes
    if any(vague in text for vague in VAGUE):
        told = _first_match(WARNINGS, " ".join(warnings))
        if told is not None:
            return told
    return _first_match(MESSAGES, text) or Reason.INTERNAL_ERROR


def without_origin(message: str) -> str:
    """A message without the extractor and the post's id before it: an id can hold any word or number."""
    return re.sub(r"^(ERROR:\s*)?(\[[\w:+.-]+\]\s+(\S+:\s+)?)?", "", message.strip())


def plain(message: str) -> str:
    """A message for the user: no origin, no advice for users of yt-dlp, no URL and no account name."""
    text = re.split(r"; please report|\. Use --|\. Also see|\. If you are able| \(caused by", without_origin(message))[
        0
    ]
    text = re.sub(r"\w+://\S+", "(URL)", text)
    return re.sub(r"(?<!\w)@[\w.-]+", "(account)", text).strip()[:300]


def retry_after(header: str | None, now: datetime | None = None) -> Seconds | None:
    """Seconds of a Retry-After header, in either form of RFC 9110 section 10.2.3; None if it cannot be read."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _first_match(table: Sequence[tuple[str, Reason]], text: str) -> Reason | None:
    return next((reason for pattern, reason in table if re.search(pattern, text, re.IGNORECASE)), None)


def _error_chain(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes: yt-dlp keeps them in `exc_info` and `cause`, Python in `__cause__`."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        behind = ((getattr(current, "exc_info", None) or (None, None))[1], getattr(current, "cause", None))
        waiting += [cause for cause in (*behind, current.__cause__) if isinstance(cause, BaseException)]


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) else None
