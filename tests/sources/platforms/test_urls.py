"""Only posts of known platforms, over https, and never a song in place of a post."""

from __future__ import annotations

from typing import Any

import pytest
import yt_dlp

from pipeline.errors import ConfigError, Reason, StageError
from pipeline.sources.platforms.listing import EXTRACTORS
from pipeline.sources.platforms.urls import FORMATS, listing_platform, platform_of

H264 = {"format_id": "h264", "vcodec": "h264", "acodec": "aac", "height": 576}
H265 = {"format_id": "h265", "vcodec": "h265", "acodec": "none", "height": 1080}
AVC = {"format_id": "avc", "vcodec": "avc1.42001E", "acodec": "mp4a.40.2", "height": 360}
PLAIN = {"format_id": "plain", "height": 1024}
PICTURE = {"format_id": "picture", "vcodec": "avc1.64001F", "acodec": "none", "height": 1080}
SOUND = {"format_id": "sound", "vcodec": "none", "acodec": "mp4a.40.2"}


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://www.tiktok.com/@ann/video/1", "tiktok"),
        ("https://vm.tiktok.com/ZMabc", "tiktok"),
        ("https://www.instagram.com/reel/abc", "instagram"),
        ("https://YOUTU.BE/abcdefghijk", "youtube"),
        ("https://www.youtube.com:443/shorts/abcdefghijk", "youtube"),
    ],
)
def test_a_post_of_a_known_platform(url: str, platform: str) -> None:
    assert platform_of(url) == platform


@pytest.mark.parametrize(
    "url",
    [
        "http://www.tiktok.com/@ann/video/1",
        "https://www.tiktok.com.evil.example/@ann/video/1",
        "https://evil.example/www.tiktok.com/video/1",
        "https://www.tiktok.com@127.0.0.1/video/1",
        "https://ann@www.tiktok.com/video/1",
        "https://www.tiktok.com:8443/@ann/video/1",
        "https://127.0.0.1/video.mp4",
        "https://[::1]/video.mp4",
        "https://[broken/video.mp4",
        "file:///etc/hostname",
        "tiktokuser:ann",
        "ytsearch:cats",
        "",
    ],
)
def test_anything_else_is_refused_with_one_reason(url: str) -> None:
    with pytest.raises(StageError) as caught:
        platform_of(url)
    assert caught.value.reason == Reason.UNSUPPORTED_URL


@pytest.mark.parametrize(
    ("platform", "formats", "chosen"),
    [
        ("tiktok", [SOUND, H264, H265], "h264"),
        ("tiktok", [SOUND], None),
        ("tiktok", [SOUND, H265], None),
        ("instagram", [SOUND, PICTURE, PLAIN], "plain"),
        ("instagram", [SOUND, PICTURE], "sound"),
        ("instagram", [PICTURE], None),
        ("youtube", [SOUND, PICTURE, AVC], "avc"),
        ("youtube", [SOUND, PICTURE], "sound"),
    ],
)
def test_the_format_that_is_taken(platform: str, formats: list[dict[str, Any]], chosen: str | None) -> None:
    given = [{"url": "https://x.example/a.mp4", "ext": "mp4", **one} for one in formats]
    info = {"id": "1", "title": "t", "extractor": "x", "extractor_key": "X", "formats": given}
    with yt_dlp.YoutubeDL({"quiet": True, "format": FORMATS[platform], "simulate": True}) as client:
        if chosen is None:
            with pytest.raises(yt_dlp.utils.ExtractorError, match="Requested format is not available"):
                client.process_ie_result(info, download=False)
        else:
            assert client.process_ie_result(info, download=False)["format_id"] == chosen


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://www.tiktok.com/@ann.clips_1", "tiktok"),
        ("https://tiktok.com/@ann/?lang=en", "tiktok"),
        ("https://www.youtube.com/@ann/shorts", "youtube"),
        ("https://m.youtube.com/channel/UCabc/shorts/", "youtube"),
        ("https://www.youtube.com/hashtag/voice", "youtube"),
        ("https://www.youtube.com/hashtag/voice/shorts", "youtube"),
    ],
)
def test_a_listing_that_yt_dlp_reads(url: str, platform: str) -> None:
    assert listing_platform(url) == platform
    with yt_dlp.YoutubeDL({"quiet": True, "allowed_extractors": list(EXTRACTORS)}) as client:
        assert any(extractor.suitable(url) for extractor in client._ies.values())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://www.tiktok.com/tag/voice", "TikTok hashtags, .* Zeeschuimer .* TikTok Research API"),
        ("https://www.tiktok.com/music/song-71", "Zeeschuimer"),
        ("https://www.tiktok.com/sticker/face-12", "Zeeschuimer"),
        ("https://www.tiktok.com/search?q=voice", "Zeeschuimer"),
        ("https://www.instagram.com/ann/", "Instagram .* Zeeschuimer"),
        ("https://www.instagram.com/explore/tags/voice/", "Zeeschuimer"),
        ("https://www.instagram.com/reels/audio/12/", "Zeeschuimer"),
        ("https://www.instagram.com/reel/abc/", " urls$"),
        ("https://www.tiktok.com/@ann/video/1", "https://www.tiktok.com/@name.* urls$"),
        ("https://www.tiktok.com/@ann/collection/x-1", "@name"),
        ("https://m.tiktok.com/@ann", "www.tiktok.com/@name"),
        ("https://www.youtube.com/@ann", "@name/shorts"),
        ("https://www.youtube.com/@ann/videos", "@name/shorts"),
        ("https://www.youtube.com/playlist?list=PL1", "@name/shorts"),
        ("https://www.youtube.com/shorts/abcdefghijk", " urls$"),
        ("http://www.tiktok.com/@ann", "https://"),
        ("tiktokuser:MS4wLjABAAAA", "tiktok, instagram, youtube"),
        ("https://www.facebook.com/ann", "tiktok, instagram, youtube.* www.facebook.com"),
        ("", "tiktok, instagram, youtube"),
    ],
)
def test_what_cannot_be_listed_is_told_what_works(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        listing_platform(url)
