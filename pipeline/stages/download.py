"""Stage `download`: the media file of a clip, taken from a folder or fetched with yt-dlp into a folder of its own."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pipeline.errors import Reason, StageError
from pipeline.records import Clip, ClipRow, MediaRow, ObservationRow, PlatformCaptionRow, Row, pseudonyms
from pipeline.records.post import SLIDESHOW
from pipeline.records.runs import AuthorNameRow
from pipeline.sources import post_fields
from pipeline.sources.platforms.captions import fetch_captions
from pipeline.sources.platforms.completeness import prove
from pipeline.sources.platforms.failures import of_rounded_id, of_silent_slideshow
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.urls import ANY_FORMAT, FORMATS, platform_of
from pipeline.sources.platforms.ytdlp import GENERIC, Messages, ytdlp_client
from pipeline.stage import Result, Setting, Stage
from pipeline.study import files
from pipeline.study.files import sha256_of

LIVE = ("is_live", "is_upcoming", "post_live")


class Download(Stage):
    """Fetch the media of a clip, check that it is complete, and store what its platform says of the post."""

    name: ClassVar[str] = "download"
    version: ClassVar[int] = 3
    tables = (MediaRow, PlatformCaptionRow)
    deadline_s: ClassVar[float] = 180.0
    neutral = frozenset(DownloadOptions.model_fields)  # how a post is fetched changes none of its numbers
    overrides: ClassVar[Mapping[str, Any]] = {}  # of yt-dlp's parameters, for tests alone
    Options = DownloadOptions
    options: DownloadOptions

    def one(self, clip: Clip) -> Result:
        """Hash a local file, or fetch a post once; reasons: file_missing, empty_file and those of `POLICIES`.

        A post that fails after its platform has described it keeps that description.
        """
        if clip.source.kind == "file":
            return [_media_row(clip, _own_file(Path(clip.source.location), self.setting.study_folder), {})]
        folder = _attempt_folder(clip, self.setting.download_folder)
        shutil.rmtree(folder, ignore_errors=True)  # a stale part of another try would be spliced into this one
        folder.mkdir(parents=True)
        told = Description(clip.clip_id, self.options, self.setting)
        rows: list[Row] = []
        try:
            rows = self._fetch_and_prove(clip, folder, told)
        except StageError as raised:
            error = of_silent_slideshow(of_rounded_id(raised, clip.source.location), clip.media_type == SLIDESHOW)
            return StageError(error.reason, f"{clip.clip_id}: {error.message}", told.rows, error.retry_after_s)
        finally:
            if not rows:
                shutil.rmtree(folder, ignore_errors=True)  # unproven media is not kept
        return rows

    def _fetch_and_prove(self, clip: Clip, folder: Path, told: Description) -> list[Row]:
        """Fetch a post, prove its media and return its rows; one without sound passes here and fails in `audio`."""
        info, captions = self._fetch_with_ytdlp(clip, folder, told)
        told.remember(info)
        found = sorted(path for path in folder.glob("media.*") if path.suffix not in (".part", ".ytdl"))
        if len(found) != 1:
            raise StageError(Reason.NO_VIDEO, "the post was read, but it gave no media file")
        prove(found[0], post_fields.from_info(info, "yt_dlp").duration_s)
        for path in (found[0], folder, folder.parent):  # synced before the row that names it is stored
            files.sync(path)
        return [_media_row(clip, found[0], info), *told.rows, *captions]

    def _fetch_with_ytdlp(
        self, clip: Clip, folder: Path, told: Description
    ) -> tuple[dict[str, Any], list[PlatformCaptionRow]]:
        """Fetch with yt-dlp: what it says of the post, and the rows of its captions."""
        url, messages = clip.source.location, Messages()
        formats = ANY_FORMAT if GENERIC in self.options.extractors else FORMATS[platform_of(url)]
        with ytdlp_client(
            self.options, self._ytdlp_parameters(folder, formats, told), self.overrides, messages
        ) as client:
            if self.options.slideshow_sound:
                client.format_selector = _or_sound_alone(client, formats)
            info = client.extract_info(url, download=True) or {}
            if messages.too_large:
                message = f"the file is larger than {self.options.max_megabytes} MB (max_megabytes)"
                raise StageError(Reason.SKIPPED_POLICY, message)
            info = dict((list(info.get("entries") or ()) or [info])[0] or {})
            captions = []
            if self.options.captions:
                captions = fetch_captions(client, info, clip.clip_id, self.setting.key)
        return info, captions

    def _ytdlp_parameters(self, folder: Path, formats: str, told: Description) -> dict[str, Any]:
        """Options of yt-dlp for media: an empty folder, a fixed name, and nothing but the media in it."""
        return {
            "format": formats,
            "match_filter": told,
            "paths": {"home": str(folder)},
            "outtmpl": {"default": "media.%(ext)s"},  # nothing of the post gets into a path
            "continuedl": False,
            "overwrites": True,
            "updatetime": False,
            "fixup": "never",
            "postprocessors": [],
            "writesubtitles": self.options.captions,  # so that they are described …
            "subtitleslangs": ["-all"],  # … and none of them is fetched before the media
            "skip_unavailable_fragments": False,  # the default loses audio and says nothing
            "max_filesize": self.options.max_megabytes << 20,
            "concurrent_fragment_downloads": 1,
        }

    @classmethod
    def libraries(cls, options: DownloadOptions, setting: Setting) -> dict[str, str]:
        """Whether authors are stored as pseudonyms; the version of yt-dlp changes no byte of a post."""
        return {"authors": "plain" if setting.key is None else "pseudonyms"}


class Description:
    """A platform's description of a post, kept as soon as it is known; refuses posts that are not to be fetched.

    yt-dlp calls it as its `match_filter`, before it chooses a format or requests any media.
    """

    def __init__(self, clip_id: str, options: DownloadOptions, setting: Setting) -> None:
        self._clip_id, self._options, self._setting = clip_id, options, setting
        self._clip: ClipRow | None = None
        self._observation: ObservationRow | None = None
        self._names: tuple[AuthorNameRow, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """The post, its counts and the names of its author as rows, as far as they are known."""
        return [row for row in (self._clip, self._observation, *self._names) if row is not None]

    def remember(self, info: Mapping[str, Any]) -> None:
        """Keep the description of the post that yt-dlp gives."""
        post = post_fields.from_info({"epoch": time.time(), **info}, "yt_dlp")
        if self._options.slideshow_sound and post_fields.media_type_of(info, post.platform) == SLIDESHOW:
            post = dataclasses.replace(post, media_type=SLIDESHOW)
        self._clip = pseudonyms.clip_row(self._clip_id, post, self._setting.key)
        self._names = pseudonyms.author_names(post, self._setting.key)
        self._observation = pseudonyms.observation_row(self._clip_id, post)

    def __call__(self, info: Mapping[str, Any], *, incomplete: bool = False) -> None:
        """Refuse with a `StageError`: skipped_policy for what is no single finished video, too_long, excluded."""
        if incomplete is not True:  # of a list of videos, yt-dlp shows the list first
            self.remember(info)
        if info.get("is_live") or info.get("live_status") in LIVE:
            raise StageError(Reason.SKIPPED_POLICY, "it is a live stream, and a clip is a finished video")
        if (info.get("n_entries") or 1) > 1:
            message = f"the post holds {info['n_entries']} videos, and a clip is one"
            raise StageError(Reason.SKIPPED_POLICY, message)
        length, limit = info.get("duration"), self._options.max_duration_s
        if length is not None and length > limit:
            raise StageError(Reason.TOO_LONG, f"the post lasts {length:.0f} s, the limit is {limit:g} (max_duration_s)")
        self._apply_filters()

    def _apply_filters(self) -> None:
        keeps_out = self._setting.keeps_out
        verdict = keeps_out(self._clip, self._observation) if keeps_out is not None and self._clip is not None else None
        if verdict is not None:
            raise StageError(Reason.EXCLUDED, verdict[1])


def _or_sound_alone(client: Any, formats: str) -> Callable[[Mapping[str, Any]], Any]:
    """yt-dlp's choice among the formats of a post, or its sound where none of them has a picture: a slideshow's."""
    with_picture, sound = client.build_format_selector(formats), client.build_format_selector("bestaudio")

    def chosen(context: Mapping[str, Any]) -> Any:
        is_sound = all(one.get("vcodec") == "none" for one in context["formats"])
        return (sound if is_sound else with_picture)(context)

    return chosen


def _media_row(clip: Clip, path: Path, info: Mapping[str, Any]) -> MediaRow:
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


def _own_file(path: Path, study_folder: Path | None) -> Path:
    """A local file; `StageError` if it is missing, or a link out of its folder."""
    # In a folder that came from elsewhere, a link could lead to any file of this machine.
    try:
        is_there = path.is_file()
    except (OSError, ValueError):  # no file can have such a name
        is_there = False
    if not is_there:
        why = "has a name that is not UTF-8: rename it" if r"\udc" in path.name else "is no longer in its folder"
        raise StageError(Reason.FILE_MISSING, f"{path.name[:200]} {why}")
    homes = [folder.resolve() for folder in (path.parent, study_folder) if folder is not None]
    if path.is_symlink() and not any(path.resolve().is_relative_to(home) for home in homes):
        message = f"{path.name} is a link out of its folder: copy the file, or name its own folder as a source"
        raise StageError(Reason.SKIPPED_POLICY, message)
    return path


def _attempt_folder(clip: Clip, downloads: Path | None) -> Path:
    if downloads is None:
        raise ValueError("a clip from a URL needs a download folder")
    return downloads / clip.audio_path.stem
