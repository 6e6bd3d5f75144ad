"""Speech encoders: what the first blocks of a speech model know of a stretch of speech, pooled over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.speech.truncated_encoder import truncated
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels

FRAME_SAMPLES = 320  # one encoder frame: a hop of 160 samples, then a stride of 2; 20 ms
MIN_SAMPLES = 2 * FRAME_SAMPLES  # 40 ms; less has no spread over time
LEVEL_DBFS: Decibels = -23.0  # root mean square that every waveform is brought to
TONE_BLOCK = 2  # words live at the end of the encoder; tone that holds on other corpora lives in its first blocks
PADDING_SAMPLES = 1 * SAMPLE_RATE  # silence after each window, as the encoder was trained with
WINDOW_SAMPLES = 30 * SAMPLE_RATE - PADDING_SAMPLES  # the encoder knows 1,500 positions: 30 s
QUIETER_SHARE = 0.4  # of the frames, which the second mean leaves out: pauses, breath, what lies behind a voice


class SpeechEncoder(Protocol):
    """Anything that turns speech into one vector; it is built once in a worker and called many times."""

    name: str  # the encoder and the block that is pooled, as stored in `speech_embeddings`
    dims: int

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """Speech `(time,)` at 16 kHz, trimmed by the caller, to a vector `(dims,)`; `ValueError` if it cannot be."""


class WhisperEncoder:
    """Means over time of one of the first blocks of Whisper's encoder (Radford et al. 2022), in float32.

    The block gives the mean over all frames of the speech, each normed to mean 0 and deviation 1, then the mean over
    its louder frames. The speech is brought to one level and followed by 1 s of silence, not by 30 s; frames of the
    silence are left out. Longer speech is encoded in windows and pooled over all of them. In int8 the numbers would
    depend on the processor: where it has no VNNI instructions, sums of products saturate.
    """

    def __init__(self, folder: Path, block: int = TONE_BLOCK) -> None:
        """Build from a faster-whisper model folder; `block` counts from 1: 2 is the output of the second block."""
        import ctranslate2
        from faster_whisper.feature_extractor import FeatureExtractor

        self._model = ctranslate2.models.Whisper(
            str(truncated(folder, block)), device="cpu", compute_type="float32", intra_threads=1, inter_threads=1
        )
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self.name = f"whisper-base/block-{block}/float32/normed/mean-louder"
        self.dims = 2 * self._encode(np.ones(MIN_SAMPLES, dtype=np.float32))[0].shape[1]

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """Speech `(time,)` to `(dims,)`: mean over all frames, then over the louder ones.

        Raises `ValueError` for less than `MIN_SAMPLES` and for digital silence, which has no level.
        """
        level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) if waveform.size else 0.0
        if waveform.size < MIN_SAMPLES or level == 0.0:
            raise ValueError(f"no embedding of {waveform.size} samples at a level of {level:g}")
        levelled = waveform * np.float32(10 ** (LEVEL_DBFS / 20) / level)
        windows = [levelled[start : start + WINDOW_SAMPLES] for start in range(0, levelled.size, WINDOW_SAMPLES)]
        encoded = [self._encode(window) for window in windows if window.size >= MIN_SAMPLES]
        frames = np.concatenate([frames for frames, _ in encoded])
        loudness = np.concatenate([loudness for _, loudness in encoded])
        louder = loudness >= np.quantile(loudness, QUIETER_SHARE)
        return np.concatenate([frames.mean(axis=0), frames[louder].mean(axis=0)])

    def _encode(self, window: Waveform) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Output of the block, `(frames, width)`, of one window of speech, and how loud each frame is."""
        import ctranslate2

        speech_frames = window.size // FRAME_SAMPLES
        padded = np.pad(window[: speech_frames * FRAME_SAMPLES], (0, PADDING_SAMPLES)).astype(np.float32)
        mel = self._features(padded, padding=0)
        given = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[np.newaxis]))
        output: Any = np.array(self._model.encode(given, to_cpu=True))
        # Two frames of the spectrogram make one of the encoder.
        loudness = mel[:, : 2 * speech_frames].mean(axis=0).reshape(speech_frames, 2).mean(axis=1)
        return output[0, :speech_frames].astype(np.float32), loudness.astype(np.float32)
