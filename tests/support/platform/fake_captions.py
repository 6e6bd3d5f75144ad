"""Captions as the platforms give them: their tracks in the answers that yt-dlp reads, and the files behind these."""

from __future__ import annotations

from typing import Any

TIKTOK_CAPTIONS = "https://v16-captions.tiktokcdn.com"

SAID = """WEBVTT

00:00:00.100 --> 00:00:02.000
@friend, it was <i>great</i> &amp; loud

00:00:02.000 --> 00:00:03.500
see you
"""

#: As YouTube writes its own captions: each cue shows the line before it, and words carry their times.
ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.310 align:start position:0%
 
hello<00:00:00.480><c> there</c><00:00:00.960><c> friends</c>

00:00:02.310 --> 00:00:02.320 align:start position:0%
hello there friends
 

00:00:02.320 --> 00:00:04.000 align:start position:0%
hello there friends
no<00:00:02.900>

00:00:04.000 --> 00:00:04.010 align:start position:0%
no
 

00:00:04.010 --> 00:00:05.500 align:start position:0%
no
no<00:00:04.500><c> really</c>
"""  # noqa: W293 - the lines of one blank are what is tested


def subtitle_info(name: str, language: str, kind: str = "webvtt") -> dict[str, str]:
    """A track of a video on TikTok's page."""
    return {"Url": f"{TIKTOK_CAPTIONS}/{name}", "LanguageCodeName": language, "Format": kind, "Source": "ASR"}


def caption_info(name: str, language: str) -> dict[str, str]:
    """The same in TikTok's feed."""
    return {"url": f"{TIKTOK_CAPTIONS}/{name}", "lang": language, "Format": "webvtt"}


def youtube_tracks() -> dict[str, Any]:
    """The captions of a short: YouTube's own in English, the author's in German, translations into what one likes."""

    def track(language: str, name: str, **more: Any) -> dict[str, Any]:
        base = f"https://www.youtube.com/api/timedtext?v=captions000&lang={language}"
        return {"baseUrl": base, "languageCode": language, "name": {"simpleText": name}, "isTranslatable": True, **more}

    languages = [{"languageCode": code, "languageName": {"simpleText": code}} for code in ("en", "de", "fr", "es")]
    own = track("en", "English (auto-generated)", kind="asr", vssId="a.en")
    by_author = track("de", "German", vssId=".de")
    renderer = {"captionTracks": [own, by_author], "translationLanguages": languages}
    return {"captions": {"playerCaptionsTracklistRenderer": renderer}}
