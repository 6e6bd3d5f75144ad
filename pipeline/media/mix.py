"""One channel of many, so that what a listener hears is in it: a plain mean loses voices in opposite phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE

Samples = NDArray[np.int16]

SURROUND_CHANNELS = 6  # 5.1 in ffmpeg's order: left, right, centre, bass, left and right at the back
CENTRE, BASS = 2, 3
#: By number of channels, those of left and of right: the front, then what is mixed into it.
SIDES = {4: ((0, 2), (1, 3)), 6: ((0, 4, CENTRE), (1, 5, CENTRE))}
BACK_GAIN = 0.707  # of back channels and the centre in a mix to two channels (ITU-R BS.775)
LARGEST = 32_767  # of a 16-bit sample
FAR_BELOW = 0.01  # of a power: 20 dB below
QUIET = 0.1  # of the mean power of all seconds: what lies below is no voice beside the rest
EMPTY = 0.001  # of a power: 30 dB below, where a channel holds crosstalk or hiss at most
ALIKE = 0.9  # correlation of left and right from which at most a twentieth of the power is in opposite phase
OPPOSITE = -0.5  # a cell of time and pitch whose mean loses three quarters of its power
OPPOSITE_SHARE = 0.06  # of the amplitude that lies in such cells, from which the mean would lose what is heard
WINDOW, FRAMES, BINS = 512, 4, 4  # a cell has 4 windows of 32 ms and 4 steps of 31 Hz
VOICE_BINS = slice(6, 130)  # 190 Hz to 4 kHz
BLOCK = WINDOW * FRAMES * 250  # samples at a time: half a minute


@dataclass(frozen=True, slots=True)
class Mixed:
    """One channel, how it was made, and how alike left and right are."""

    samples: Samples  # shape `(time,)`
    name: str  # mono, mean, left, right, difference or centre
    correlation: float | None  # of left and right, -1 to 1; None for one channel, or where one of them is silent


def mix(channels: Samples) -> Mixed:
    """Mix channels of shape `(time, channels)`: one, two, four as quad, or six as 5.1.

    The centre of 5.1 holds the voices of films; it is taken unless it is 20 dB below the loudest other. Of two
    channels the mean is taken; where one is 30 dB below the other, the louder one; where the mean is 20 dB below the
    louder one, half their difference; where only part of what is heard is in opposite phase, for a time or in some
    pitches, the louder one. `ValueError` for another number of channels.
    """
    if channels.shape[1] == 1:
        return Mixed(channels[:, 0], "mono", None)
    if channels.shape[1] == 2:
        return _of_two(channels[:, 0], channels[:, 1])
    if channels.shape[1] not in SIDES:
        raise ValueError(f"{channels.shape[1]} channels cannot be mixed")
    sides = SIDES[channels.shape[1]]
    if channels.shape[1] < SURROUND_CHANNELS:
        return _of_two(*_folded(channels, sides))
    powers = [_power(_centred(channels[:, number])) for number in range(SURROUND_CHANNELS)]
    loudest = max(power for number, power in enumerate(powers) if number not in (CENTRE, BASS))
    if powers[CENTRE] > FAR_BELOW * loudest:
        return Mixed(channels[:, CENTRE], "centre", None)
    return _of_two(*_folded(channels, sides))


def _of_two(left: Samples, right: Samples) -> Mixed:
    one, two = _centred(left), _centred(right)
    powers = _power(one), _power(two)
    louder = ("left", left) if powers[0] >= powers[1] else ("right", right)
    if min(powers) <= EMPTY * max(powers):
        silent = max(powers) == 0
        return Mixed(left if silent else louder[1], "mean" if silent else louder[0], None)
    correlation = float(np.mean(one * two, dtype=np.float64) / np.sqrt(powers[0] * powers[1]))
    if _power(one + two) / 4 <= FAR_BELOW * max(powers):
        return Mixed(_half(left, right, -1), "difference", correlation)
    if _vanishes_for_a_second(one, two) or (correlation < ALIKE and opposite_share(one, two) > OPPOSITE_SHARE):
        return Mixed(louder[1], louder[0], correlation)
    return Mixed(_half(left, right, 1), "mean", correlation)


def _vanishes_for_a_second(left: NDArray[np.float32], right: NDArray[np.float32]) -> bool:
    """Whether the mean is 20 dB below the louder channel in a second that is not quiet."""
    mean, *sides = (_powers_by_second(side) for side in ((left + right) / np.float32(2), left, right))
    louder = np.maximum(*sides)
    return bool(np.any((mean <= FAR_BELOW * louder) & (louder > QUIET * louder.mean()))) if louder.size else False


def _powers_by_second(side: NDArray[Any]) -> NDArray[np.float32]:
    whole = side[: side.size // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    powers: NDArray[np.float32] = np.mean(np.square(whole), axis=1)
    return powers


def opposite_share(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Share of the amplitude from 190 Hz to 4 kHz, 0–1, that lies in cells of time and pitch with opposite phases.

    Amplitude and not power, because the loudest notes of music hide a voice from a sum of powers, and not from an ear.
    """
    opposite = whole = 0.0
    for start in range(0, left.size - WINDOW * FRAMES + 1, BLOCK):
        one, two = (_spectrum(side[start : start + BLOCK]) for side in (left, right))
        power = _cells(np.abs(one) ** 2 + np.abs(two) ** 2)
        shared = _cells(2 * (one * two.conj()).real)
        amplitude = np.sqrt(power)
        opposite += float(amplitude[shared < OPPOSITE * power].sum(dtype=np.float64))
        whole += float(amplitude.sum(dtype=np.float64))
    return opposite / whole if whole > 0 else 0.0


def _spectrum(side: NDArray[np.float32]) -> NDArray[Any]:
    windows = side[: side.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1)[:, VOICE_BINS]


def _cells(values: NDArray[Any]) -> NDArray[Any]:
    """Sums over cells of a spectrum of shape `(windows, bins)`."""
    windows, bins = (size // step for size, step in zip(values.shape, (FRAMES, BINS), strict=True))
    whole = values[: windows * FRAMES, : bins * BINS]
    cells: NDArray[Any] = whole.reshape(windows, FRAMES, bins, BINS).sum(axis=(1, 3))
    return cells


def _folded(channels: Samples, sides: Sequence[Sequence[int]]) -> tuple[Samples, Samples]:
    """Left and right of more than two channels, no louder than fits."""
    gains = np.array([1.0, *[BACK_GAIN] * (len(sides[0]) - 1)], np.float32)
    left, right = (channels[:, list(places)].astype(np.float32) @ gains for places in sides)
    loudest = max((float(np.abs(side).max()) for side in (left, right) if side.size), default=0.0)
    scale = np.float32(min(1.0, LARGEST / loudest) if loudest else 1.0)
    return np.rint(left * scale).astype(np.int16), np.rint(right * scale).astype(np.int16)


def _half(left: Samples, right: Samples, sign: int) -> Samples:
    return np.rint((left.astype(np.float32) + sign * right.astype(np.float32)) / 2).astype(np.int16)


def _centred(side: Samples) -> NDArray[np.float32]:
    """A channel with its mean taken away: an offset is inaudible and would count as likeness."""
    wide = side.astype(np.float32)
    return wide - np.float32(wide.mean(dtype=np.float64)) if wide.size else wide


def _power(side: NDArray[np.float32]) -> float:
    return float(np.mean(np.square(side), dtype=np.float64)) if side.size else 0.0
