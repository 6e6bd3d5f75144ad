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
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.sources.platforms.egress_proxy import relay
from tests.support.platform.fake_captions import ROLLING, SAID, caption_info, subtitle_info
from tests.support.platform.fake_listings import account, account_of, page_of, tab_continued, tab_page
from tests.support.platform.fake_youtube import youtube_player
from tests.support.platform.rig import Answering, Server

TIKTOK_MEDIA = "https://v16.tiktokcdn.com"
INSTAGRAM_MEDIA = "https://scontent.cdninstagram.com"
CLIP_S = 13  # length of the clip that both give out
STATUS_CODES = (10204, 10216, 10222, 10231, 100004)
HTTP_STATUSES = (403, 404, 429, 503)


def tiktok_post(id: str, **changes: Any) -> dict[str, Any]:
    """A post as TikTok describes it, on its own page and on its author's."""
    stats = {"playCount": 1000, "diggCount": 10, "commentCount": 3, "shareCount": 2, "collectCount": "5"}
    video = {"duration": CLIP_S, "width": 576, "height": 1024, "bitrateInfo": [
        _bitrate("play540.mp4", "v0_h264_540p_800000"), _bitrate("hevc/media-video-hvc1/", "v0_bytevc1_720p_600000"),
    ]}  # fmt: skip
    post = {
        "id": id,
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


def tiktok_page(kind: str = "video", **detail: Any) -> bytes:
    """A page of TikTok, of a video or a user, with the data that its script takes up."""
    scope = json.dumps({"__DEFAULT_SCOPE__": {f"webapp.{kind}-detail": detail}})
    script = f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">{scope}</script>'
    return f"<html>{script}</html>".encode()


def _shown(post_id: str, **changes: Any) -> bytes:
    return tiktok_page(statusCode=0, itemInfo={"itemStruct": tiktok_post(post_id, **changes)})


def _video(name: str, duration: int = CLIP_S, **more: Any) -> dict[str, Any]:
    video = {"duration": duration, "width": 576, "height": 1024, "bitrateInfo": [_bitrate(name, "v0_h264_540p_1")]}
    return video | more


#: Pages of TikTok by post id; a three-digit id below is an HTTP status, a longer one a status code of the page.
TIKTOK: Mapping[str, bytes] = {
    "1": _shown("1"),
    "2": _shown("2", video={}, isContentClassified=True),
    "3": _shown("3", video={"duration": 0, "cover": f"{TIKTOK_MEDIA}/c.jpg"}, imagePost={"images": [{}]}),
    "33": _shown("33", video={"duration": 0}, imagePost={"images": [{}]}, music={
        "title": "a song", "authorName": "Bo", "duration": CLIP_S,
        "playUrl": f"{TIKTOK_MEDIA}/song.mp3?mime_type=audio_mpeg",
    }),
    "34": _shown("34", video={"duration": 0}, imagePost={"images": [{}]}, music={}),
    "6": b"<html>Please wait...</html>",
    "8": b"<html>totally new layout</html>",
    "9": _shown("9", video={"duration": CLIP_S}, music={}),
    "10": _shown("10", video=_video("gone.mp4")),
    "11": _shown("11", video=_video("page.mp4")),
    "12": _shown("12", video=_video("cut.mp4")),
    "13": _shown("13", video=_video("play540.mp4", duration=60)),
    "14": _shown("14", video=_video("play540.mp4", duration=3600)),
    "20": _shown("20", video=_video("play540.mp4", subtitleInfos=[
        subtitle_info("said.vtt", "eng-US"), subtitle_info("creator.json", "spa-ES", "creator_caption"),
    ])),
    "21": _shown("21", video=_video("play540.mp4", subtitleInfos=[
        subtitle_info("gone.vtt", "eng-US"), subtitle_info("login.vtt", "deu-DE"),
        subtitle_info("said.vtt", "fra-FR"), subtitle_info("said.vtt", "spa-ES"),
    ])),
    "22": _shown("22", video=_video("play540.mp4", cla_info={"caption_infos": [caption_info("said.vtt", "en")]})),
    **{str(code): tiktok_page(statusCode=code) for code in STATUS_CODES},
    **dict.fromkeys(("7300000000012170000", "7300000000012171237"), tiktok_page(statusCode=10204)),
}  # fmt: skip

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


class Platform(Answering):
    """The platforms and their media hosts, told apart by the Host header."""

    def reply(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _ = self.counted()
        host = self.headers.get("Host", "")
        if "cdn" in host or "googlevideo" in host:
            self._media(path)
        elif path in self.server.leads:
            self.answer(302, Location=self.server.leads[path])
        elif "instagram" in host:
            self._instagram(path)
        elif "youtube" in host:
            self._youtube(path, sent)
        elif host.startswith("vm."):
            self.answer(302, Location="https://www.tiktok.com/@ann/video/1")
        else:
            self._tiktok(path)

    def _media(self, path: str) -> None:
        clip = self.server.media["clip"]
        if path == "/gone.mp4":
            self.answer(403, b"signature expired")
        elif path == "/said.vtt":
            self.answer(200, SAID.encode(), "text/vtt")
        elif path == "/login.vtt":
            self.answer(200, b"<html>Log in</html>")
        elif path.endswith((".vtt", ".json")):
            self.answer(404, b"no")
        elif path == "/page.mp4":
            self.film(b"<html><body>Log in</body></html>")
        elif path == "/song.mp3" and "song" in self.server.media:
            self.answer(200, self.server.media["song"], "audio/mpeg")
        elif path == "/cut.mp4":
            self.answer(200, clip[:60_000], "video/mp4", length=None)
        else:
            self.film(clip)

    def _tiktok(self, path: str) -> None:
        asked = re.search(r"/video/(\d+)", path)
        post_id = asked[1] if asked else ""
        if path.startswith("/api/creator/item_list"):
            self._account_posts(path)
        elif path.startswith(("/@", "/embed/@")) and not asked:
            self._account(path)
        elif post_id == "4":
            self.answer(302, Location="https://www.tiktok.com/login?redirect=x")
        elif post_id in map(str, HTTP_STATUSES):
            self.answer(int(post_id), b"no", Retry_After="7")
        else:
            self.answer(200, TIKTOK.get(post_id, b"<html>login</html>"))

    def _account(self, path: str) -> None:
        name = path.rpartition("@")[2]
        if name in ("limited", "gone"):
            self.answer(429 if name == "limited" else 404, b"no")
        else:
            self.answer(200, tiktok_page("user", **account(name)))

    def _account_posts(self, path: str) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        name, times = account_of(asked["secUid"][0]), self.server.requests[path]
        if name == "halt" and times == 2:
            self.answer(429, b"slow down", Retry_After="7")
            return
        posts, more = page_of(name, int(asked["cursor"][0]), times)
        told = {"itemList": [tiktok_post(**post) for post in posts], "hasMorePrevious": more}
        self.answer(200, json.dumps(told).encode(), "application/json")

    def _youtube(self, path: str, sent: bytes) -> None:
        if path.startswith("/youtubei/"):
            said: dict[str, Any] = {}
            asked = json.loads(sent)
            if path.endswith("/player"):
                said = youtube_player(asked["videoId"])
            elif "continuation" in asked:
                said = tab_continued(asked["continuation"])
            self.answer(200, json.dumps(said).encode(), "application/json")
        elif path == "/api/timedtext":
            self.answer(200, (ROLLING if "lang=en" in self.path else SAID).encode(), "text/vtt")
        elif path.startswith(("/@", "/hashtag/")):
            self.answer(200, tab_page(path))
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
def fake_platform(
    clip: Path, folder: Path, handler: type[Answering] = Platform
) -> Iterator[tuple[Server, dict[str, Any]]]:
    """The platform, and the parameters with which yt-dlp takes it for the real one."""
    server = Server(handler)
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
