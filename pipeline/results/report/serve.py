"""Serve the report to browsers on this machine alone, rebuilt after every publication of a run."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from pipeline.errors import CliptoneError
from pipeline.results.report.build import STAMP, stamp_of, write_curves, write_pages
from pipeline.results.report.places import PAGES, Places
from pipeline.results.report.policy import POLICY
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder, work_name
from pipeline.study.own_files import own_files

LOOPBACK = "127.0.0.1"
PORT = 8765
PATIENCE_S = 2.0  # how long a page waits for a rebuild before the older report is served
CHUNK_BYTES = 1 << 16
#: All that may be read, relative to the study's folder; the database itself is not.
OPEN = re.compile(r"report/(?:[\w-]+/)?[\w.-]+|work/audio/[\w-]+\.wav|work/media/[\w-]+/media\.\w+")
OWN = re.compile(r"own/([\w-]+)")  # a media file of the user's own, by the name of its clip's work files
CURVES = re.compile(r"report/sound/([\w-]+)\.js")
RANGE = re.compile(r"bytes=(?!-$)(\d*)-(\d*)")
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LiveReport:
    """The report of one study that follows its database: stale pages are rebuilt, curves are drawn when asked for."""

    def __init__(self, study: Path) -> None:
        with StudyReader(study) as reader:
            self._database = reader.path.resolve()
        self.places = Places(self._database.parent)
        self._building = threading.Lock()
        self._drawing = threading.Lock()

    def build(self) -> None:
        """Write the pages if the study was published since; where another request is writing them, wait for it."""
        with self._building:
            if not self._stale():
                return
            with StudyReader(self._database) as reader:
                write_pages(self.places, reader)

    def refresh(self) -> None:
        """Build, but wait at most `PATIENCE_S`: until the new report is written, the older one is served."""
        if self._stale():
            thread = threading.Thread(target=self._build_quietly, daemon=True)
            thread.start()
            thread.join(PATIENCE_S)

    def draw(self, name: str) -> None:
        """Measure the audio behind the curves of that name, if they are not there yet; one clip at a time."""
        with self._drawing, StudyReader(self._database) as reader:
            known = reader.arrow("SELECT clip_id FROM audio", {}).column("clip_id").to_pylist()
            for clip_id in known:
                if self.places.curves(clip_id).stem == name:
                    write_curves(self.places, reader, clip_id, reader.pitch_range())

    def own_media(self, name: str) -> Path | None:
        """The user's own media of the clip whose work files have this name, if it is there."""
        found = own_files(StudyFolder.at(self.places.study))
        paths = (path for clip_id, path in found.items() if work_name(clip_id) == name)
        return next((path for path in paths if path.is_file()), None)

    def _stale(self) -> bool:
        stamp = self.places.report / STAMP
        return not stamp.is_file() or stamp.read_text(encoding="utf-8") != stamp_of(self._database)

    def _build_quietly(self) -> None:
        with contextlib.suppress(CliptoneError, OSError):  # the older report stays, and the next request tries again
            self.build()


class ReportServer(ThreadingHTTPServer):
    """A server of one report on the loopback address; port 0 takes any free one."""

    daemon_threads = True

    def __init__(self, report: LiveReport, port: int = PORT) -> None:
        self.report = report
        super().__init__((LOOPBACK, port), ReportRequest)

    @property
    def url(self) -> str:
        """Where a browser finds the first page."""
        return f"http://{LOOPBACK}:{self.server_port}/report/{PAGES[0]}"

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that a request may use: another site's name could resolve to this server (DNS rebinding)."""
        return frozenset(f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost"))


class ReportRequest(BaseHTTPRequestHandler):
    """One request: only reading, only from this machine's own names, only what a page needs."""

    server: ReportServer
    protocol_version = "HTTP/1.1"
    server_version = "cliptone"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with a file, or a part of it."""
        path = self._requested_file()
        if path is None:
            return
        try:
            file = path.open("rb")
        except OSError:  # a rebuild has just swept it away
            self._refuse_request(HTTPStatus.NOT_FOUND)
            return
        with file:
            self._send_file(file, path)

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Log nothing: URLs name clips."""

    def _requested_file(self) -> Path | None:
        """The requested file; None when the request was already answered, with a redirect or an error."""
        if self.headers.get("Host", "") not in self.server.hosts:
            self._refuse_request(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        if name in ("", "report", "report/"):
            self._redirect(f"/report/{PAGES[0]}")
            return None
        report = self.server.report
        path = (report.places.study / name).resolve() if OPEN.fullmatch(name) else None
        if own := OWN.fullmatch(name):
            path = report.own_media(own[1])
        elif path is not None and not path.is_relative_to(report.places.study):
            path = None
        if path is None:
            self._refuse_request(HTTPStatus.NOT_FOUND)
            return None
        try:
            if name.endswith(".html"):
                report.refresh()
            if (drawn := CURVES.fullmatch(name)) and not path.is_file():
                report.draw(drawn[1])
        except (CliptoneError, OSError):
            self._refuse_request(HTTPStatus.SERVICE_UNAVAILABLE)
            return None
        if not path.is_file():
            self._refuse_request(HTTPStatus.NOT_FOUND)
            return None
        return path

    def _send_file(self, file: BinaryIO, path: Path) -> None:
        """Send the whole file, or the range that a player requests when it seeks (RFC 9110, section 14)."""
        # The size of the open file: a rebuild may have replaced the path meanwhile.
        size = os.fstat(file.fileno()).st_size
        first, last = 0, size - 1
        asked = RANGE.fullmatch(self.headers.get("Range", "").strip())
        if asked:
            first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
            last = min(last, int(asked[2])) if asked[1] and asked[2] else last
            if first > last:
                self._refuse_request(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"})
                return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._send_headers({"Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind})
        self._send_headers({"Content-Length": str(last - first + 1), "Accept-Ranges": "bytes"})
        if asked:
            self._send_headers({"Content-Range": f"bytes {first}-{last}/{size}"})
        self._send_headers(HEADERS)
        self.end_headers()
        if self.command == "GET":
            self._send_bytes(file, first, last - first + 1)

    def _send_bytes(self, file: BinaryIO, first: int, length: int) -> None:
        file.seek(first)
        try:
            while length > 0 and (chunk := file.read(min(CHUNK_BYTES, length))):
                self.wfile.write(chunk)
                length -= len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # a player that seeks drops the old response

    def _redirect(self, target: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self._send_headers({"Location": target, "Content-Length": "0", **HEADERS})
        self.end_headers()

    def _refuse_request(self, status: HTTPStatus, more: dict[str, str] | None = None) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self._send_headers({"Content-Type": "text/plain", "Content-Length": str(len(body)), **(more or {}), **HEADERS})
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _send_headers(self, headers: dict[str, str]) -> None:
        for name, value in headers.items():
            self.send_header(name, value)
