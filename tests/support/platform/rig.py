"""What the fault server and the fake platform share: a server on loopback that counts, and a stage that asks it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from pipeline.records import Outcome, Source
from pipeline.run.executors.error_boundary import apply
from pipeline.stage import Setting
from pipeline.stages.download import Download, DownloadOptions
from tests.conftest import make_clip

QUICK = {"sleep_interval_requests": 0}  # politeness is for real sites


class Server(ThreadingHTTPServer):
    """A server on loopback that counts the requests of each path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[Answering]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.requests: Counter[str] = Counter()
        self.media: dict[str, bytes] = {}
        self.leads: dict[str, str] = {}  # by path, where it redirects
        self.places: dict[str, str] = {}  # by host, the URL that its name gives
        self.cookies: list[str] = []  # of each request, as they were sent

    def handle_error(self, request: object, client_address: object) -> None:
        """A client may leave early."""

    def start(self) -> None:
        """Serve from a thread until `stop`."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """End the thread and close the port."""
        self.shutdown()
        self.server_close()


class Answering(BaseHTTPRequestHandler):
    """Ways to answer, true and false."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.reply()

    def do_HEAD(self) -> None:
        self.reply()

    def do_POST(self) -> None:
        self.reply()

    def do_CONNECT(self) -> None:
        self.reply()

    def reply(self) -> None:
        """Answer a request of any method; a server of tests says how, this one knows no page."""
        self.answer(404)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def counted(self) -> tuple[str, int]:
        """The path without its query, and which request for it this is, from 1."""
        path = self.path.split("?")[0]
        self.server.requests[path] += 1
        self.server.cookies.append(self.headers.get("Cookie") or "")
        return path, self.server.requests[path]

    def answer(
        self, status: int, body: bytes = b"", kind: str = "text/html", length: int | None = -1, **headers: str
    ) -> None:
        """Send a body; `length` -1 tells the true one, None tells none and closes."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = length is None or length > len(body)

    def film(self, body: bytes, **headers: str) -> None:
        """Send media, whole."""
        self.answer(200, body, "video/mp4", **headers)

    def silence(self, seconds: float) -> None:
        """Hold the connection and say nothing."""
        self.wfile.flush()
        time.sleep(seconds)
        self.close_connection = True


class Rigged(Download):
    """The stage as it ships, but for what its overrides change."""

    overrides: ClassVar[Mapping[str, Any]] = QUICK


def fetch(
    folder: Path,
    url: str,
    overrides: Mapping[str, Any] | None = None,
    extractors: Sequence[str] | None = None,
    keeps_out: Callable[..., tuple[str, str] | None] | None = None,
    **options: Any,
) -> Outcome:
    """Fetch one URL into a folder, as a worker would; `keeps_out` stands for the study's filters."""
    chosen = {"extractors": tuple(extractors)} if extractors else {}
    kind = type("Rigged", (Rigged,), {"overrides": {**QUICK, **(overrides or {})}})
    setting = Setting(key=b"k" * 32, download_folder=folder / "media", keeps_out=keeps_out)
    stage = kind(DownloadOptions(**chosen, **options), setting)
    clip = dataclasses.replace(make_clip(folder / "x", folder), source=Source("url", url, ""), media_path=None)
    return apply(stage, [clip])[0]


def left(folder: Path) -> list[str]:
    """Names of the files that a fetch left behind."""
    return sorted(path.name for path in (folder / "media").rglob("*") if path.is_file())
