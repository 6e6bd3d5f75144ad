"""YAMNet (Plakal and Ellis 2020): 521 AudioSet classes from windows of 0.96 s, quantised, through ONNX Runtime."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.tags import TagScores
from pipeline.media.audio import SAMPLE_RATE, Waveform

# Front end of YAMNet and VGGish (Hershey et al. 2017)
FRAME_SAMPLES = SAMPLE_RATE * 25 // 1000  # 400, 25 ms
HOP_SAMPLES = SAMPLE_RATE * 10 // 1000  # 160, 10 ms
FFT_SAMPLES = 512  # the next power of two
MEL_BANDS = 64
MEL_LOW_HZ, MEL_HIGH_HZ = 125.0, 7500.0
LOG_OFFSET = 0.001
PATCH_FRAMES = 96  # 0.96 s
PATCH_HOP_FRAMES = 48  # 0.48 s
PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP_SAMPLES + FRAME_SAMPLES  # 15,600

# Quantisation of the pinned model file: real value = scale * (integer - zero). The input's smallest value is
# -144 * 0.0479 = -6.90 = ln(LOG_OFFSET).
INPUT_SCALE, INPUT_ZERO = 0.047937885, 144
OUTPUT_SCALE, OUTPUT_ZERO = 0.7565417, 190


class Yamnet:
    """The tagger; `folder` holds model.onnx, model.data and yamnet_class_map.csv."""

    name = "yamnet"

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        with (folder / "yamnet_class_map.csv").open(encoding="utf-8", newline="") as file:
            self._labels = tuple(line["display_name"] for line in csv.DictReader(file))
        self._mel = mel_weights()

    def tag(self, waveform: Waveform) -> TagScores:
        """Scores of a waveform of shape `(time,)` at 16 kHz; one shorter than a window is padded with silence."""
        padded = np.pad(waveform, (0, max(0, PATCH_SAMPLES - waveform.size)))
        frames = log_mel(padded, self._mel)
        starts = _patch_starts(len(frames))
        logits = np.stack([self._logits(frames[start : start + PATCH_FRAMES]) for start in starts])
        return TagScores(
            labels=self._labels,
            scores=(1.0 / (1.0 + np.exp(-logits))).astype(np.float32),
            starts_s=tuple(start * HOP_SAMPLES / SAMPLE_RATE for start in starts),
            window_s=PATCH_SAMPLES / SAMPLE_RATE,
        )

    def _logits(self, patch: NDArray[np.float64]) -> NDArray[np.float64]:
        quantised = np.clip(np.round(patch / INPUT_SCALE + INPUT_ZERO), 0, 255).astype(np.uint8)
        (scores,) = self._session.run(None, {"audio": quantised[np.newaxis, np.newaxis]})
        logits: NDArray[np.float64] = OUTPUT_SCALE * (scores[0].astype(np.float64) - OUTPUT_ZERO)
        return logits


def log_mel(waveform: Waveform, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of mel magnitudes (not powers), shape `(frames, 64)`: periodic Hann window, no centring."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, FRAME_SAMPLES)[::HOP_SAMPLES]
    magnitudes = np.abs(np.fft.rfft(frames * window, FFT_SAMPLES))
    bands: NDArray[np.float64] = np.log(magnitudes @ weights + LOG_OFFSET)
    return bands


def mel_weights() -> NDArray[np.float64]:
    """Triangles on the HTK mel scale, shape `(257, 64)`, as TensorFlow's `linear_to_mel_weight_matrix` draws them."""
    mels = _hertz_to_mel(np.linspace(0.0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1))[:, np.newaxis]
    edges = np.linspace(_hertz_to_mel(np.array(MEL_LOW_HZ)), _hertz_to_mel(np.array(MEL_HIGH_HZ)), MEL_BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles: NDArray[np.float64] = np.minimum((mels - low) / (centre - low), (high - mels) / (high - centre))
    triangles = np.maximum(triangles, 0.0)
    triangles[0] = 0.0  # the constant part of the signal belongs to no band
    return triangles


def _hertz_to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hertz / 700.0)


def _patch_starts(frames: int) -> list[int]:
    """First frame of each window: every 0.48 s, and one flush with the end so that the tail is heard too."""
    last = frames - PATCH_FRAMES
    steps = math.ceil(last / PATCH_HOP_FRAMES)
    return [min(step * PATCH_HOP_FRAMES, last) for step in range(steps + 1)]
