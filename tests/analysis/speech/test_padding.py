"""Less padding for the encoder, and one of a few lengths for the decoder."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.speech.padding import padded, seen_frames

LONGEST = 3000


def window(frames: int, loudest: float = 1.5) -> NDArray[np.float32]:
    """A spectrogram of so many frames."""
    return np.repeat(np.linspace(-0.4, loudest, 80, dtype=np.float32)[:, None], frames, axis=1)


@pytest.mark.parametrize(
    ("filled", "encoded_s", "seen_s", "frames"),
    [
        (400, 30.0, 30.0, 3000),
        (500, 10.0, 10.0, 1500),
        (501, 10.0, 10.0, 2000),
        (501, 10.0, 3.0, 1501),
        (310, 6.0, 2.0, 1000),
        (2500, 10.0, 10.0, 3000),
    ],
)
def test_so_much_padding_is_kept_at_least_and_it_is_silence(
    filled: int, encoded_s: float, seen_s: float, frames: int
) -> None:
    given = window(filled)
    kept = padded(given, encoded_s, seen_s, LONGEST)
    assert kept.shape == (80, frames)
    assert kept.dtype == np.float32
    assert np.array_equal(kept[:, :filled], given)
    assert np.all(kept[:, filled:] == pytest.approx(-0.5)), "8 decades below the loudest, divided by 4"


def test_a_full_window_stays_as_it_is() -> None:
    full = window(LONGEST)
    assert np.array_equal(padded(full, 6.0, 2.0, LONGEST), full)


@pytest.mark.parametrize(
    ("filled", "seen"), [(1, 500), (300, 500), (301, 1000), (800, 1000), (2790, 3000), (3000, 3000)]
)
def test_the_decoder_sees_so_much_silence_at_least_in_steps_of_five(filled: int, seen: int) -> None:
    assert seen_frames(filled, 2.0, LONGEST) == seen
    assert padded(window(filled), 6.0, 2.0, LONGEST).shape[1] >= seen, "the encoder has heard all that the decoder sees"
