"""The only door to ffmpeg: probe a file, decode it to mono 16 kHz, within limits of format, length and time."""

from __future__ import annotations

import errno
import re
import subprocess
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Reason, StageError, UserError
from pipeline.records import Decibels, Seconds

#: Samples of mono speech between -1 and 1, shape `(time,)`, float32.
Waveform = NDArray[np.float32]

SAMPLE_RATE = 16_000  # Hz, what every speech model here was trained on
BYTES_PER_SAMPLE = 2  # 16-bit integers
WAV_HEADER_BYTES = 44
DEADLINE_BASE_S = 30.0  # ffmpeg's deadline: this and a multiple of the clip's length, at most the cap
DEADLINE_PER_SECOND = 4.0
DEADLINE_CAP_S = 300.0
GATE_LUFS = -70.0  # EBU R128 measures nothing below its absolute gate
#: Containers that may be opened: a "clip.mp4" that is really a playlist would make ffmpeg open other files.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,wav,flac,mpegts,avi"
PROTOCOLS = "file,pipe"
MAX_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """What a media file says of itself, before anything is decoded."""

    container: str
    duration_s: Seconds | None
    video_codec: str | None
    width: int | None
    height: int | None
    audio_codec: str | None
    sample_rate: int | None
    channels: int | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """What decoding measured: length, and loudness at the source's own rate and channels (EBU R128)."""

    duration_s: Seconds
    loudness_lufs: float | None
    true_peak_dbtp: Decibels | None


@cache
def ffmpeg_path(named: str | None = None) -> str:
    """The ffmpeg to run: the one that the user names, or the pinned one that is installed with cliptone."""
    if named is None:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    if not Path(named).is_file():
        raise UserError(
            f"there is no ffmpeg at {named}: correct the key `ffmpeg`, or leave it out to use the pinned one"
        )
    return named


@cache
def ffmpeg_version(named: str | None = None) -> str:
    """First line of `ffmpeg -version`, part of every fingerprint since versions differ by some samples."""
    answer = subprocess.run([ffmpeg_path(named), "-version"], capture_output=True, text=True, timeout=20, check=True)
    return answer.stdout.splitlines()[0].split(" Copyright")[0].removeprefix("ffmpeg version ")


def probe(path: Path) -> Probe:
    """Read a file's streams with libav, in the calling process; `StageError` if it is not media."""
    import av

    if path.stat().st_size == 0:
        raise StageError(Reason.EMPTY_FILE, f"{path.name} is empty")
    try:
        with av.open(str(path), options={"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS}) as container:
            video = next((s for s in container.streams.video if s.codec_context is not None), None)
            audio = next((s for s in container.streams.audio if s.codec_context is not None), None)
            return Probe(
                container=container.format.name,
                duration_s=container.duration / 1e6 if container.duration else None,
                video_codec=video.codec_context.name if video else None,
                width=video.codec_context.width if video else None,
                height=video.codec_context.height if video else None,
                audio_codec=audio.codec_context.name if audio else None,
                sample_rate=audio.codec_context.sample_rate if audio else None,
                channels=audio.codec_context.channels if audio else None,
            )
    except (av.error.FFmpegError, ValueError) as error:
        raise StageError(Reason.NOT_MEDIA, f"{path.name} cannot be read as video or audio") from error


def decode(path: Path, target: Path, max_duration_s: Seconds, ffmpeg: str | None = None) -> Decoded:
    """Decode the first audio stream to a mono 16 kHz 16-bit WAV file, and measure its loudness on the way.

    Writes a temporary file and renames it, so that `target` is whole or absent. `StageError` with a reason when
    ffmpeg fails, gives nothing, or finds more than `max_duration_s`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    # A cap in bytes, not with -t: a jump in the timestamps makes ffmpeg drop audio under -t.
    max_bytes = WAV_HEADER_BYTES + int((max_duration_s + 1.0) * SAMPLE_RATE) * BYTES_PER_SAMPLE
    try:
        log = _run(_command(path, part, max_bytes, ffmpeg), path, max_duration_s)
        duration = _length(part)
        if duration == 0.0:
            raise StageError(Reason.NOT_MEDIA, f"{path.name} has an audio track, but nothing of it can be decoded")
        if duration > max_duration_s:
            raise StageError(Reason.TOO_LONG, f"{path.name} is longer than {max_duration_s:g} s")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Decoded(duration, _loudness(log), _true_peak(log))


def _command(path: Path, target: Path, max_bytes: int, ffmpeg: str | None) -> list[str]:
    import ffmpeg as graph

    source = graph.input(
        str(path.absolute()),  # absolute, so that no name can be an option or an address
        nostdin=None,
        hide_banner=None,
        nostats=None,
        loglevel="info",  # the loudness summary is written at this level
        max_alloc=1 << 28,
        protocol_whitelist=PROTOCOLS,
        format_whitelist=CONTAINERS,
    )
    measured = {"af": "ebur128=peak=true:framelog=quiet"}
    wave_format = {"ac": 1, "ar": SAMPLE_RATE, "acodec": "pcm_s16le", "format": "wav", "fs": max_bytes}
    streams = {"map": "0:a:0", "vn": None, "sn": None, "dn": None, "bitexact": None, "threads": 1}
    output = source.output(str(target.absolute()), **streams, **measured, **wave_format).overwrite_output()
    argv: list[str] = output.compile(cmd=ffmpeg_path(ffmpeg))
    return argv


def _run(argv: list[str], path: Path, max_duration_s: Seconds) -> str:
    deadline = min(DEADLINE_CAP_S, DEADLINE_BASE_S + DEADLINE_PER_SECOND * max_duration_s)
    try:
        done = subprocess.run(argv, capture_output=True, timeout=deadline, check=False)
    except subprocess.TimeoutExpired as error:
        raise StageError(Reason.TIMEOUT, f"ffmpeg did not finish {path.name} within {deadline:g} s") from error
    log = done.stderr.decode("utf-8", "replace")
    if "No space left on device" in log:
        raise OSError(errno.ENOSPC, "No space left on device")
    if done.returncode != 0:
        last = log.strip().splitlines()[-1] if log.strip() else f"exit code {done.returncode}"
        raise StageError(Reason.NOT_MEDIA, f"ffmpeg cannot decode {path.name}: {last.strip()[:200]}")
    return log


def _length(path: Path) -> Seconds:
    """Length of what was really written; the header of a capped file can claim more."""
    return max(0, path.stat().st_size - WAV_HEADER_BYTES) / BYTES_PER_SAMPLE / SAMPLE_RATE


def _loudness(log: str) -> float | None:
    found = re.findall(r"^\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if value > GATE_LUFS else None


def _true_peak(log: str) -> Decibels | None:
    found = re.findall(r"^\s+Peak:\s+(-?[\d.]+|-?inf|nan) dBFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if np.isfinite(value) else None


def read_audio(path: Path) -> Waveform:
    """Read the WAV file that `decode` wrote: shape `(time,)`, 16 kHz, float32 between -1 and 1."""
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE, 1, BYTES_PER_SAMPLE):
            raise ValueError(f"{path.name} is not mono 16 kHz 16-bit")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float32) / 32768.0
