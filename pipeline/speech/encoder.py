"""Speech encoders: what the middle of a speech model knows of a stretch of speech, pooled over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.media import SAMPLE_RATE, Waveform
from pipeline.records import Decibels
from pipeline.speech.ct2_weights import openai_checkpoint

if TYPE_CHECKING:
    from torch import Tensor

FRAME_SAMPLES = 320  # one encoder frame: a hop of 160 samples, then a stride of 2; 20 ms
MIN_SAMPLES = 2 * FRAME_SAMPLES  # 40 ms; less has no spread over time
LEVEL_DBFS: Decibels = -23.0  # root mean square that every waveform is brought to
TONE_BLOCKS = (3,)  # words live at the end of the encoder, tone in its middle
PADDING_SAMPLES = 1 * SAMPLE_RATE  # silence after each window, which the encoder is used to hear after speech
WINDOW_SAMPLES = 30 * SAMPLE_RATE - PADDING_SAMPLES  # the encoder knows 1,500 positions: 30 s
QUIETER_SHARE = 0.4  # of the frames, which the second mean leaves out: pauses, breath, what lies behind a voice


class SpeechEncoder(Protocol):
    """Anything that turns speech into one vector; it is built once in a worker and called many times."""

    name: str  # the encoder and the blocks that are pooled, as stored in `speech_embeddings`
    dims: int

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """Speech `(time,)` at 16 kHz, trimmed by the caller, to a vector `(dims,)`; `ValueError` if it cannot be."""


class WhisperEncoder:
    """Means over time of some blocks of Whisper's encoder (Radford et al. 2022), in float32.

    Each block gives the mean over all frames of the speech, then the mean over its louder frames. Only the blocks that
    are needed are built. The speech is brought to one level and followed by 1 s of silence, not by 30 s; frames of
    the silence are left out. Longer speech is encoded in windows and pooled over all of them.
    """

    def __init__(self, folder: Path, blocks: tuple[int, ...] = TONE_BLOCKS) -> None:
        """Build from a faster-whisper model folder; `blocks` counts from 1: 3 is the output of the third block."""
        import torch
        from whisper.model import AudioEncoder

        torch.set_num_threads(1)  # one thread a worker: no fighting over cores, and sums in the same order
        checkpoint = openai_checkpoint(folder)
        dims, layers = checkpoint["dims"], max(blocks)
        if min(blocks) < 1 or layers > dims["n_audio_layer"]:
            raise ValueError(f"blocks {blocks} are not all within 1 to {dims['n_audio_layer']}")
        self.name = f"whisper-base/blocks-{'-'.join(str(block) for block in blocks)}/mean-louder"
        self.dims = 2 * dims["n_audio_state"] * len(blocks)
        self._blocks = blocks
        self._mels: int = dims["n_mels"]
        self._encoder = AudioEncoder(
            self._mels, dims["n_audio_ctx"], dims["n_audio_state"], dims["n_audio_head"], layers
        ).eval()
        wanted = self._encoder.state_dict().keys()
        state = checkpoint["model_state_dict"]
        self._encoder.load_state_dict({name: state[f"encoder.{name}"] for name in wanted})

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """Speech `(time,)` to `(dims,)`: mean over all frames, then over the louder ones, of each block in turn.

        Raises `ValueError` for less than `MIN_SAMPLES` and for digital silence, which has no level.
        """
        import torch

        level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) if waveform.size else 0.0
        if waveform.size < MIN_SAMPLES or level == 0.0:
            raise ValueError(f"no embedding of {waveform.size} samples at a level of {level:g}")
        levelled = waveform * np.float32(10 ** (LEVEL_DBFS / 20) / level)
        windows = [levelled[start : start + WINDOW_SAMPLES] for start in range(0, levelled.size, WINDOW_SAMPLES)]
        with torch.inference_mode():
            encoded = [self._encode(window) for window in windows if window.size >= MIN_SAMPLES]
            loudness = torch.cat([loudness for _, loudness in encoded])
            louder = loudness >= torch.quantile(loudness, QUIETER_SHARE)
            pooled: list[Tensor] = []
            for block in range(len(self._blocks)):
                frames = torch.cat([outputs[block] for outputs, _ in encoded])
                pooled += [frames.mean(0), frames[louder].mean(0)]
            embedding: NDArray[np.float32] = torch.cat(pooled).numpy()
        return embedding

    def _encode(self, window: Waveform) -> tuple[list[Tensor], Tensor]:
        """Output of each wanted block, `(frames, width)`, of one window of speech, and how loud each frame is."""
        import torch
        from torch.nn.functional import gelu
        from whisper.audio import log_mel_spectrogram

        speech_frames = window.size // FRAME_SAMPLES
        padded = np.pad(window[: speech_frames * FRAME_SAMPLES], (0, PADDING_SAMPLES))
        encoder = self._encoder
        mel = log_mel_spectrogram(torch.from_numpy(padded), self._mels)
        frames = gelu(encoder.conv2(gelu(encoder.conv1(mel[None])))).permute(0, 2, 1)
        frames = frames + encoder.positional_embedding[: frames.shape[1]]
        outputs: dict[int, Tensor] = {}
        for number, block in enumerate(encoder.blocks, start=1):
            frames = block(frames)
            outputs[number] = frames[0, :speech_frames]
        loudness = mel[:, : 2 * speech_frames].mean(0).reshape(speech_frames, 2).mean(1)  # two of mel, one encoded
        return [outputs[number] for number in self._blocks], loudness
