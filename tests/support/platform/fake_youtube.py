"""What YouTube's player says of its videos, as far as yt-dlp takes it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.platform.fake_captions import youtube_tracks

CLIP_S = 13  # length of the clip that it gives out
YOUTUBE_MEDIA = "https://rr1---sn-a.googlevideo.com"
#: What YouTube's player says of a video that it does not play, by id; the extractor takes nothing else from it.
YOUTUBE: Mapping[str, tuple[str, str]] = {
    "private0000": ("LOGIN_REQUIRED", "Private video"),
    "removed0000": ("ERROR", "This video has been removed by the uploader"),
    "robot000000": ("LOGIN_REQUIRED", "Sign in to confirm you\u2019re not a bot"),
    "busy0000000": ("UNPLAYABLE", "This content isn\u2019t available, try again later."),
    "region00000": ("UNPLAYABLE", "The uploader has not made this video available in your country"),
    "later000000": ("LIVE_STREAM_OFFLINE", "This live event will begin in 3 hours."),
}


def youtube_player(video_id: str) -> dict[str, Any]:
    """The answer of YouTube's player: why a video does not play, or its one file with h264 and sound."""
    details = {"videoId": video_id, "title": "A short", "lengthSeconds": str(CLIP_S), "author": "Ann"}
    if video_id in YOUTUBE:
        status, why = YOUTUBE[video_id]
        return {"playabilityStatus": {"status": status, "reason": why}, "videoDetails": details}
    codecs = 'video/mp4; codecs="avc1.42001E, mp4a.40.2"'
    film = {"itag": 18, "url": f"{YOUTUBE_MEDIA}/short.mp4", "mimeType": codecs, "width": 360, "height": 640}
    return {
        "playabilityStatus": {"status": "OK"},
        "videoDetails": details,
        "streamingData": {"expiresInSeconds": "21540", "formats": [film]},
        **(youtube_tracks() if video_id == "captions000" else {}),
    }
