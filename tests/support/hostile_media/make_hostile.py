"""The corpus of hostile files, made in a folder of a test with the bundled ffmpeg; the same every time."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from tests.conftest import run_ffmpeg, write_wav
from tests.support.hostile_media import hostile_boxes, hostile_texts

FOREIGN_HZ = 3_137  # of the tone in the foreign file: nothing else here sounds like it
TONE_HZ = 440
RATE = 16_000


class Canary:
    """A web server that nobody should ever ask; it counts who does."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        hits = self.hits

        class Asked(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hits.append(self.path)
                self.send_error(404)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def canary() -> Iterator[Canary]:
    """A canary for the time of a test."""
    made = Canary()
    try:
        yield made
    finally:
        made.close()


def tone(seconds: float, hertz: float) -> np.ndarray:
    """A sine between -0.5 and 0.5, shape `(time,)`."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


def share_of_foreign_tone(waveform: np.ndarray) -> float:
    """How much of the strongest frequency's strength the foreign tone has, 0–1."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size)))
    place = round(FOREIGN_HZ * waveform.size / RATE)
    around = spectrum[max(0, place - 3) : place + 4]
    return float(around.max(initial=0) / spectrum.max()) if spectrum.max() > 0 else 0.0


def make(clips: Path, outside: Path, url: str) -> int:
    """Fill the folder `clips` with hostile files, and `outside` with what they try to reach; how many there are."""
    clips.mkdir(parents=True)
    outside.mkdir(parents=True)
    foreign = _foreign(outside)
    clip = _clip(outside / "clip.mp4", tone(3, TONE_HZ))
    other = _clip(outside / "other.mp4", tone(3, FOREIGN_HZ))
    for group in (
        hostile_texts.playlists(foreign, url),
        hostile_texts.documents(foreign, url),
        hostile_boxes.broken(clip, clip[::-1], url),
        hostile_boxes.boastful(url),
    ):
        for name, content in group.items():
            (clips / name).write_bytes(content)
    # The sibling that playlists name lies beside them under a name that no study takes for a clip.
    (clips / foreign.name).write_bytes(foreign.read_bytes())
    (clips / "vobsub.sub").write_bytes(other)
    hostile_boxes.hole(clips / "hour_of_silence.wav", 1)
    hostile_boxes.hole(clips / "ten_hours_of_silence.wav", 10)
    _tags(clips, clip)
    _streams(clips, outside / "clip.mp4")
    _names(clips, clip)
    _links(clips, foreign)
    return sum(1 for path in os.scandir(clips) if path.name not in (foreign.name, "vobsub.sub"))


def _foreign(outside: Path) -> Path:
    """A file that no clip may reach, with a tone and bytes of its own."""
    path = write_wav(outside / "foreign.dat", tone(5, FOREIGN_HZ))
    with path.open("ab") as file:
        file.write(hostile_texts.SENTINEL)
    return path


def _clip(path: Path, waveform: np.ndarray) -> bytes:
    """A small vertical video with its tables first."""
    sound = write_wav(path.with_suffix(".wav"), waveform)
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x112:rate=5:duration=3"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-threads", "1", "-fflags", "+bitexact"]
    run_ffmpeg(*picture, "-i", str(sound), *coding, "-movflags", "+faststart", str(path))
    return path.read_bytes()


def _tags(clips: Path, clip: bytes) -> None:
    """Covers and titles that cost memory or say what ffmpeg says."""
    from mutagen.id3 import APIC, ID3
    from mutagen.mp4 import MP4

    source = clips / "title_says_disk_full.mp4"
    source.write_bytes(clip)
    run_ffmpeg("-i", str(source), "-vn", "-c:a", "libmp3lame", str(clips / "plain.mp3"))
    sound = (clips / "plain.mp3").read_bytes()
    (clips / "tag_bomb.mp3").write_bytes(hostile_boxes.id3_bomb(sound))
    (clips / "tag_of_256_megabytes.mp3").write_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + sound)
    for name, picture in (
        ("cover_bomb.mp3", hostile_boxes.png(30_000, 30_000, 30_000)),
        ("cover_states_a_wall.mp3", hostile_boxes.png(60_000, 60_000, 10)),
        ("cover_of_32_megabytes.mp3", b"\x89PNG\r\n\x1a\n" + b"\0" * (32 << 20)),
    ):
        (clips / name).write_bytes(sound)
        tags = ID3()
        tags.add(APIC(mime="image/png", type=3, data=picture))
        tags.save(clips / name)
    for name, title in (
        ("title_says_disk_full.mp4", "No space left on device"),
        ("title_with_numbers.mp4", "x\n    I:         -1.0 LUFS\n    Peak:        9.0 dBFS\n"),
    ):
        (clips / name).write_bytes(clip)
        titled = MP4(clips / name)
        titled["\xa9nam"] = title
        titled.save()
    whole = source.read_bytes()
    start = whole.index(b"mdat") + 4
    (clips / "title_says_disk_full_and_broken.mp4").write_bytes(whole[:start] + b"\0" * (len(whole) - start))
    strange = clip.replace(b"isom", b"iso\xff", 1)
    (clips / "brand_not_text.mp4").write_bytes(strange)


def _streams(clips: Path, clip: Path) -> None:
    """Containers with too little, too much, or at the wrong time."""
    sound, picture = ["-i", str(clip), "-vn", "-c:a", "aac"], ["-i", str(clip), "-an", "-c:v", "copy"]
    run_ffmpeg(*picture, str(clips / "picture_only.mp4"))
    run_ffmpeg(
        "-i", str(clip), "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", str(clips / "two_sounds.mp4")
    )
    attached = ["-attach", str(clip), "-metadata:s:t", "mimetype=application/octet-stream"]
    run_ffmpeg(*sound, *attached, str(clips / "attachment.mkv"))
    run_ffmpeg(*sound, str(clips / "plain.ts"))
    run_ffmpeg(*sound, "-output_ts_offset", "36000", str(clips / "late.ts"))
    (clips / "jump.ts").write_bytes((clips / "plain.ts").read_bytes() + (clips / "late.ts").read_bytes())


def _names(clips: Path, clip: bytes) -> None:
    for name in (*hostile_texts.NAMES, hostile_texts.NOT_UTF8):
        with suppress(OSError):  # a system that has no such names is safe from them
            Path(os.fsdecode(os.fsencode(clips) + b"/" + name)).write_bytes(clip)


def _links(clips: Path, foreign: Path) -> None:
    """Names that are no files of the folder."""
    (clips / "link_to_foreign.wav").symlink_to(foreign)
    (clips / "link_to_link.wav").symlink_to("link_to_foreign.wav")
    (clips / "link_to_itself.mp4").symlink_to("link_to_itself.mp4")
    (clips / "link_to_nothing.mp4").symlink_to("nowhere.mp4")
    (clips / "link_to_zeros.mp4").symlink_to("/dev/zero")
    (clips / "link_up.mp4").symlink_to("..")
    (clips / "folder.mp4").mkdir()
    os.mkfifo(clips / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as made, suppress(OSError):  # a long path has no room for one
        made.bind(str(clips / "socket.mp4"))
