"""The only door to media files: probe one, read it through, decode it to mono 16 kHz, each in a limited process."""

from __future__ import annotations

import errno
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import Reason, StageError, UserError
from pipeline.media.audio import BYTES_PER_SAMPLE, SAMPLE_RATE, WAV_HEADER_BYTES
from pipeline.media.sandbox.client import Ending, decoder
from pipeline.media.sandbox.server import EXECUTE
from pipeline.media.sandbox.worker import CONTAINERS, PROTOCOLS
from pipeline.records import Decibels, Seconds
from pipeline.study import files

DEADLINE_BASE_S = 30.0  # of reading a file: this and a multiple of the clip's length, at most the cap
DEADLINE_PER_SECOND = 4.0
DEADLINE_CAP_S = 300.0
GATE_LUFS = -70.0  # EBU R128 measures nothing below its absolute gate
MAX_CHANNELS = 8
MIN_SOURCE_RATE, MAX_SOURCE_RATE = 4_000, 192_000  # Hz: telephones sample at 8 kHz, studios at 192 kHz
MESSAGE_CHARACTERS = 200
SPARE_BYTES = 1 << 20  # ffmpeg compares the size with its cap after a write, so the file can exceed it
#: All reasons that a sandbox may return: it has read an untrusted file, and others could end the run or hide the clip.
REFUSALS = frozenset({Reason.NOT_MEDIA})
#: Signals of a crash, which a malformed file can cause.
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})

Length = Annotated[Seconds, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Probe:
    """What the headers of a media file declare, before anything is decoded."""

    container: str
    duration_s: Length | None
    video_codec: str | None
    width: int | None
    height: int | None
    audio_codec: str | None
    sample_rate: int | None
    channels: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What demuxing and decoding a file to its end showed."""

    reach_s: Length  # end of the last packet of any stream
    has_audio: bool
    audio_s: Length = 0.0  # sum of what could be decoded, gaps left out
    promised_audio_s: Length | None = None  # what the file's own tables state


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """What decoding measured: length, and loudness at the source's own rate and channels (EBU R128)."""

    duration_s: Seconds
    loudness_lufs: float | None
    true_peak_dbtp: Decibels | None


@cache
def ffmpeg_path(named: str | None = None) -> str:
    """Path of the ffmpeg to run: the one that the user names, or the pinned one that is installed with cliptone."""
    if named is None:
        import imageio_ffmpeg

        try:
            return str(imageio_ffmpeg.get_ffmpeg_exe())
        except RuntimeError as error:
            raise UserError(
                "the ffmpeg that comes with cliptone is missing or cannot be run: install imageio-ffmpeg again, or "
                "name another with the key `ffmpeg`"
            ) from error
    if not Path(named).is_file():
        raise UserError(
            f"there is no ffmpeg at {named}: correct the key `ffmpeg`, or leave it out to use the pinned one"
        )
    # A relative path could run a program that came with a study file from elsewhere.
    if not Path(named).is_absolute():
        raise UserError(f"write the whole path of the ffmpeg {named}, or leave the key out to use the pinned one")
    return named


@cache
def ffmpeg_version(named: str | None = None) -> str:
    """First line of `ffmpeg -version`; part of fingerprints, because versions decode some samples differently."""
    answer = subprocess.run([ffmpeg_path(named), "-version"], capture_output=True, text=True, timeout=20, check=True)
    return answer.stdout.splitlines()[0].split(" Copyright")[0].removeprefix("ffmpeg version ")


def deadline_s(duration_s: Seconds) -> Seconds:
    """Time limit for reading a clip of this length to its end."""
    return min(DEADLINE_CAP_S, DEADLINE_BASE_S + DEADLINE_PER_SECOND * duration_s)


def probe(path: Path) -> Probe:
    """Read the streams that a file declares; `StageError` if it is empty, not media, or takes too long."""
    if path.stat().st_size == 0:
        raise StageError(Reason.EMPTY_FILE, f"{path.name} is empty")
    found: Probe = _call_in_sandbox("probe", path, DEADLINE_BASE_S, Probe)
    return found


def read_through(path: Path, duration_s: Seconds | None) -> Reading:
    """Demux everything and decode the first audio stream; `StageError` if it is not media, or takes too long.

    `duration_s` is the declared length; the deadline follows from it.
    """
    limit = DEADLINE_CAP_S if duration_s is None else deadline_s(duration_s)
    found: Reading = _call_in_sandbox("read_through", path, limit, Reading)
    return found


def decode(
    path: Path,
    target: Path,
    max_duration_s: Seconds,
    ffmpeg: str | None = None,
    duration_s: Seconds | None = None,
    loudness: bool = True,
) -> DecodedAudio:
    """Decode the first audio stream to a mono 16 kHz 16-bit WAV file, and measure its `loudness` on the way.

    Writes a temporary file and renames it, so that `target` is whole or absent. `StageError` with a reason when
    ffmpeg fails, gives nothing, or finds more than `max_duration_s`. The deadline follows from `duration_s`, the
    declared length, if there is one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    # A cap in bytes, not with -t: a jump in the timestamps makes ffmpeg drop audio under -t.
    max_bytes = WAV_HEADER_BYTES + int((max_duration_s + 1.0) * SAMPLE_RATE) * BYTES_PER_SAMPLE
    expected_s = max_duration_s if duration_s is None else min(duration_s, max_duration_s)
    try:
        ending = _run_in_sandbox(
            path, EXECUTE, _ffmpeg_command(path, part, max_bytes, ffmpeg, loudness), deadline_s(expected_s), max_bytes
        )
        _check_log(ending, path, part.parent, max_bytes)
        duration = _wav_length_s(part)
        if duration == 0.0:
            raise StageError(Reason.NOT_MEDIA, f"{path.name} has an audio track, but nothing of it can be decoded")
        if duration > max_duration_s:
            raise StageError(Reason.TOO_LONG, f"{path.name} is longer than {max_duration_s:g} s")
        files.put(part, target)
    finally:
        part.unlink(missing_ok=True)
    return DecodedAudio(duration, _loudness(ending.output), _true_peak(ending.output))


def _call_in_sandbox(call: str, path: Path, limit_s: Seconds, shape: Any) -> Any:
    """Result of a call in the sandbox, validated as `shape`, because the process has read an untrusted file."""
    ending = _run_in_sandbox(path, call, [str(path.absolute())], limit_s)
    try:
        if ending.code == 0 and ending.output.startswith('{"reason"'):
            refusal = TypeAdapter(dict[str, str]).validate_json(ending.output)
            if refusal["reason"] in REFUSALS:
                raise StageError(Reason(refusal["reason"]), refusal["message"][:MESSAGE_CHARACTERS])
        return TypeAdapter(shape).validate_json(ending.output, strict=True)
    except (ValidationError, ValueError, KeyError) as error:
        message = f"{path.name} cannot be read as video or audio: {_last_line(ending) or 'no answer'}"
        raise StageError(Reason.NOT_MEDIA, message) from error


def _run_in_sandbox(path: Path, call: str, arguments: list[str], limit_s: Seconds, written_bytes: int = 0) -> Ending:
    """Run a call on a file in the sandbox; `StageError` where its deadline or a crash ended it."""
    spare = SPARE_BYTES if written_bytes else 0
    try:
        ending = decoder().run(call, arguments, limit_s, written_bytes + spare)
    except ChildProcessError as error:
        raise StageError(
            Reason.WORKER_DIED, f"the process that reads {path.name} died before it had an answer"
        ) from error
    if ending.late or -ending.code == getattr(signal, "SIGXCPU", None):
        raise StageError(Reason.TIMEOUT, f"{path.name} could not be read within {limit_s:g} s")
    if -ending.code in CRASHES:
        name = signal.Signals(-ending.code).name
        raise StageError(Reason.NOT_MEDIA, f"{path.name} is so broken that the process that reads it crashes ({name})")
    if ending.code < 0:
        raise StageError(Reason.WORKER_DIED, f"the process that reads {path.name} was ended by signal {-ending.code}")
    return ending


def _ffmpeg_command(path: Path, target: Path, max_bytes: int, ffmpeg: str | None, loudness: bool) -> list[str]:
    import ffmpeg as graph

    source = graph.input(
        str(path.absolute()),  # absolute, so that no name is taken for an option or a URL
        nostdin=None,
        hide_banner=None,
        nostats=None,
        loglevel="info",  # the loudness summary is written at this level
        max_alloc=1 << 28,
        protocol_whitelist=PROTOCOLS,
        format_whitelist=CONTAINERS,
    )
    measured = {"af": "ebur128=peak=true:framelog=quiet"} if loudness else {}
    wave_format = {"ac": 1, "ar": SAMPLE_RATE, "acodec": "pcm_s16le", "format": "wav", "fs": max_bytes}
    streams = {"map": "0:a:0", "vn": None, "sn": None, "dn": None, "bitexact": None, "threads": 1}
    output = source.output(str(target.absolute()), **streams, **measured, **wave_format).overwrite_output()
    argv: list[str] = output.compile(cmd=ffmpeg_path(ffmpeg))
    return argv


def _check_log(ending: Ending, path: Path, folder: Path, needed_bytes: int) -> None:
    """Raise the error that ffmpeg's exit code and log mean."""
    # A title in the file can put any text into the log, so the free space is checked too.
    if "No space left on device" in ending.output and shutil.disk_usage(folder).free < needed_bytes + SPARE_BYTES:
        raise OSError(errno.ENOSPC, "No space left on device")
    if ending.code != 0:
        raise StageError(Reason.NOT_MEDIA, f"ffmpeg cannot decode {path.name}: {_last_line(ending) or ending.code}")


def _last_line(ending: Ending) -> str:
    """The last line of a process's output, shortened and without control characters."""
    lines = ending.output.strip().splitlines() or [""]
    return "".join(letter for letter in lines[-1] if letter.isprintable())[:MESSAGE_CHARACTERS]


def _wav_length_s(path: Path) -> Seconds:
    """Length of the samples in a WAV file by its size; the header of a capped file can claim more."""
    return max(0, path.stat().st_size - WAV_HEADER_BYTES) / BYTES_PER_SAMPLE / SAMPLE_RATE


def _loudness(log: str) -> float | None:
    found = re.findall(r"^\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if value > GATE_LUFS else None


def _true_peak(log: str) -> Decibels | None:
    found = re.findall(r"^\s+Peak:\s+(-?[\d.]+|-?inf|nan) dBFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if np.isfinite(value) else None
