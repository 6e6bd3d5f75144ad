"""AST, the Audio Spectrogram Transformer (Gong et al. 2021): 527 AudioSet classes from windows of ten seconds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models.torchaudio_cpu import make_importable
from pipeline.analysis.sound.tags import TagScores
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

WINDOW_S: Seconds = 10.0  # the length of AudioSet's clips, on which it was trained
HOP_S: Seconds = 2.0
WINDOW_SAMPLES = round(WINDOW_S * SAMPLE_RATE)
HOP_SAMPLES = round(HOP_S * SAMPLE_RATE)
FRAME_SAMPLES = SAMPLE_RATE * 25 // 1000  # 400, the least that its filter bank can work on


class Ast:
    """The tagger; `folder` holds config.json, preprocessor_config.json and model.safetensors."""

    name = "ast"

    def __init__(self, folder: Path) -> None:
        make_importable()  # transformers imports torchaudio wherever it is installed
        from transformers import ASTFeatureExtractor, ASTForAudioClassification

        self._features = ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
        self._model = ASTForAudioClassification.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self._model.eval()
        names = self._model.config.id2label
        self._labels = tuple(names[index] for index in range(len(names)))

    def tag(self, waveform: Waveform) -> TagScores:
        """Scores of a waveform of shape `(time,)` at 16 kHz; the model pads what is shorter than ten seconds."""
        starts = _window_starts(waveform.size)
        return TagScores(
            labels=self._labels,
            scores=np.stack([self._scores(waveform[start : start + WINDOW_SAMPLES]) for start in starts]),
            starts_s=tuple(start / SAMPLE_RATE for start in starts),
            window_s=min(WINDOW_S, max(waveform.size, 1) / SAMPLE_RATE),
        )

    def _scores(self, waveform: Waveform) -> NDArray[np.float32]:
        """Probability of each class in one window, shape `(classes,)`: classes do not exclude each other."""
        import torch

        padded = np.pad(waveform, (0, max(0, FRAME_SAMPLES - waveform.size)))
        features = self._features(padded, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(features["input_values"]).logits[0]
        scores: NDArray[np.float32] = torch.sigmoid(logits).numpy()
        return scores


def _window_starts(samples: int) -> list[int]:
    """First sample of each window: every two seconds, and one flush with the end."""
    last = max(0, samples - WINDOW_SAMPLES)
    steps = math.ceil(last / HOP_SAMPLES)
    return [min(step * HOP_SAMPLES, last) for step in range(steps + 1)]
