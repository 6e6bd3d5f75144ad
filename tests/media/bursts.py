"""Media whose bursts of tone have known times, in the containers that people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform
from tests.conftest import run_ffmpeg, write_wav

TIMES_S = (0.5, 2.0, 4.0, 6.5)  # when the bursts start in the sound that is encoded
BURST_S, LENGTH_S = 0.3, 8.0
PICTURE_S = 16
X264 = ("-c:v", "libx264", "-c:a", "aac")
#: By name: the ending of the file, and its codecs and options.
CONTAINERS = {
    "mp4": (".mp4", X264),
    "fragmented": (".mp4", (*X264, "-movflags", "frag_keyframe+empty_moov+default_base_moof")),
    "fragmented with edit lists": (".mp4", (*X264, "-movflags", "frag_keyframe+delay_moov")),
    "mov": (".mov", X264),
    "mkv": (".mkv", X264),
    "webm": (".webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")),
    "ts": (".ts", X264),
    "flv": (".flv", X264),
}


def bursts(rate: int = SAMPLE_RATE) -> Waveform:
    """The sound that is encoded, shape `(time,)`."""
    times = np.arange(round(LENGTH_S * rate)) / rate
    loud = np.any([(times >= start) & (times < start + BURST_S) for start in TIMES_S], axis=0)
    return (0.5 * loud * np.sin(2 * np.pi * 700 * times)).astype(np.float32)


def make(folder: Path, container: str, *, before: tuple[str, ...] = (), filters: str = "anull") -> Path:
    """A picture of 16 s with the bursts: `before` are options of the sound as an input, `filters` those on it."""
    suffix, codecs = CONTAINERS[container]
    sound = write_wav(folder / "bursts.wav", bursts(44_100), 44_100)
    path = folder / f"made{suffix}"
    picture = ("-f", "lavfi", "-i", f"color=black:s=64x64:r=25:d={PICTURE_S}")
    run_ffmpeg(*picture, *before, "-i", str(sound), "-map", "0:v", "-map", "1:a", "-af", filters, *codecs, str(path))
    return path


def onsets(waveform: Waveform) -> list[float]:
    """When bursts start in a decoded waveform, in s: loud after a silence of 0.25 s."""
    loud = np.flatnonzero(np.abs(waveform) > 0.1) / SAMPLE_RATE
    return [float(at) for at, last in zip(loud, [-1.0, *loud], strict=False) if at - last > 0.25]
