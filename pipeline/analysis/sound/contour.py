"""Measures of a contour over time: how steeply it rises and falls, and how long its stretches last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.records import Seconds

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slopes:
    """Mean slope per second where a contour rises and where it falls; each is None if it never does."""

    rising: float | None
    falling: float | None


@dataclass(frozen=True, slots=True)
class Stretches:
    """Number of unbroken stretches of frames, and their mean length; None without one."""

    count: int
    mean_s: Seconds | None


def slopes(values: Values, step_s: Seconds) -> Slopes:
    """The mean slopes of a contour `(frames,)`; NaN frames, and slopes to or from them, do not count.

    The mean over all rising frames is the mean over rising parts by their length (eGeMAPS, Eyben et al. 2016).
    """
    changes = np.diff(values) / step_s
    rising, falling = changes[changes > 0], changes[changes < 0]
    return Slopes(
        float(rising.mean()) if rising.size else None,
        float(falling.mean()) if falling.size else None,
    )


def stretches(held: NDArray[np.bool_], step_s: Seconds) -> Stretches:
    """The unbroken stretches of true frames in `(frames,)`."""
    count = int(np.count_nonzero(np.diff(held.astype(np.int8), prepend=0) == 1))
    return Stretches(count, float(held.sum() * step_s / count) if count else None)
