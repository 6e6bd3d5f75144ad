"""Stage `download`: the media file of a clip, taken from a folder or fetched with yt-dlp into a folder of its own."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline import posts, pseudonyms
from pipeline.errors import Reason, StageError
from pipeline.models import sha256_of
from pipeline.records import Clip, ClipRow, MediaRow, Row
from pipeline.stage import Options, Result, Setting, Stage

#: Nothing but media is ever wanted: sound always, and the picture as h264 where there is a choice.
FORMATS = "best[vcodec^=h264][acodec!=none]/best[acodec!=none][vcodec!=none]/bestvideo*+bestaudio/best"

#: yt-dlp's messages as reasons, first match wins; each pattern was seen in its output or its source.
MESSAGES: tuple[tuple[str, Reason], ...] = (
    (r"429|rate-?limit|too many requests", Reason.RATE_LIMITED),
    (r"not a bot|captcha|challenge", Reason.RATE_LIMITED),
    (r"private video|status code 10216|status code 10222|this (account|video) is private", Reason.PRIVATE),
    (r"available (in|from) your (country|location)|geo.?restrict|HTTP Error 451|status code 10231", Reason.GEO_BLOCKED),
    (r"log ?in|sign in|requiring login|empty media response|cookies", Reason.LOGIN_REQUIRED),
    (r"unsupported URL|no suitable extractor|is not a valid URL", Reason.UNSUPPORTED_URL),
    (r"video unavailable|removed|terminated|HTTP Error 4(04|10)|status code 10204", Reason.REMOVED),
    (r"no video in this post|/photo/", Reason.NO_VIDEO),
    (r"HTTP Error 5\d\d", Reason.SERVER_ERROR),
    (r"timed? ?out", Reason.TIMEOUT),
    (r"resolve|not known|refused|reset|unreachable|more expected|did not get any data|TransportError", Reason.NETWORK),
    (
        r"unable to extract|unexpected response|no video formats|universal data|report this issue",
        Reason.EXTRACTOR_BROKEN,
    ),
)


class DownloadOptions(Options):
    """How media is fetched; local files need none of this."""

    extractors: tuple[str, ...] = Field(
        ("TikTok", r"vm\.tiktok", "Instagram", "youtube"),
        description="the extractors of yt-dlp that may run, as its own regular expressions",
    )
    socket_timeout_s: float = Field(20.0, gt=0, description="give up on a silent connection after this many seconds")
    max_megabytes: int = Field(200, gt=0, description="larger files are not fetched")


class Download(Stage):
    """Bring the media of a clip here and store what its platform says of the post."""

    name: ClassVar[str] = "download"
    version: ClassVar[int] = 1
    tables = (MediaRow,)
    deadline_s: ClassVar[float] = 180.0
    Options = DownloadOptions
    options: DownloadOptions

    def one(self, clip: Clip) -> Result:
        """Hash a local file, or fetch a post once; reasons: file_missing, empty_file and those of `MESSAGES`."""
        if clip.source.kind == "file":
            path = Path(clip.source.location)
            if not path.is_file():
                return StageError(Reason.FILE_MISSING, f"{path.name} is no longer in its folder")
            return [self._media_row(clip, path, {})]
        info = self._fetch(clip)
        folder = _attempt_folder(clip, self.setting.download_folder)
        found = sorted(folder.glob("media.*"))
        if len(found) != 1:
            return StageError(Reason.NO_VIDEO, f"the post of {clip.clip_id} was read, but it gave no media file")
        post = posts.from_info(info, "yt_dlp")
        rows: list[Row] = [self._media_row(clip, found[0], info), self._clip_row(clip, post)]
        observation = pseudonyms.observation_row(clip.clip_id, post)
        return [*rows, observation] if observation else rows

    def _fetch(self, clip: Clip) -> dict[str, Any]:
        import yt_dlp
        from yt_dlp.networking.exceptions import RequestError
        from yt_dlp.utils import YoutubeDLError

        folder = _attempt_folder(clip, self.setting.download_folder)
        shutil.rmtree(folder, ignore_errors=True)  # a stale part of another try would be spliced into this one
        folder.mkdir(parents=True)
        warnings = Messages()
        try:
            with yt_dlp.YoutubeDL(self._parameters(folder, warnings)) as client:
                info = client.extract_info(clip.source.location, download=True)
        except (YoutubeDLError, RequestError) as error:
            text = " ".join([str(error), *warnings.lines])
            if "No space left" in text:
                raise OSError(errno.ENOSPC, "No space left on device") from error
            raise StageError(_reason(text), f"{clip.clip_id}: {_plain(str(error))}") from error
        return dict(info or {})

    def _parameters(self, folder: Path, messages: Messages) -> dict[str, Any]:
        """Options of yt-dlp: an empty folder, a fixed name, no cookies, no plugins' files, nothing but the media."""
        return {
            "quiet": True,
            "noprogress": True,
            "color": "never",
            "logger": messages,
            "allowed_extractors": list(self.options.extractors),
            "noplaylist": True,
            "ignoreerrors": False,
            "format": FORMATS,
            "paths": {"home": str(folder)},
            "outtmpl": {"default": "media.%(ext)s"},  # nothing of the post gets into a path
            "continuedl": False,
            "overwrites": True,
            "updatetime": False,
            "fixup": "never",
            "postprocessors": [],
            "cachedir": False,
            "retries": 2,
            "fragment_retries": 3,
            "extractor_retries": 1,
            "file_access_retries": 1,
            "socket_timeout": self.options.socket_timeout_s,
            "skip_unavailable_fragments": False,  # the default loses audio and says nothing
            "max_filesize": self.options.max_megabytes << 20,
            "sleep_interval_requests": 0.75,
            "concurrent_fragment_downloads": 1,
            "js_runtimes": {"deno": {}, "node": {}},
            "geo_bypass": False,
            "cookiefile": None,
        }

    @classmethod
    def libraries(cls, options: DownloadOptions, setting: Setting) -> dict[str, str]:
        """Whether authors are stored as pseudonyms; the version of yt-dlp changes no byte of a post."""
        return {"authors": "plain" if setting.key is None else "pseudonyms"}

    def _clip_row(self, clip: Clip, post: posts.Post) -> ClipRow:
        return pseudonyms.clip_row(clip.clip_id, post, self.setting.key)

    @staticmethod
    def _media_row(clip: Clip, path: Path, info: dict[str, Any]) -> MediaRow:
        size = path.stat().st_size
        if size == 0:
            raise StageError(Reason.EMPTY_FILE, f"{path.name} is empty")
        return MediaRow(
            clip_id=clip.clip_id,
            sha256=sha256_of(path),
            size_bytes=size,
            file_name=path.name,
            format_id=str(info["format_id"]) if info.get("format_id") else None,
            extractor=str(info["extractor"]) if info.get("extractor") else None,
        )


class Messages:
    """A logger for yt-dlp that keeps warnings and errors: some reasons are said only there."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, message: str) -> None:
        """Progress of a fetch, of no use here."""

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.lines.append(message)

    def error(self, message: str) -> None:
        """Keep an error."""
        self.lines.append(message)


def _attempt_folder(clip: Clip, downloads: Path | None) -> Path:
    if downloads is None:
        raise ValueError("a clip from an address needs a download folder")
    return downloads / clip.audio_path.stem


def _reason(text: str) -> Reason:
    found = (reason for pattern, reason in MESSAGES if re.search(pattern, text, re.IGNORECASE))
    return next(found, Reason.INTERNAL_ERROR)


def _plain(message: str) -> str:
    return re.sub(r"^(ERROR: )?(\[[^\]]+\] )?", "", message).split("; please report")[0].strip()[:300]
