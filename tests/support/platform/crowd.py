"""Many posts on the fake platforms, some of which are refused at first; and whole studies that collect them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pipeline.media import ffmpeg
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.platform import fake_platform as platforms
from tests.support.platform.fake_platform import Platform, fake_platform, tiktok_page, tiktok_post
from tests.support.platform.rig import Server

FIRST_ID = 7_300_000_000_000_000_000
CLIP_S = 1


class PlatformDownload(Download):
    """The stage as it ships, for a platform that signs its own certificate and needs no rest between requests."""

    overrides: ClassVar[Mapping[str, Any]] = {"sleep_interval_requests": 0, "nocheckcertificate": True}


STAGES: tuple[type[Stage], ...] = (PlatformDownload, Audio)
BY_NAME = {stage.name: stage for stage in STAGES}


class Crowd(Platform):
    """Posts of TikTok with long ids: all there, but some answer 429 at first; what is asked when is written down."""

    share_refused: ClassVar[float] = 0.0
    retry_after_s: ClassVar[int] = 1
    gone: ClassVar[set[str]] = set()  # ids of posts that were removed since
    log: ClassVar[list[tuple[float, str, int]]] = []  # time, path, status
    lock: ClassVar[threading.Lock] = threading.Lock()

    def send_response(self, code: int, message: str | None = None) -> None:
        with self.lock:
            self.log.append((time.monotonic(), f"{self.headers.get('Host', '')}{self.path}", code))
        super().send_response(code, message)

    def _tiktok(self, path: str) -> None:
        post_id = path.rsplit("/", 1)[-1]
        if len(post_id) != len(str(FIRST_ID)):
            super()._tiktok(path)
        elif post_id in self.gone:
            self.answer(404, b"no")
        elif self.server.requests[path] == 1 and _drawn(post_id) < self.share_refused:
            self.answer(429, b"slow down", Retry_After=str(self.retry_after_s))
        else:
            video = {**platforms._video("play540.mp4", CLIP_S)}
            post = tiktok_post(post_id, video=video, desc=f"post {post_id} #crowd")
            self.answer(200, tiktok_page(statusCode=0, itemInfo={"itemStruct": post}))


def _drawn(post_id: str) -> float:
    return int.from_bytes(hashlib.sha256(post_id.encode()).digest()[:4]) / 2**32


def post_urls(count: int, first: int = 0) -> list[str]:
    """URLs of that many posts."""
    return [f"https://www.tiktok.com/@ann/video/{FIRST_ID + number}" for number in range(first, first + count)]


def tiny_clip(folder: Path) -> Path:
    """A clip of a second with picture and sound, small enough to be fetched a thousand times."""
    path = folder / "tiny.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc=size=64x112:rate=10:duration={CLIP_S}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=300:duration={CLIP_S}"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run([ffmpeg.ffmpeg_path(), "-nostdin", "-v", "error", "-y", *picture, *sound, *coding], check=True)
    return path


@contextmanager
def crowd(folder: Path, share_refused: float = 0.0, retry_after_s: int = 1) -> Iterator[tuple[Server, dict[str, Any]]]:
    """The platform with its crowd of posts."""
    Crowd.share_refused, Crowd.retry_after_s = share_refused, retry_after_s
    Crowd.log.clear()
    Crowd.gone.clear()
    with fake_platform(tiny_clip(folder), folder, Crowd) as made:
        yield made


def collecting_study(folder: Path, proxy: str, urls: Sequence[str], extra: str = "", pace_s: float = 0.0) -> Study:
    """A study of these posts that reaches platforms through a proxy, at a pace that suits a test."""
    folder.mkdir(parents=True, exist_ok=True)
    pace = f"paces = {{ tiktok = [{pace_s}, {pace_s}], instagram = [0.0, 0.0], youtube = [0.0, 0.0] }}"
    body = f"""
[[sources]]
urls = {json.dumps(list(urls))}
[run]
workers = 0
[download]
proxy = "{proxy}"
socket_timeout_s = 5
captions = false
{pace}
{extra}
"""
    return load_study(write_study(folder, body, "crowd"), BY_NAME)


def collect(study: Study, **options: Any) -> Any:
    """Run a study of this rig in this process."""
    return run_study(study, executor=LocalExecutor(0), stages=STAGES, **options)
