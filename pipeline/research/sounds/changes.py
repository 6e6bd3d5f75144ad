"""What happens to a sound on its way from one clip to the next."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

import numpy as np

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.media.ffmpeg import ffmpeg_path
from pipeline.records import Decibels
from pipeline.research.starter.codecs import AAC_64, round_trip

CUT_S = 5
DEADLINE_S = 60.0
FACTORS = (0.9, 0.95, 0.98, 1.02, 1.05, 1.1)

Change = Callable[[Waveform, Waveform], Waveform]  # of a sound, and a voice that may be laid over it


def over(sound: Waveform, other: Waveform, decibels: Decibels) -> Waveform:
    """Another sound over the first, so many dB louder, as long as the first."""
    laid = np.resize(other, sound.size)
    gain = np.sqrt(np.mean(sound**2) / np.mean(laid**2)) * 10 ** (decibels / 20)
    return np.asarray(sound + gain * laid, dtype=np.float32)


def aac(sound: Waveform) -> Waveform:
    """Through aac at 64 kbit/s."""
    return round_trip([sound], AAC_64)[0]


def cut(sound: Waveform) -> Waveform:
    """Five seconds from the middle."""
    middle = sound.size // 2
    return sound[middle : middle + CUT_S * SAMPLE_RATE]


def filtered(sound: Waveform, graph: str) -> Waveform:
    """Through a filter of ffmpeg; `UserError` when it cannot."""
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    argv = [ffmpeg_path(), "-hide_banner", "-v", "error", *raw, "-i", "pipe:", "-af", graph, *raw, "pipe:"]
    done = subprocess.run(argv, input=sound.tobytes(), capture_output=True, timeout=DEADLINE_S, check=False)
    if done.returncode != 0:
        raise UserError(f"ffmpeg cannot filter with {graph}: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")
    return np.frombuffer(done.stdout, dtype="<f4").astype(np.float32)


def speed(factor: float) -> str:
    """Tempo and pitch together, as a tape does."""
    return f"asetrate={round(SAMPLE_RATE * factor)},aresample={SAMPLE_RATE}"


def pitch(factor: float) -> str:
    """Another pitch at the same tempo."""
    return f"{speed(factor)},atempo={1 / factor:.6f}"


def _white(sound: Waveform) -> Waveform:
    rng = np.random.default_rng(sound.view(np.uint32))  # of each sound its own: what is shared would be found
    return rng.standard_normal(sound.size).astype(np.float32)


def _by(graph: str) -> Change:
    return lambda sound, _: filtered(sound, graph)


#: By name, in the order of the table.
CHANGES: Mapping[str, Change] = {
    "none": lambda sound, _: sound,
    "begins 3.21 s later": lambda sound, _: sound[round(3.21 * SAMPLE_RATE) :],
    "20 dB quieter": lambda sound, _: np.asarray(0.1 * sound, dtype=np.float32),
    "aac 64 kbit/s": lambda sound, _: aac(sound),
    "white noise, 5 dB lower": lambda sound, _: over(sound, _white(sound), -5),
    "a voice, 5 dB lower": lambda sound, voice: over(sound, voice, -5),
    "a voice, as loud": lambda sound, voice: over(sound, voice, 0),
    "a voice, 5 dB louder": lambda sound, voice: over(sound, voice, 5),
    "cut to 5 s": lambda sound, _: cut(sound),
    "cut to 5 s, aac": lambda sound, _: aac(cut(sound)),
    "cut to 5 s, a voice as loud, aac": lambda sound, voice: aac(over(cut(sound), voice, 0)),
    **{f"speed {100 * (factor - 1):+.0f} %": _by(speed(factor)) for factor in FACTORS},
    **{f"tempo {100 * (factor - 1):+.0f} %": _by(f"atempo={factor}") for factor in FACTORS},
    **{f"pitch {100 * (factor - 1):+.0f} %": _by(pitch(factor)) for factor in FACTORS},
}
