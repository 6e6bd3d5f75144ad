"""The decoded audio of a clip: a mono 16 kHz WAV file, read as a waveform."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Samples of mono speech between -1 and 1, shape `(time,)`, float32.
Waveform = NDArray[np.float32]

SAMPLE_RATE = 16_000  # Hz, what every speech model here was trained on
BYTES_PER_SAMPLE = 2  # 16-bit integers
WAV_HEADER_BYTES = 44


def read_audio(path: Path) -> Waveform:
    """Read the WAV file that `decode` wrote: shape `(time,)`, 16 kHz, float32 between -1 and 1."""
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE, 1, BYTES_PER_SAMPLE):
            raise ValueError(f"{path.name} is not mono 16 kHz 16-bit")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float32) / 32768.0


def write_audio(path: Path, samples: NDArray[np.int16]) -> None:
    """Write samples of shape `(time,)`, 16 kHz, as a mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
