"""Sound for people to listen to in any browser: MP3, or WAV where ffmpeg cannot write it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform, write_audio
from pipeline.media.ffmpeg import ffmpeg_path

BIT_RATE = "48k"  # of mono speech at 16 kHz
LIMIT_S = 120


def write_playable(stem: Path, waveform: Waveform) -> Path:
    """Write a waveform, mono 16 kHz, shape `(time,)`, as `stem` with .mp3 or .wav behind it; returns the file."""
    samples = (np.clip(waveform, -1, 1) * 32767).astype("<i2")
    target = stem.with_name(f"{stem.name}.mp3")
    command = [
        ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1",
        "-i", "pipe:0", "-map_metadata", "-1", "-c:a", "libmp3lame", "-b:a", BIT_RATE, str(target),
    ]  # fmt: skip
    ended = subprocess.run(command, input=samples.tobytes(), capture_output=True, timeout=LIMIT_S, check=False)
    if ended.returncode == 0:
        return target
    target.unlink(missing_ok=True)
    target = target.with_suffix(".wav")
    write_audio(target, samples)
    return target
