"""yt-dlp as this package calls it: one set of parameters, one proxy, and its errors mapped to reasons."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Reason, StageError, UserError, is_disk_full
from pipeline.sources.platforms.egress_proxy import EgressProxy, own_proxy, running_proxy, without_exemptions
from pipeline.sources.platforms.failures import judge, plain, said
from pipeline.sources.platforms.options import DownloadOptions

OTHERS_MODE = 0o077  # the permissions of a file for everyone but its owner
MAX_LEADS = 3  # references from one extractor to the next, as with a short link
#: A folder without ffmpeg: yt-dlp would let this machine's ffmpeg read playlists, without limits and past the proxy.
NO_FFMPEG = str(Path(__file__).parent)
GENERIC = "generic"  # the extractor for any site: only tests allow it, for sites on this machine


class Messages:
    """A logger for yt-dlp that keeps its warnings: some reasons appear only there."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.too_large = False

    def debug(self, message: str) -> None:
        """Record the one message that matters: a file over the size limit is skipped without an error."""
        self.too_large = self.too_large or "larger than max-filesize" in message

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.warnings.append(message)

    def error(self, message: str) -> None:
        """Record nothing: yt-dlp raises its errors too."""


@contextmanager
def ytdlp_client(
    options: DownloadOptions, own: Mapping[str, Any], overrides: Mapping[str, Any], messages: Messages | None = None
) -> Iterator[Any]:
    """A `yt_dlp.YoutubeDL` with the parameters of all requests and a request's `own`, open for one request.

    Errors of yt-dlp inside the block come out as `StageError` with their reason, unknown ones as `RuntimeError`, so
    that their trace is stored. Raises `UserError` where the cookies cannot be used.
    """
    import yt_dlp
    from yt_dlp.globals import plugin_dirs
    from yt_dlp.networking.exceptions import RequestError
    from yt_dlp.utils import YoutubeDLError

    # A plugin on this machine could replace any extractor.
    plugin_dirs.value = []
    messages = messages or Messages()
    # Only tests go without the proxy: their sites are on this machine, which it refuses.
    unguarded = GENERIC in options.extractors or "proxy" in overrides
    with _proxy_route(options, unguarded=unguarded) as (way, proxy):
        parameters = _ytdlp_parameters(options, messages) | dict(own) | proxy | dict(overrides)
        try:
            with yt_dlp.YoutubeDL(parameters) as client:
                yield client
        except (YoutubeDLError, RequestError) as error:
            if way is not None and way.refused:
                message = f"the URL is not followed, {way.refused[0]}"
                raise StageError(Reason.SKIPPED_POLICY, message) from error
            raise _translated_error(error, messages) from error


def described(client: Any, url: str) -> dict[str, Any]:
    """The extractor's description of a URL, its references to other extractors followed; nothing of it is processed."""
    info: dict[str, Any] = client.extract_info(url, download=False, process=False) or {}
    for _ in range(MAX_LEADS):
        if info.get("_type") not in ("url", "url_transparent"):
            break
        info = client.extract_info(info["url"], download=False, process=False) or {}
    return info


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request failed, as lanes and rows take it."""

    reason: str
    message: str
    retry_after_s: float | None = None


def refusal(error: Exception) -> Refusal:
    """Any error of a request as a reason with its sentence, for callers that must not raise."""
    if isinstance(error, StageError):
        return Refusal(error.reason, error.message, error.retry_after_s)
    if isinstance(error, UserError):  # the cookies cannot be used, so nothing is requested
        return Refusal(Reason.LOGIN_REQUIRED, str(error))
    if is_disk_full(error):
        return Refusal(Reason.DISK_FULL, "the disk is full")
    return Refusal(Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}")


def cookies_of(options: DownloadOptions) -> io.StringIO | None:
    """A copy of the cookies in memory, so that yt-dlp never writes to the file; None without one.

    Raises `UserError` where the file cannot be read, or where anyone but its owner may read it.
    """
    if options.cookie_file is None:
        return None
    path = Path(options.cookie_file).expanduser()
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the cookies {path} cannot be read: correct the key cookie_file, or leave it out") from error
    if os.name == "posix" and mode & OTHERS_MODE:
        raise UserError(f"others may read the cookies {path}, and whoever has them has the account: chmod 600 {path}")
    return io.StringIO(text)


def _ytdlp_parameters(options: DownloadOptions, messages: Messages) -> dict[str, Any]:
    """Options of yt-dlp for every request: no cache, few retries, a pause between two pages."""
    return {
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "logger": messages,
        "allowed_extractors": list(options.extractors),
        "noplaylist": True,
        "ignoreerrors": False,
        "cachedir": False,
        "retries": 2,
        "fragment_retries": 3,
        "extractor_retries": 1,
        "file_access_retries": 1,
        "socket_timeout": options.socket_timeout_s,
        "sleep_interval_requests": 0.75,
        "js_runtimes": {"deno": {}, "node": {}},
        "ffmpeg_location": NO_FFMPEG,
        "geo_bypass": False,
        "cookiefile": cookies_of(options),
    }


@contextmanager
def _proxy_route(options: DownloadOptions, *, unguarded: bool) -> Iterator[tuple[EgressProxy | None, dict[str, str]]]:
    """The local proxy and yt-dlp's option for it; where the user or the machine has a proxy, that one is used."""
    if unguarded:
        yield None, {}
    elif options.proxy is not None:
        with without_exemptions():
            yield None, {"proxy": options.proxy}
    elif own_proxy():
        yield None, {}
    else:
        with running_proxy() as way:
            yield way, {"proxy": way.address}


def _translated_error(error: Exception, messages: Messages) -> Exception:
    """An error of yt-dlp as one of ours; an unknown one becomes a `RuntimeError`, so that its trace is stored."""
    verdict, sentence = judge(error, messages.warnings), plain(said(error, messages.warnings))
    if verdict.reason is Reason.DISK_FULL:
        return OSError(errno.ENOSPC, "No space left on device")
    if verdict.reason is Reason.INTERNAL_ERROR:
        return RuntimeError(f"yt-dlp says what is not known here yet: {sentence}")
    asked = "" if verdict.retry_after_s is None else f" (the site asks to wait {verdict.retry_after_s:.0f} s)"
    return StageError(verdict.reason, sentence + asked, retry_after_s=verdict.retry_after_s)
