"""Whisper with less work: a window is encoded once, and not padded to 30 s.

Most of what an encoder does on a short clip is silence up to 30 s; some silence must stay, or the decoder loops. The
saving is guarded: a window whose text loops or is improbable is padded to the end and decoded again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.speech.engine import FRAMES_PER_SECOND, Decoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: What faster-whisper calls a decoding: the result, its mean log probability, its temperature, its compression.
    Decoded = tuple[Any, float, float, float]

STRIDE = 2  # frames of the spectrogram for one of the encoder
SILENCE_BELOW = 2.0  # Whisper's spectrogram is cut 8 decades below its loudest value, and scaled by 4


@cache
def model_class() -> type[Any]:
    """The class `ThriftyModel`, made at first use because importing faster-whisper takes time."""
    from faster_whisper import WhisperModel

    class ThriftyModel(WhisperModel):  # type: ignore[misc]  # it has no types
        """faster-whisper's model; `decoding` says how much of the padding it keeps."""

        decoding: Decoding
        _last: tuple[NDArray[np.float32], Any] | None = None  # a window, and what the encoder made of it
        _whole: NDArray[np.float32]  # the same window with all of its padding

        def encode(self, features: NDArray[np.float32]) -> Any:
            """Encode a window `(mels, frames)`; the last one is remembered, since language and text both ask for it."""
            window = padded(features, self.decoding.padding_s)
            if self._last is None or not np.array_equal(window, self._last[0]):
                self._last = (window, super().encode(window))
            self._whole = features
            return self._last[1]

        def generate_with_fallback(self, encoded: Any, prompt: list[int], tokenizer: Any, options: Any) -> Decoded:
            """Decode a window; one whose text goes wrong is encoded with all of its padding and decoded again."""
            found: Decoded = super().generate_with_fallback(encoded, prompt, tokenizer, options)
            if self.decoding.padding_s is None or self._sound(found):
                return found
            whole = super().encode(padded(self._whole, None))
            again: Decoded = super().generate_with_fallback(whole, prompt, tokenizer, options)
            return again

        def _sound(self, decoded: Decoded) -> bool:
            """Whether neither of Whisper's alarms rings: a text that loops, and one that is improbable."""
            _, logprob, _, compression = decoded
            return (
                compression <= self.decoding.compression_ratio_threshold and logprob >= self.decoding.log_prob_threshold
            )

    return ThriftyModel


def padded(features: NDArray[np.float32], padding_s: float | None) -> NDArray[np.float32]:
    """A window `(mels, frames)` with so much of its padding at most, None keeping all of it, and that as silence.

    faster-whisper pads the spectrogram with zeros, which is a hiss; Whisper was trained on the spectrogram of silence.
    """
    sounding = np.flatnonzero(features.any(axis=0))
    end = int(sounding[-1]) + 1 if sounding.size else 0
    frames = (
        features.shape[1] if padding_s is None else min(features.shape[1], end + round(padding_s * FRAMES_PER_SECOND))
    )
    window = features[:, : frames + frames % STRIDE].copy()
    window[:, end:] = features.max() - SILENCE_BELOW
    return window
