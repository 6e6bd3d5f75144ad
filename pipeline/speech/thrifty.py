"""Less padding: most of what an encoder does on a short clip is silence up to 30 s.

Some silence must stay, or the decoder loops. Windows are cut to a few lengths, since only windows of one length can be
decoded together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pipeline.records import Seconds
from pipeline.speech.engine import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH_STEP_S: Seconds = 5.0  # between two lengths of windows: finer ones are seldom alike, coarser ones mostly silence
SILENCE_BELOW = 2.0  # Whisper's spectrogram is cut 8 decades below its loudest value, and scaled by 4


def padded(window: NDArray[np.float32], padding_s: Seconds | None, longest: int) -> NDArray[np.float32]:
    """A window `(mels, frames)` with so much silence after it at least, None with silence up to `longest` frames.

    faster-whisper pads the spectrogram with zeros, which is a hiss; Whisper was trained on the spectrogram of silence.
    """
    size, step = window.shape[1], round(LENGTH_STEP_S * FRAMES_PER_SECOND)
    kept = math.inf if padding_s is None else math.ceil((size + padding_s * FRAMES_PER_SECOND) / step) * step
    silence = window.max() - SILENCE_BELOW
    return np.pad(window, ((0, 0), (0, int(min(longest, kept)) - size)), constant_values=silence)
