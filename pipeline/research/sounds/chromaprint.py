"""Chromaprint (Lalinsky 2010), as the pinned ffmpeg makes it, to compare with: how alike two recordings are by it."""

from __future__ import annotations

import subprocess

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.media.ffmpeg import ffmpeg_path

BITS = 32
LEAST_OVERLAP = 16  # words of 0.124 s: two seconds
DEADLINE_S = 60.0

Print = NDArray[np.uint32]


def chromaprint_of(waveform: Waveform) -> Print:
    """The raw fingerprint, a word every 0.124 s; `UserError` where this ffmpeg cannot make it."""
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    argv = [
        ffmpeg_path(),
        "-hide_banner",
        "-v",
        "error",
        *raw,
        "-i",
        "pipe:",
        "-f",
        "chromaprint",
        "-fp_format",
        "raw",
        "-",
    ]
    done = subprocess.run(argv, input=waveform.tobytes(), capture_output=True, timeout=DEADLINE_S, check=False)
    if done.returncode != 0:
        raise UserError(f"this ffmpeg makes no Chromaprint: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")
    return np.frombuffer(done.stdout, dtype="<u4").astype(np.uint32)


def likeness(one: Print, other: Print) -> float:
    """The share of equal bits where the two lie best on each other, 0.5 by chance; 0 if they are too short."""
    least = max(1, min(LEAST_OVERLAP, one.size, other.size))
    best = 0.0
    for offset in range(least - other.size, one.size - least + 1):
        start, end = max(0, offset), min(one.size, offset + other.size)
        if end - start >= max(least, min(one.size, other.size) // 2):
            different = np.bitwise_count(one[start:end] ^ other[start - offset : end - offset]).mean()
            best = max(best, 1 - float(different) / BITS)
    return best
