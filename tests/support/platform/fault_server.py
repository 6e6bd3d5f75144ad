"""A site that fails in every way that sites were seen to fail, and counts how often it is asked."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.media import ffmpeg
from tests.support.platform.rig import Answering, Server

CUT_BYTES = 60_000  # of a clip of 170 kB
STALL_S = 3.0  # longer than the client waits
PAGE = b"<html><body>Please log in</body></html>"
TOO_LARGE_BYTES = 300 << 20


class Faults(Answering):
    """Each path is one fault; what is asked first is the page, what is asked next is its media."""

    def reply(self) -> None:
        if self.command == "HEAD":
            self.answer(405)
            return
        path, time_asked = self.counted()
        name = path.strip("/")
        if status := re.fullmatch(r"(\d{3})\.mp4", name):
            self.answer(int(status[1]), b"no", Retry_After="3")
        elif late := re.fullmatch(r"late(\d{3})\.mp4", name):  # the page is fine, the media is not
            self.film(self.clip) if time_asked == 1 else self.answer(int(late[1]), b"no", Retry_After="3")
        elif name.startswith("loop"):
            self.answer(302, Location=f"/loop{time_asked % 2}")
        elif name.startswith("hls"):
            self._playlist_or_segment(name)
        else:
            getattr(self, "fault_" + name.split(".")[0], self._unknown)()

    @property
    def clip(self) -> bytes:
        return self.server.media["clip"]

    def _unknown(self) -> None:
        self.answer(404, b"no")

    def fault_good(self) -> None:
        self.film(self.clip)

    def fault_mislabelled(self) -> None:
        self.answer(200, self.clip, "text/html")

    def fault_drip(self) -> None:
        self.answer(200, b"", "video/mp4", length=len(self.clip))
        for start in range(0, len(self.clip), 20_000):
            self.wfile.write(self.clip[start : start + 20_000])
            time.sleep(0.02)

    def fault_cut(self) -> None:
        self.answer(200, self.clip[:CUT_BYTES], "video/mp4", length=len(self.clip))

    def fault_cutranges(self) -> None:
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "bytes=0-")
        start = int(asked[1]) if asked else 0
        body, whole = self.clip[start : start + CUT_BYTES // 10], len(self.clip)
        span = f"bytes {start}-{whole - 1}/{whole}"
        self.answer(206 if start else 200, body, "video/mp4", length=whole - start, Content_Range=span)

    def fault_cutsilent(self) -> None:
        self.answer(200, self.clip[:CUT_BYTES], "video/mp4", length=None)

    def fault_truncated(self) -> None:
        self.film(self.clip[:-9_000])

    def fault_splice(self) -> None:
        self.film(self.clip[:50_000] + self.server.media["other"][50_000:])

    def fault_html(self) -> None:
        self.film(PAGE * 50)

    def fault_empty(self) -> None:
        self.film(b"")

    def fault_noaudio(self) -> None:
        self.film(self.server.media["noaudio"])

    def fault_large(self) -> None:
        self.answer(200, self.clip, "video/mp4", length=TOO_LARGE_BYTES)

    def fault_stall(self) -> None:
        self.answer(200, b"", "video/mp4", length=len(self.clip))
        self.wfile.write(self.clip[:5_000])
        self.silence(STALL_S)

    def fault_hang(self) -> None:
        self.silence(STALL_S)

    def fault_tofile(self) -> None:
        self.answer(302, Location="file:///etc/hostname")

    def fault_two(self) -> None:
        site = f"http://{self.headers['Host']}"
        films = f'<video src="{site}/good.mp4"></video><video><source src="{site}/drip.mp4" type="video/mp4"></video>'
        self.answer(200, f"<html><head><title>Two</title></head><body>{films}</body></html>".encode())

    def fault_nothing(self) -> None:
        self.answer(200, b"<html><head><title>nothing</title></head><body><img src=x.jpg></body></html>")

    def fault_longer(self) -> None:
        self._described("PT1M")

    def fault_described(self) -> None:
        self._described("PT13S")

    def _described(self, duration: str) -> None:
        video = {"@context": "https://schema.org", "@type": "VideoObject", "name": "t", "duration": duration}
        video["contentUrl"] = f"http://{self.headers['Host']}/good.mp4"
        body = f'<html><script type="application/ld+json">{json.dumps(video)}</script></html>'
        self.answer(200, body.encode())

    def _playlist_or_segment(self, name: str) -> None:
        folder, _, file = name.partition("/")
        body = self.server.media.get(file)
        if file.endswith(".m3u8"):
            lines = self.server.media["playlist"]
            if folder == "hlshole":  # a playlist that leaves a segment out, and says nothing
                lines = re.sub(rb"#EXTINF[^#]*\n2\.ts\n", b"", lines)
            if folder == "hlsfile":
                lines = lines.replace(b"2.ts", b"file:///etc/hostname")
            self.answer(200, lines, "application/vnd.apple.mpegurl")
        elif body is None or (folder == "hlsmiss" and file == "2.ts"):
            self.answer(404, b"no")
        else:
            self.answer(200, body, "video/mp2t")


def segments(clip: Path, folder: Path) -> dict[str, bytes]:
    """A clip as an HLS playlist (`playlist`) of segments of about a second (`0.ts` …)."""
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-s", "64x64", "-g", "25", "-c:a", "aac", "-threads", "1"]
    cutting = ["-hls_time", "1", "-hls_list_size", "0", "-hls_segment_filename", str(folder / "%d.ts")]
    command = [ffmpeg.ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-i", str(clip), *coding, *cutting]
    subprocess.run([*command, str(folder / "list.m3u8")], check=True)
    made = {path.name: path.read_bytes() for path in folder.glob("*.ts")}
    return made | {"playlist": (folder / "list.m3u8").read_bytes()}


@contextmanager
def fault_server(clips: Path, folder: Path) -> Iterator[Server]:
    """The server, with clips of the demo as its media."""
    server = Server(Faults)
    names = {"clip": "english_quick", "other": "french", "noaudio": "no_audio"}
    server.media = {key: (clips / f"{name}.mp4").read_bytes() for key, name in names.items()}
    server.media |= segments(clips / "english_quick.mp4", folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
