"""A small web site on this machine: media of the demo, a page that describes a post, and trouble by status."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POST = """<html><head><script type="application/ld+json">{"@context": "https://schema.org", "@type": "VideoObject",
"name": "title", "description": "I love it #Bag @ana", "uploadDate": "2026-01-02T03:04:05Z",
"contentUrl": "http://%(host)s/%(media)s", "duration": "PT6S", "author": {"@type": "Person", "name": "ann"},
"interactionStatistic": [{"@type": "InteractionCounter", "interactionType": {"@type": "WatchAction"},
"userInteractionCount": 42}]}</script></head></html>"""


class Handler(SimpleHTTPRequestHandler):
    """`/NAME.html` is a post whose video is NAME.mp4, `/404…` answers 404, the rest are files."""

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        name = self.path[1:].split("?")[0]
        if name.endswith(".html"):
            media = name.removesuffix(".html") + ".mp4"
            self._answer(200, (POST % {"host": self.headers["Host"], "media": media}).encode())
        elif name[:3].isdigit():
            self._answer(int(name[:3]), b"no")
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        if self.path.endswith(".html") or self.path[1:4].isdigit():
            self.do_GET()
        else:
            super().do_HEAD()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]  # a client may leave early
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
