"""Stage `download`: the media file of a clip, taken from a folder or fetched with yt-dlp into a folder of its own."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline import posts, pseudonyms
from pipeline.collect.addresses import ANY_FORMAT, FORMATS, platform_of
from pipeline.collect.egress import Gate, gate, own_proxy
from pipeline.collect.proof import prove
from pipeline.collect.reasons import judge, plain
from pipeline.errors import Reason, StageError
from pipeline.models import sha256_of
from pipeline.records import Clip, ClipRow, MediaRow, Row
from pipeline.stage import Options, Result, Setting, Stage

LIVE = ("is_live", "is_upcoming", "post_live")


class DownloadOptions(Options):
    """How media is fetched; local files need none of this."""

    extractors: tuple[str, ...] = Field(
        ("TikTok", r"vm\.tiktok", "Instagram", "youtube"),
        description="the extractors of yt-dlp that may run, as its own regular expressions",
    )
    socket_timeout_s: float = Field(20.0, gt=0, description="give up on a silent connection after this many seconds")
    max_megabytes: int = Field(200, gt=0, description="larger files are not fetched")


class Download(Stage):
    """Bring the media of a clip here, prove it, and store what its platform says of the post."""

    name: ClassVar[str] = "download"
    version: ClassVar[int] = 2
    tables = (MediaRow,)
    deadline_s: ClassVar[float] = 180.0
    overrides: ClassVar[Mapping[str, Any]] = {}  # of yt-dlp's parameters, for tests alone
    Options = DownloadOptions
    options: DownloadOptions

    def one(self, clip: Clip) -> Result:
        """Hash a local file, or fetch a post once; reasons: file_missing, empty_file and those of `POLICIES`."""
        if clip.source.kind == "file":
            path = Path(clip.source.location)
            if not path.is_file():
                return StageError(Reason.FILE_MISSING, f"{path.name} is no longer in its folder")
            return [self._media_row(clip, path, {})]
        folder = _attempt_folder(clip, self.setting.download_folder)
        shutil.rmtree(folder, ignore_errors=True)  # a stale part of another try would be spliced into this one
        folder.mkdir(parents=True)
        rows: list[Row] = []
        try:
            rows = self._post(clip, folder)
        except StageError as error:
            return StageError(error.reason, f"{clip.clip_id}: {error.message}")
        finally:
            if not rows:
                shutil.rmtree(folder, ignore_errors=True)  # what is not proven is not kept
        return rows

    def _post(self, clip: Clip, folder: Path) -> list[Row]:
        """Rows of a post whose media is proven; one without sound has its rows too, and `audio` names the lack."""
        info = self._fetch(clip, folder)
        found = sorted(path for path in folder.glob("media.*") if path.suffix not in (".part", ".ytdl"))
        if len(found) != 1:
            raise StageError(Reason.NO_VIDEO, "the post was read, but it gave no media file")
        post = posts.from_info(info, "yt_dlp")
        prove(found[0], post.duration_s)
        rows: list[Row] = [self._media_row(clip, found[0], info), self._clip_row(clip, post)]
        observation = pseudonyms.observation_row(clip.clip_id, post)
        return [*rows, observation] if observation else rows

    def _fetch(self, clip: Clip, folder: Path) -> dict[str, Any]:
        """Fetch with yt-dlp; `StageError` with its reason, and any error that no one has seen yet as it is."""
        import yt_dlp
        from yt_dlp.networking.exceptions import RequestError
        from yt_dlp.utils import YoutubeDLError

        generic = "generic" in self.options.extractors  # tests alone: the sites on this machine
        formats = ANY_FORMAT if generic else FORMATS[platform_of(clip.source.location)]
        messages = Messages()
        with _way_out(open_to_all=generic or "proxy" in self.overrides) as (way, proxy):
            parameters = self._parameters(folder, messages, formats) | proxy | dict(self.overrides)
            try:
                with yt_dlp.YoutubeDL(parameters) as client:
                    info = client.extract_info(clip.source.location, download=True)
            except (YoutubeDLError, RequestError) as error:
                if way is not None and way.refused:
                    message = f"the address is not followed, {way.refused[0]}"
                    raise StageError(Reason.SKIPPED_POLICY, message) from error
                raise _failure(error, messages) from error
        if messages.too_large:
            message = f"the file is larger than {self.options.max_megabytes} MB (max_megabytes)"
            raise StageError(Reason.SKIPPED_POLICY, message)
        entries = list((info or {}).get("entries") or [info])
        return dict(entries[0] or {})

    def _parameters(self, folder: Path, messages: Messages, formats: str) -> dict[str, Any]:
        """Options of yt-dlp: an empty folder, a fixed name, no cookies, no plugins' files, nothing but the media."""
        return {
            "quiet": True,
            "noprogress": True,
            "color": "never",
            "logger": messages,
            "allowed_extractors": list(self.options.extractors),
            "noplaylist": True,
            "ignoreerrors": False,
            "format": formats,
            "match_filter": wanted,
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
    """A logger for yt-dlp that keeps its warnings: some reasons are said only there."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.too_large = False

    def debug(self, message: str) -> None:
        """Note the one line of progress that decides: a file over the limit is left out without an error."""
        self.too_large = self.too_large or "larger than max-filesize" in message

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.warnings.append(message)

    def error(self, message: str) -> None:
        """Errors are raised too."""


def wanted(info: Mapping[str, Any]) -> None:
    """Refuse, before any media is fetched, what is no single finished video; `StageError` with `skipped_policy`."""
    if info.get("is_live") or info.get("live_status") in LIVE:
        raise StageError(Reason.SKIPPED_POLICY, "it is a live stream, and a clip is a finished video")
    if (info.get("n_entries") or 1) > 1:
        message = f"the post holds {info['n_entries']} videos, and a clip is one"
        raise StageError(Reason.SKIPPED_POLICY, message)


@contextmanager
def _way_out(*, open_to_all: bool) -> Iterator[tuple[Gate | None, dict[str, str]]]:
    """The gate and how yt-dlp is told of it; where the machine has a proxy of its own, that one decides."""
    if open_to_all or own_proxy():
        yield None, {}
        return
    with gate() as way:
        yield way, {"proxy": way.address}


def _failure(error: Exception, messages: Messages) -> Exception:
    """An error of yt-dlp as one of ours; an unknown one stays as it is, so that its trace is stored."""
    verdict = judge(error, messages.warnings)
    if verdict.reason is Reason.DISK_FULL:
        return OSError(errno.ENOSPC, "No space left on device")
    if verdict.reason is Reason.INTERNAL_ERROR:
        return RuntimeError(f"yt-dlp says what is not known here yet: {plain(str(error))}")
    asked = "" if verdict.retry_after_s is None else f" (the site asks to wait {verdict.retry_after_s:.0f} s)"
    return StageError(verdict.reason, plain(str(error)) + asked)


def _attempt_folder(clip: Clip, downloads: Path | None) -> Path:
    if downloads is None:
        raise ValueError("a clip from an address needs a download folder")
    return downloads / clip.audio_path.stem
