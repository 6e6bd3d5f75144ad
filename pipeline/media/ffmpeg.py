"""The only door to media files: probe one, read it through, decode it to mono 16 kHz, each in a limited process."""

from __future__ import annotations

import errno
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import Reason, StageError, UserError
from pipeline.media.audio import SAMPLE_RATE, write_audio
from pipeline.media.clock import Packet, SoundTimeline, in_a_row, lay_out, read_frames, read_packets
from pipeline.media.command import Wanted, Written, decoding_command, loudness_lufs, true_peak_dbtp
from pipeline.media.mix import Mixed, mix
from pipeline.media.sandbox.client import Ending, decoder
from pipeline.media.sandbox.server import EXECUTE
from pipeline.records import Decibels, Seconds
from pipeline.study import files

DEADLINE_BASE_S = 30.0  # of reading a file: this and a multiple of the clip's length, at most the cap
DEADLINE_PER_SECOND = 4.0
DEADLINE_CAP_S = 300.0
ENCODER_SLACK_S = 0.1  # encoder delay and padding, which decoders take away
FULL_SCALE = 32_768
#: Containers without timestamps, as libav names them.
UNTIMED = frozenset(
    ["aac", "ac3", "aiff", "amr", "ape", "au", "caf", "eac3", "flac", "mp3", "tta", "voc", "w64", "wav", "wv"]
)
#: Containers whose clock begins at 0 whatever their first timestamp is, as libav names them; others begin with it.
CLOCKED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
LATEST_START_S = 30.0  # what begins later is a piece of a longer recording, with the clock of that
MAX_CHANNELS = 8
MAX_PEAK_DBTP = 12.0  # encoders overshoot full scale by some dB; damaged packets decode to any number
OLDEST = 6  # version of ffmpeg: the first that writes the times of frames (-stats_enc_pre)
MIN_SOURCE_RATE, MAX_SOURCE_RATE = 4_000, 192_000  # Hz: telephones sample at 8 kHz, studios at 192 kHz
MESSAGE_CHARACTERS = 200
SPARE_BYTES = 1 << 20  # ffmpeg compares the size with its cap after a write, so the file can exceed it
#: All reasons that a sandbox may return: it has read an untrusted file, and others could end the run or hide the clip.
REFUSALS = frozenset({Reason.NOT_MEDIA})
#: Signals of a crash, which a malformed file can cause.
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})

Length = Annotated[Seconds, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One track of sound, as the headers of its file declare it."""

    number: Annotated[int, Field(ge=0)]  # among the file's tracks of sound, from 0
    codec: str
    sample_rate: int
    channels: int
    stated_s: Length | None  # length by the file's own tables


@dataclass(frozen=True, slots=True)
class Probe:
    """What the headers of a media file declare, before anything is decoded."""

    container: str
    start_s: Annotated[Seconds, Field(allow_inf_nan=False)]  # first timestamp of any stream
    duration_s: Length | None
    video_codec: str | None
    width: int | None
    height: int | None
    audio_tracks: Annotated[int, Field(ge=0)]
    tracks: tuple[SoundTrack, ...]  # those that can be decoded, in the order in which players take them

    @property
    def clock_start_s(self) -> Seconds:
        """The first timestamp on the clock of players: 0, unless a file with a clock of its own begins later."""
        return self.start_s if self.container in CLOCKED and 0 < self.start_s <= LATEST_START_S else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What demuxing and decoding a file to its end showed."""

    reach_s: Length  # end of the last packet of any stream
    has_audio: bool
    audio_s: Length = 0.0  # sum of what could be decoded, gaps left out
    promised_audio_s: Length | None = None  # what the file's own tables state


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """What decoding measured, loudness at the source's own rate and channels (EBU R128)."""

    duration_s: Seconds  # from the beginning of the clip to the end of its sound
    timeline: SoundTimeline
    decoded_ratio: float | None  # of the track, holes without packets aside, 0–1
    mix: str
    correlation: float | None
    peak: float  # 0–1, of what was decoded
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
    """First line of `ffmpeg -version`; part of fingerprints, because versions decode some samples differently.

    `UserError` for one that cannot tell when each frame is heard.
    """
    answer = subprocess.run([ffmpeg_path(named), "-version"], capture_output=True, text=True, timeout=20, check=True)
    version = answer.stdout.splitlines()[0].split(" Copyright")[0].removeprefix("ffmpeg version ")
    numbered = re.match(r"n?(\d+)\.", version, re.ASCII)
    if numbered and int(numbered[1]) < OLDEST:
        raise UserError(
            f"the ffmpeg {named} is version {version}, and {OLDEST} is the oldest that serves: name a newer one, or "
            "leave out the key `ffmpeg` to use the pinned one"
        )
    return version


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
    """Demux everything and decode the track that players take; `StageError` if it is not media, or takes too long.

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
    loudness: bool = True,
    probed: Probe | None = None,
    track: SoundTrack | None = None,
) -> DecodedAudio:
    """Decode a track of sound to a mono 16 kHz 16-bit WAV file, and measure its `loudness` on the way.

    The file begins when the clip does: sound that starts late, and holes in it, are silence. The track is the one that
    players take, unless one is named. Writes a temporary file and renames it, so that `target` is whole or absent.
    `StageError` with a reason when ffmpeg fails, gives nothing, or the clip is longer than `max_duration_s`. The
    deadline follows from the declared length, if there is one.
    """
    probed = probe(path) if probed is None else probed
    track = next(iter(probed.tracks), None) if track is None else track
    if track is None:
        raise StageError(Reason.NO_AUDIO, f"{path.name} has no audio track")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = Written.beside(target)
    has_picture = bool(probed.video_codec and probed.width)
    wanted = Wanted(track.number, track.channels, has_picture, probed.clock_start_s, max_duration_s, loudness)
    expected_s = max_duration_s if probed.duration_s is None else min(probed.duration_s, max_duration_s)
    try:
        command = decoding_command(ffmpeg_path(ffmpeg), path, written, wanted)
        ending = _run_in_sandbox(path, EXECUTE, command, deadline_s(expected_s), wanted.max_bytes)
        _check_log(ending, path, target.parent, wanted.max_bytes)
        timeline, mixed, ratio = _in_time(path, written, max_duration_s, probed.container, track)
        write_audio(written.part, timeline.place(mixed.samples))
        files.put(written.part, target)
    finally:
        written.remove()
    loudest = int(np.abs(mixed.samples.astype(np.int32)).max()) / FULL_SCALE
    length_s, levels = timeline.length / SAMPLE_RATE, _levels(ending.output)
    return DecodedAudio(length_s, timeline, ratio, mixed.name, mixed.correlation, loudest, *levels)


def _levels(output: str) -> tuple[float | None, Decibels | None]:
    """Loudness and true peak as ffmpeg measured them; both None for what no encoder would give."""
    peak = true_peak_dbtp(output)
    return (loudness_lufs(output), peak) if peak is not None and peak <= MAX_PEAK_DBTP else (None, None)


def _in_time(
    path: Path, written: Written, max_duration_s: Seconds, container: str, track: SoundTrack
) -> tuple[SoundTimeline, Mixed, float | None]:
    """The samples that ffmpeg wrote as one channel, when they are heard, and how much of the track they are."""
    try:
        frames, packets = read_frames(written.frames), read_packets(written.packets)
        samples = np.fromfile(written.samples, dtype="<i2") if written.samples.is_file() else np.empty(0, "<i2")
        count = sum(length for _, length in frames)
        if samples.size == 0 or count == 0:
            raise StageError(Reason.NOT_MEDIA, f"{path.name} has an audio track, but nothing of it can be decoded")
        timeline = lay_out(in_a_row(frames) if container in UNTIMED else frames, packets)
        if max(count, timeline.length) > max_duration_s * SAMPLE_RATE:
            raise StageError(Reason.TOO_LONG, f"{path.name} is longer than {max_duration_s:g} s")
        mixed = mix(samples.reshape(count, -1))
    except ValueError as error:
        raise StageError(Reason.NOT_MEDIA, f"ffmpeg gives no times for the sound of {path.name}") from error
    return timeline, mixed, _decoded_ratio(count / SAMPLE_RATE, timeline, packets, track)


def _decoded_ratio(
    decoded_s: Seconds, timeline: SoundTimeline, packets: Sequence[Packet], track: SoundTrack
) -> float | None:
    """How much of a track was decoded, 0–1, by its own length; what its file holds no packets for is not part of it."""
    spanned_s = max(map(sum, packets), default=0.0) - min((start for start, _ in packets), default=0.0)
    track_s = (track.stated_s or spanned_s) - timeline.without_packets_s
    if track_s <= 0:
        return None
    return 1.0 if decoded_s >= track_s - ENCODER_SLACK_S else decoded_s / track_s


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
    if -ending.code == getattr(signal, "SIGXFSZ", None):
        raise StageError(Reason.NOT_MEDIA, f"{path.name} decodes to more than any clip needs")
    if -ending.code in CRASHES:
        name = signal.Signals(-ending.code).name
        raise StageError(Reason.NOT_MEDIA, f"{path.name} is so broken that the process that reads it crashes ({name})")
    if ending.code < 0:
        raise StageError(Reason.WORKER_DIED, f"the process that reads {path.name} was ended by signal {-ending.code}")
    return ending


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
