"""Less padding, to one of a few lengths."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.speech.thrifty import padded

LONGEST = 3000


def window(frames: int, loudest: float = 1.5) -> NDArray[np.float32]:
    """A spectrogram of so many frames."""
    return np.repeat(np.linspace(-0.4, loudest, 80, dtype=np.float32)[:, None], frames, axis=1)


@pytest.mark.parametrize(
    ("filled", "padding_s", "frames"),
    [(400, None, 3000), (500, 10.0, 1500), (501, 10.0, 2000), (990, 10.0, 2000), (400, 40.0, 3000), (2500, 10.0, 3000)],
)
def test_so_much_padding_is_kept_at_least_and_it_is_silence(filled: int, padding_s: float | None, frames: int) -> None:
    given = window(filled)
    kept = padded(given, padding_s, LONGEST)
    assert kept.shape == (80, frames)
    assert kept.dtype == np.float32
    assert np.array_equal(kept[:, :filled], given)
    assert np.all(kept[:, filled:] == pytest.approx(-0.5)), "8 decades below the loudest, divided by 4"


def test_a_full_window_stays_as_it_is() -> None:
    full = window(LONGEST)
    assert np.array_equal(padded(full, 6.0, LONGEST), full)
