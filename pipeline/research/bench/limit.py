"""The least time to encode the speech of some clips: the encoder's arithmetic at this processor's own rate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.records import Seconds
from pipeline.research.bench.corpus import Reference

# Whisper base (Radford et al. 2022, table 1)
WIDTH, BLOCKS, MELS, KERNEL = 512, 6, 80, 3
FRAMES_PER_S = 50  # of the encoder
WINDOW_S: Seconds = 30.0
SIZE = 2048  # of the square matrices that are multiplied
ROUNDS = 5
GIGA = 1e9


@dataclass(frozen=True, slots=True)
class Limit:
    """The arithmetic of one encoding of all clips that hold speech, and how long it takes one core at best."""

    gflop: float  # each clip encoded once at its own length, without padding
    gflop_padded: float  # each 30 s window of it padded, as Whisper was trained
    gflop_per_s: float  # float32 matrix product on one thread, measured
    seconds: Seconds  # of one core, without padding


def encoder_gflop(seconds: Seconds) -> float:
    """Arithmetic of the encoder on one stretch of up to 30 s: convolutions, linear layers and attention."""
    frames = FRAMES_PER_S * seconds
    convolutions = 2 * KERNEL * WIDTH * frames * (2 * MELS + WIDTH)
    linear = BLOCKS * 24 * frames * WIDTH**2
    attention = BLOCKS * 4 * frames**2 * WIDTH
    return (convolutions + linear + attention) / GIGA


def limit_of(references: Sequence[Reference]) -> Limit:
    """The limit for the clips that hold speech."""
    windows = [length for one in references if one.text for length in _windows(one.seconds)]
    gflop, rate = sum(map(encoder_gflop, windows)), _gemm_rate()
    return Limit(gflop, len(windows) * encoder_gflop(WINDOW_S), rate, gflop / rate)


def _windows(seconds: Seconds) -> list[Seconds]:
    whole, rest = divmod(seconds, WINDOW_S)
    return [WINDOW_S] * int(whole) + ([rest] if rest else [])


def _gemm_rate() -> float:
    """GFLOP a second of one thread, the best of some rounds."""
    random = np.random.default_rng(0)
    first, second = (random.standard_normal((SIZE, SIZE), dtype=np.float32) for _ in range(2))
    best = 0.0
    with threadpool_limits(1):
        for _ in range(ROUNDS):
            began = time.perf_counter()
            _ = first @ second
            best = max(best, 2 * SIZE**3 / (time.perf_counter() - began) / GIGA)
    return best
