"""Less padding: on a short clip most of an encoder's work is silence up to 30 s.

Some silence must stay, or the decoder loops; of the silence that was encoded, the decoder needs only a part. What it
sees is rounded up to a few lengths, since only windows of one length can be decoded together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pipeline.analysis.speech.engine import FRAMES_PER_SECOND
from pipeline.records import Seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH_STEP_S: Seconds = 5.0  # between two lengths: finer steps leave few windows alike, coarser ones add silence
SILENCE_BELOW = 2.0  # Whisper's spectrogram is cut 8 decades below its loudest value, and scaled by 4


def padded(window: NDArray[np.float32], encoded_s: Seconds, seen_s: Seconds, longest: int) -> NDArray[np.float32]:
    """A window `(mels, frames)` with `encoded_s` of silence after it, or more where the decoder sees more.

    faster-whisper pads the spectrogram with zeros, which is a hiss; Whisper was trained on the spectrogram of silence.
    """
    size = window.shape[1]
    wanted = size + round(encoded_s * FRAMES_PER_SECOND)
    kept = min(longest, max(wanted, seen_frames(size, seen_s, longest)))
    silence = window.max() - SILENCE_BELOW
    return np.pad(window, ((0, 0), (0, kept - size)), constant_values=silence)


def seen_frames(size: int, seen_s: Seconds, longest: int) -> int:
    """How many frames the decoder sees of a window with `size` frames of sound and at least `seen_s` of silence."""
    step = round(LENGTH_STEP_S * FRAMES_PER_SECOND)
    return min(longest, math.ceil((size + seen_s * FRAMES_PER_SECOND) / step) * step)
