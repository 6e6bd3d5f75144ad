"""TikTok, Instagram and YouTube as far as yt-dlp's own extractors ask: TLS on loopback behind a CONNECT proxy."""

from __future__ import annotations

import json
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.collect.egress import relay
from tests.collect.rig import Answering, Server

TIKTOK_MEDIA = "https://v16.tiktokcdn.com"
INSTAGRAM_MEDIA = "https://scontent.cdninstagram.com"
CLIP_S = 13  # length of the clip that both give out
STATUS_CODES = (10204, 10216, 10222, 10231, 100004)
HTTP_STATUSES = (403, 404, 429, 503)


def tiktok_post(post_id: str, **changes: Any) -> dict[str, Any]:
    """A post as TikTok's page describes it."""
    stats = {"playCount": 1000, "diggCount": 10, "commentCount": 3, "shareCount": 2, "collectCount": "5"}
    video = {"duration": CLIP_S, "width": 576, "height": 1024, "bitrateInfo": [
        _bitrate("play540.mp4", "v0_h264_540p_800000"), _bitrate("hevc/media-video-hvc1/", "v0_bytevc1_720p_600000"),
    ]}  # fmt: skip
    post = {
        "id": post_id,
        "desc": "Hello #fyp #Voice @friend what a day",
        "createTime": "1760000000",
        "author": {"id": "68", "uniqueId": "ann.clips", "nickname": "Ann", "secUid": "MS4wLjABAAAA" + "a" * 64},
        "music": {"title": "original sound", "authorName": "Ann", "duration": 30,
                  "playUrl": f"{TIKTOK_MEDIA}/song.mp3?mime_type=audio_mpeg"},
        "stats": stats,
        "video": video,
    }  # fmt: skip
    return post | changes


def _bitrate(name: str, key: str) -> dict[str, Any]:
    return {"PlayAddr": {"UrlList": [f"{TIKTOK_MEDIA}/{name}"], "UrlKey": key, "DataSize": "172819"}}


def tiktok_page(**detail: Any) -> bytes:
    """A page of TikTok with the data that its script takes up."""
    scope = json.dumps({"__DEFAULT_SCOPE__": {"webapp.video-detail": detail}})
    script = f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">{scope}</script>'
    return f"<html>{script}</html>".encode()


def _shown(post_id: str, **changes: Any) -> bytes:
    return tiktok_page(statusCode=0, itemInfo={"itemStruct": tiktok_post(post_id, **changes)})


def _video(name: str, duration: int = CLIP_S) -> dict[str, Any]:
    return {"duration": duration, "width": 576, "height": 1024, "bitrateInfo": [_bitrate(name, "v0_h264_540p_1")]}


#: Pages of TikTok by post id; a three-digit id below is an HTTP status, a longer one a status code of the page.
TIKTOK: Mapping[str, bytes] = {
    "1": _shown("1"),
    "2": _shown("2", video={}, isContentClassified=True),
    "3": _shown("3", video={"duration": 0, "cover": f"{TIKTOK_MEDIA}/c.jpg"}, imagePost={"images": [{}]}),
    "6": b"<html>Please wait...</html>",
    "8": b"<html>totally new layout</html>",
    "9": _shown("9", video={"duration": CLIP_S}, music={}),
    "10": _shown("10", video=_video("gone.mp4")),
    "11": _shown("11", video=_video("page.mp4")),
    "12": _shown("12", video=_video("cut.mp4")),
    "13": _shown("13", video=_video("play540.mp4", duration=60)),
    **{str(code): tiktok_page(statusCode=code) for code in STATUS_CODES},
}

FILM = {"video_versions": [{"url": f"{INSTAGRAM_MEDIA}/reel.mp4", "width": 576, "height": 1024, "type": 101}]}
REEL = {
    "pk": "3300000000000000000",
    "user": {"username": "ann.reels", "full_name": "Ann Example", "pk": "77"},
    "caption": {"text": "A #reel"},
    "taken_at": 1760000000,
    "like_count": 12,
}
#: Posts of Instagram by shortcode, as its GraphQL gives them.
INSTAGRAM: Mapping[str, dict[str, Any]] = {
    "good": {**REEL, **FILM, "video_duration": 13.04},
    "photo": {**REEL, "image_versions2": {"candidates": [{"url": f"{INSTAGRAM_MEDIA}/a.jpg"}]}},
    "album": {**REEL, "carousel_media": [{"pk": "1", **FILM}, {"pk": "2", **FILM}]},
}


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
    }


class Platform(Answering):
    """The platforms and their media hosts, told apart by the Host header."""

    def reply(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _ = self.counted()
        host = self.headers.get("Host", "")
        if "cdn" in host or "googlevideo" in host:
            self._media(path)
        elif "instagram" in host:
            self._instagram(path)
        elif "youtube" in host:
            self._youtube(path, sent)
        elif host.startswith("vm."):
            self.answer(302, Location=self.server.leads.get(path, "https://www.tiktok.com/@ann/video/1"))
        else:
            self._tiktok(path)

    def _media(self, path: str) -> None:
        clip = self.server.media["clip"]
        if path == "/gone.mp4":
            self.answer(403, b"signature expired")
        elif path == "/page.mp4":
            self.film(b"<html><body>Log in</body></html>")
        elif path == "/cut.mp4":
            self.answer(200, clip[:60_000], "video/mp4", length=None)
        else:
            self.film(clip)

    def _tiktok(self, path: str) -> None:
        asked = re.search(r"/video/(\d+)", path)
        post_id = asked[1] if asked else ""
        if path in self.server.leads:
            self.answer(302, Location=self.server.leads[path])
        elif post_id == "4":
            self.answer(302, Location="https://www.tiktok.com/login?redirect=x")
        elif post_id in map(str, HTTP_STATUSES):
            self.answer(int(post_id), b"no", Retry_After="7")
        else:
            self.answer(200, TIKTOK.get(post_id, b"<html>login</html>"))

    def _youtube(self, path: str, sent: bytes) -> None:
        if path.startswith("/youtubei/"):
            said = youtube_player(json.loads(sent)["videoId"]) if path.endswith("/player") else {}
            self.answer(200, json.dumps(said).encode(), "application/json")
        else:
            self.answer(200, b'<html><script>ytcfg.set({"INNERTUBE_API_KEY": "k"});</script></html>')

    def _instagram(self, path: str) -> None:
        """The order of the extractor: the start page, whether the post may be seen, GraphQL, the post's page."""
        shortcode = self._shortcode()
        if path == "/":
            self.answer(200, b'["LSD",[],{"token":"abc"}', Set_Cookie="csrftoken=z; Domain=.instagram.com; Path=/")
        elif "get_ruling" in path:
            title = "Restricted Video" if shortcode == "adult" else ""
            self.answer(200, json.dumps({"status": "ok", "title": title}).encode(), "application/json")
        elif "graphql" in path and shortcode == "busy":
            self.answer(429, b"slow down", Retry_After="60")
        elif "graphql" in path:
            found = {"if_not_gated_logged_out": INSTAGRAM[shortcode]} if shortcode in INSTAGRAM else None
            self.answer(200, json.dumps({"data": {"xig_polaris_media": found}}).encode(), "application/json")
        elif "/p/busy" in path:
            self.answer(302, Location="https://www.instagram.com/accounts/login/")
        elif "/p/gone" in path:
            self.answer(404, b"no")
        else:
            self.answer(200, b"<html>nothing here</html>")

    def _shortcode(self) -> str:
        """The post that a request is about, from the page that it says it comes from."""
        came_from = self.headers.get("Referer") or ""
        return came_from.rstrip("/").rsplit("/", 1)[-1]


class Detour(socketserver.BaseRequestHandler):
    """A CONNECT proxy that leads every host to the platform on this machine."""

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self.request.recv(4096)
            if not chunk:
                return
            head += chunk
        with socket.create_connection(("127.0.0.1", self.server.platform_port)) as site:  # type: ignore[attr-defined]
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(self.request, site)


class Proxy(socketserver.ThreadingTCPServer):
    """The detour's server."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client may leave early."""


def certificate(folder: Path) -> Path:
    """A certificate signed by nobody, with its key, made once in a folder and good for this test run."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    path = folder / "both.pem"
    if path.exists():
        return path
    made = ["-keyout", str(path), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost", "-days", "2"]
    command = [tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    with path.open("ab") as file:
        file.write((folder / "cert.pem").read_bytes())
    return path


@contextmanager
def fake_platform(clip: Path, folder: Path) -> Iterator[tuple[Server, dict[str, Any]]]:
    """The platform, and the parameters with which yt-dlp takes it for the real one."""
    server = Server(Platform)
    server.media = {"clip": clip.read_bytes()}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy = Proxy(("127.0.0.1", 0), Detour)
    proxy.platform_port = server.server_port  # type: ignore[attr-defined]
    server.start()
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server, {"proxy": f"http://127.0.0.1:{proxy.server_address[1]}", "nocheckcertificate": True}
    finally:
        for one in (server, proxy):
            one.shutdown()
            one.server_close()
