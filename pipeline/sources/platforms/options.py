"""How posts are fetched: the section `[download]` of a study file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator

from pipeline.errors import StageError
from pipeline.records import Seconds
from pipeline.sources.platforms.urls import HOSTS, platform_of
from pipeline.stage import Options


class DownloadOptions(Options):
    """How media is fetched; local files need none of this."""

    extractors: tuple[str, ...] = Field(
        ("TikTok", r"vm\.tiktok", "Instagram", "youtube"),
        description="the extractors of yt-dlp that may run, as its own regular expressions",
    )
    socket_timeout_s: float = Field(20.0, gt=0, description="give up on a silent connection after this many seconds")
    max_megabytes: int = Field(200, gt=0, description="larger files are not fetched")
    max_duration_s: float = Field(900.0, gt=0, description="longer posts are not fetched, in seconds")
    captions: bool = Field(True, description="store the captions that platforms give with a video")
    slideshow_sound: bool = Field(
        False, description="fetch the sound of slideshows of TikTok, and analyse it; often it is a song alone"
    )
    proxy: str | None = Field(
        None,
        examples=["http://localhost:3128"],
        description="an HTTP proxy through which platforms are reached; it then decides which URLs are reached",
    )
    cookie_file: str | None = Field(
        None,
        examples=["~/cookies.txt"],
        description="cookies of an account of your own, in Netscape format; the platforms may suspend it",
    )
    paces: Mapping[str, tuple[Seconds, Seconds]] = Field(
        {},
        examples=[{"tiktok": [4, 8]}],
        description="seconds between two requests to a platform, drawn evenly; empty: the defaults",
    )
    canaries: Mapping[str, str] = Field(
        {},
        examples=[{"tiktok": "https://www.tiktok.com/@account/video/7300000000000000000"}],
        description="by platform, the URL of a post of your own that stays public",
    )
    patience_minutes: float = Field(
        90.0,
        ge=0,
        description="how long a run waits for posts that are to be tried again; "
        "what must wait longer is left to the next run",
    )

    @field_validator("proxy")
    @classmethod
    def _web_proxy(cls, proxy: str | None) -> str | None:
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ValueError("write the proxy as http://host:port")
        return proxy or None

    @field_validator("cookie_file")
    @classmethod
    def _sure_path(cls, path: str | None) -> str | None:
        if path and not Path(path).expanduser().is_absolute():
            raise ValueError("write the path of the cookies from / or ~ on")
        return path or None

    @field_validator("paces")
    @classmethod
    def _ordered(cls, paces: Mapping[str, tuple[Seconds, Seconds]]) -> Mapping[str, tuple[Seconds, Seconds]]:
        for platform, (least, most) in paces.items():
            _require_platform(platform)
            if not 0 <= least <= most:
                raise ValueError(f"the pace of {platform} is two numbers of seconds, the smaller first")
        return paces

    @field_validator("canaries")
    @classmethod
    def _own_posts(cls, canaries: Mapping[str, str]) -> Mapping[str, str]:
        for platform, url in canaries.items():
            _require_platform(platform)
            try:
                found = platform_of(url)
            except StageError as error:
                raise ValueError(f"{url!r} is not the URL of a post: {error.message}") from error
            if found != platform:
                raise ValueError(f"{url!r} is a post of {found}, not of {platform}")
        return canaries


def wants_slideshow_sound(options: Mapping[str, Options]) -> bool:
    """Whether a study, given its options by stage, has the sound of slideshows fetched."""
    download = options.get("download")
    return isinstance(download, DownloadOptions) and download.slideshow_sound


def _require_platform(platform: str) -> None:
    if platform not in HOSTS:
        raise ValueError(f"{platform!r} is not among {', '.join(HOSTS)}")
