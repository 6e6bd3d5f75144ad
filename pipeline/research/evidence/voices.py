"""Voices without words, whispered speech and animals with known truth: what a detector of speech must tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Hertz, Seconds
from pipeline.research.evidence.synthetic import Samples, at_level

#: Frequency and bandwidth (Hz) of the resonances of an open mouth.
Resonances = tuple[tuple[Hertz, Hertz], ...]
OPEN_LOW: Resonances = ((800, 90), (1250, 120), (2550, 180), (3500, 250))
OPEN_HIGH: Resonances = ((950, 90), (1500, 120), (2900, 180), (3900, 250))
OPEN_SMALL: Resonances = ((1200, 130), (2400, 200), (4200, 300))  # of an infant

LPC_ORDERS = (18, 10)  # two coefficients for each kHz, and two; fewer blur the mouth, as breath does
LPC_SAMPLES = SAMPLE_RATE * 25 // 1000
LPC_HOP = LPC_SAMPLES // 2
LPC_RIDGE = 1e-4  # added to the power of each frame, so that every filter is stable


def laughter(seconds: Seconds, seed: int) -> Waveform:
    """Bursts of "ha" with falling pitch and breath between, with rests, shape `(time,)`."""
    rng = np.random.default_rng(seed)
    resonances = (OPEN_LOW, OPEN_HIGH)[rng.integers(2)]
    high = rng.uniform(180, 360)
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        count = int(rng.integers(6, 12))
        for number in range(count):
            hertz = high * (1 - 0.35 * number / count) + rng.normal(0, 6)
            length = 1 / (rng.uniform(4.5, 5.5))
            breath = resonant(rng.standard_normal(_samples(0.42 * length)), resonances)
            voice = resonant(_pulses(hertz * _arch(0.58 * length, 0.1)), resonances)
            fall = 1 - 0.5 * number / count
            parts += [0.15 * fall * _shaped(breath), fall * _shaped(voice)]
        parts.append(np.zeros(_samples(rng.uniform(0.4, 0.9))))
    return _over_hiss(parts, seconds, rng)


def crying(seconds: Seconds, seed: int) -> Waveform:
    """Long wails that rise and fall, and a gasp after each, as of an infant, shape `(time,)`."""
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        length = rng.uniform(0.8, 1.4)
        trembling = 1 + 0.015 * np.sin(2 * np.pi * rng.uniform(5, 8) * np.arange(_samples(length)) / SAMPLE_RATE)
        wail = resonant(_pulses(rng.uniform(380, 520) * _arch(length, 0.3) * trembling), OPEN_SMALL)
        gasp = resonant(rng.standard_normal(_samples(0.2)), OPEN_SMALL)
        parts += [_shaped(wail), np.zeros(_samples(0.08)), 0.12 * _shaped(gasp), np.zeros(_samples(0.15))]
    return _over_hiss(parts, seconds, rng)


def barking(seconds: Seconds, seed: int) -> Waveform:
    """A dog: short rough bursts in groups, shape `(time,)`."""
    rng = np.random.default_rng(seed)
    body: Resonances = ((rng.uniform(450, 700), 150), (rng.uniform(1100, 1600), 250), (2600, 400))

    def bark() -> Samples:
        hertz = rng.uniform(250, 500) * _arch(rng.uniform(0.12, 0.22), 0.5)
        rough = 1 + 0.5 * rng.standard_normal(hertz.size)
        return np.concatenate([_shaped(resonant(_pulses(hertz) * rough, body)), np.zeros(_samples(0.15))])

    return _calls(seconds, rng, bark, (1, 4), (0.3, 1.2))


def mewing(seconds: Seconds, seed: int) -> Waveform:
    """A cat: long calls that rise and fall while the mouth opens and shuts, shape `(time,)`."""
    rng = np.random.default_rng(seed)

    def mew() -> Samples:
        hertz = rng.uniform(450, 700) * _arch(rng.uniform(0.5, 0.9), 0.35)
        pulses = _pulses(hertz)
        shut, opened = (resonant(pulses, body) for body in (((700, 150), (2600, 300)), ((1500, 200), (3200, 300))))
        opening = np.sin(np.pi * np.arange(hertz.size) / hertz.size)
        return _shaped((1 - opening) * shut / np.abs(shut).max() + opening * opened / np.abs(opened).max())

    return _calls(seconds, rng, mew, (1, 2), (0.5, 1.5))


def birdsong(seconds: Seconds, seed: int) -> Waveform:
    """A bird: gliding whistles between 2 and 6 kHz, shape `(time,)`."""
    rng = np.random.default_rng(seed)

    def chirp() -> Samples:
        samples = _samples(rng.uniform(0.06, 0.2))
        first, last = rng.uniform(2000, 6000, 2)
        hertz = np.linspace(first, last, samples)
        return np.concatenate([np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE) * np.hanning(samples), np.zeros(800)])

    return _calls(seconds, rng, chirp, (3, 9), (0.3, 1.0))


#: Sounds of animals, and voices without words, by name.
ANIMALS: dict[str, Callable[[Seconds, int], Waveform]] = {"dog": barking, "cat": mewing, "bird": birdsong}
WORDLESS: dict[str, Callable[[Seconds, int], Waveform]] = {"laughter": laughter, "crying": crying}


def whispered(speech: Waveform, seed: int, order: int = LPC_ORDERS[0]) -> Waveform:
    """Speech `(time,)` with its voice replaced by noise, and its mouth kept: linear prediction, as loud as it was."""
    from scipy.linalg import solve_toeplitz
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    window = np.hanning(LPC_SAMPLES + 1)[:LPC_SAMPLES]
    found = np.zeros(speech.size + LPC_SAMPLES)
    for start in range(0, speech.size - LPC_SAMPLES, LPC_HOP):
        frame = speech[start : start + LPC_SAMPLES] * window
        correlation = np.correlate(frame, frame, "full")[LPC_SAMPLES - 1 :][: order + 1].astype(np.float64)
        if correlation[0] <= 0:
            continue
        correlation[0] *= 1 + LPC_RIDGE
        filtering = solve_toeplitz(correlation[:-1], correlation[1:])
        left = max(correlation[0] - filtering @ correlation[1:], 0.0)  # what the filter does not predict
        noise = np.sqrt(left / np.square(window).sum()) * rng.standard_normal(LPC_SAMPLES)
        found[start : start + LPC_SAMPLES] += lfilter([1.0], np.r_[1.0, -filtering], noise) * window
    return found[: speech.size].astype(np.float32)


def resonant(source: Samples, resonances: Resonances) -> Samples:
    """A source `(time,)` after each resonance in turn."""
    from scipy.signal import lfilter

    for hertz, width in resonances:
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        turn = 2 * radius * np.cos(2 * np.pi * hertz / SAMPLE_RATE)
        source = lfilter([1 - turn + radius**2], [1, -turn, radius**2], source)
    found: Samples = source
    return found


def _pulses(hertz: Samples) -> Samples:
    """Pulses of the glottis at a frequency for each sample, duller towards high frequencies."""
    from scipy.signal import lfilter

    phase = np.cumsum(hertz / SAMPLE_RATE)
    openings = (np.diff(np.floor(phase), prepend=0.0) > 0).astype(np.float64)
    pulses: Samples = lfilter([1.0], [1.0, -0.97], openings)
    centred: Samples = pulses - pulses.mean()
    return centred


def _arch(seconds: Seconds, rise: float) -> Samples:
    """Factors that rise from 1 by a share and fall back."""
    return 1 + rise * np.sin(np.linspace(0, np.pi, _samples(seconds)))


def _shaped(sound: Samples) -> Samples:
    """A sound of peak 1 that swells and dies away."""
    shaped: Samples = sound / max(float(np.abs(sound).max()), 1e-9) * np.hanning(sound.size) ** 0.6
    return shaped


def _calls(
    seconds: Seconds,
    rng: np.random.Generator,
    call: Callable[[], Samples],
    count: tuple[int, int],
    rest_s: tuple[Seconds, Seconds],
) -> Waveform:
    """Groups of calls with rests between."""
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        parts += [call() for _ in range(rng.integers(*count, endpoint=True))]
        parts.append(np.zeros(_samples(rng.uniform(*rest_s))))
    return _over_hiss(parts, seconds, rng)


def _over_hiss(parts: Sequence[NDArray[np.float64]], seconds: Seconds, rng: np.random.Generator) -> Waveform:
    """Parts one after the other, cut to a length, over a faint hiss."""
    together = np.concatenate(parts)[: _samples(seconds)]
    return at_level(together + 1e-3 * np.abs(together).max() * rng.standard_normal(together.size))


def _samples(seconds: Seconds) -> int:
    return round(seconds * SAMPLE_RATE)
