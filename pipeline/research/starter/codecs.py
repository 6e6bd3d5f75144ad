"""Speech after it was encoded and decoded again, by the pinned ffmpeg."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.media.ffmpeg import ffmpeg_path
from pipeline.records import Hertz, Seconds

GAP_S: Seconds = 0.25  # between two utterances of one file: codecs look ahead and remember
DEADLINE_S: Seconds = 300.0  # for minutes of speech that take seconds


@dataclass(frozen=True, slots=True)
class Codec:
    """One way to encode, in ffmpeg's words."""

    encoder: str
    suffix: str  # of a file, which names the container
    sample_rate: Hertz
    bit_rate: str


AAC_64 = Codec("aac", "m4a", 44_100, "64k")
AAC_32 = Codec("aac", "m4a", 44_100, "32k")
MP3_32 = Codec("libmp3lame", "mp3", 22_050, "32k")
OPUS_16 = Codec("libopus", "ogg", 16_000, "16k")
AMR_12 = Codec("libopencore_amrnb", "amr", 8_000, "12.2k")  # a telephone: 8 kHz


def round_trip(waveforms: Sequence[Waveform], codec: Codec) -> list[Waveform]:
    """Each waveform `(time,)` at 16 kHz, encoded and decoded, of its own length; all in one file, so in one go.

    Raises `UserError` when ffmpeg cannot do it.
    """
    gap = np.zeros(round(GAP_S * SAMPLE_RATE), dtype=np.float32)
    whole = np.concatenate([part for waveform in waveforms for part in (waveform, gap)]).astype("<f4")
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / f"speech.{codec.suffix}")
        encoding = ["-ar", str(codec.sample_rate), "-c:a", codec.encoder, "-b:a", codec.bit_rate, "-threads", "1"]
        _ffmpeg([*raw, "-i", "pipe:", *encoding, file], whole.tobytes(), codec)
        decoded = np.frombuffer(_ffmpeg(["-i", file, *raw, "pipe:"], b"", codec), dtype="<f4")
    decoded = np.pad(decoded, (0, max(0, whole.size - decoded.size)))  # the last frame may be cut short
    ends = np.cumsum([waveform.size + gap.size for waveform in waveforms])
    return [
        decoded[end - gap.size - waveform.size : end - gap.size].astype(np.float32)
        for waveform, end in zip(waveforms, ends, strict=True)
    ]


def _ffmpeg(arguments: Sequence[str], given: bytes, codec: Codec) -> bytes:
    argv = [ffmpeg_path(), "-nostdin" if not given else "-hide_banner", "-v", "error", *arguments]
    done = subprocess.run(argv, input=given, capture_output=True, timeout=DEADLINE_S, check=False)
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UserError(f"ffmpeg cannot encode and decode with {codec.encoder}: {' '.join(last)[:200]}")
    return done.stdout
