"""What happens to a voice on its way into a video: other speakers, rooms and microphones, noise, one change each.

Everything drawn at random comes from the generator that is handed in, so the same seed gives the same speech.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Hertz, Seconds
from pipeline.research.evidence.synthetic import at_level

Random = np.random.Generator

VOICE_HZ: tuple[Hertz, Hertz] = (75.0, 600.0)  # where Praat looks for a pitch
PITCH_LIMITS_HZ: tuple[Hertz, Hertz] = (70.0, 550.0)  # of a changed voice, medians that people have
# a microphone's response: a random walk over octaves from 50 Hz to 8 kHz around a random tilt
RESPONSE_HZ: tuple[Hertz, Hertz] = (50.0, 8_000.0)
RESPONSE_KNOTS = 8
RESPONSE_SD_DB: Decibels = 4.0
TILT_SD_DB: Decibels = 2.0  # per octave, around 1 kHz
# a room: a decaying tail of noise behind the direct sound
REVERBERATION_S: tuple[Seconds, Seconds] = (0.15, 0.7)  # until the tail is 60 dB down
DIRECT_DB: tuple[Decibels, Decibels] = (0.0, 15.0)  # direct sound over tail
PRAAT_SEED = 1986  # Praat draws at random where a voice has no pitch; from here, every time
NOISE_FLOOR_HZ: Hertz = 40.0  # coloured noise is flat below
BAND_EDGES = (4, 8)  # orders of the high-pass and of the low-pass (Butterworth): 24 and 48 dB per octave


def change_voice(waveform: Waveform, formants: float, pitch: float, duration: float = 1.0) -> Waveform:
    """The same words by another voice: formants, median pitch and duration times a factor each, at one level.

    Praat's "Change gender" (overlap-add, Moulines and Charpentier 1990). Speech without a pitch stays as it is.
    """
    import parselmouth

    call = parselmouth.praat.call
    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE)
    floor, ceiling = VOICE_HZ
    median = call(sound.to_pitch(pitch_floor=floor, pitch_ceiling=ceiling), "Get quantile", 0, 0, 0.5, "Hertz")
    if not median > 0:  # NaN without a voiced frame
        return at_level(waveform)
    new_median = float(np.clip(median * pitch, *PITCH_LIMITS_HZ))
    parselmouth.praat.run(f"random_initializeWithSeedUnsafelyButPredictably ({PRAAT_SEED})")
    changed = call(sound, "Change gender", floor, ceiling, formants, new_median, 1.0, duration)
    return at_level(changed.values[0])


def change_speed(waveform: Waveform, factor: float) -> Waveform:
    """Played faster (factor above 1) or slower: tempo, pitch and formants together."""
    samples = round(waveform.size / factor)
    spectrum = np.fft.rfft(waveform)
    kept = np.zeros(samples // 2 + 1, dtype=complex)
    shared = min(kept.size, spectrum.size)
    kept[:shared] = spectrum[:shared]
    return at_level(np.fft.irfft(kept, samples))


def through_microphone(waveform: Waveform, random: Random) -> Waveform:
    """A smooth random frequency response laid over the speech."""
    lowest, highest = (np.log2(hertz / 1_000.0) for hertz in RESPONSE_HZ)
    octaves = np.linspace(lowest, highest, RESPONSE_KNOTS)
    gains_db = random.normal(0.0, RESPONSE_SD_DB, RESPONSE_KNOTS) + random.normal(0.0, TILT_SD_DB) * octaves
    octave_of_bin = np.log2(np.maximum(_bins_hz(waveform.size), RESPONSE_HZ[0]) / 1_000.0)
    return _filtered(waveform, 10 ** (np.interp(octave_of_bin, octaves, gains_db) / 20))


def in_room(waveform: Waveform, random: Random) -> Waveform:
    """Reverberation: direct sound, then noise that dies away exponentially."""
    samples = round(random.uniform(*REVERBERATION_S) * SAMPLE_RATE)
    tail = random.standard_normal(samples) * 10 ** (-3 * np.arange(samples) / samples)
    tail *= 10 ** (-random.uniform(*DIRECT_DB) / 20) / np.sqrt(np.sum(np.square(tail)))
    return _convolved(waveform, np.concatenate([[1.0], tail]))


def with_echoes(waveform: Waveform, echoes: Sequence[tuple[Seconds, float]]) -> Waveform:
    """Single echoes, each a delay and a gain."""
    response = np.zeros(1 + round(max(delay for delay, _ in echoes) * SAMPLE_RATE))
    response[0] = 1.0
    for delay, gain in echoes:
        response[round(delay * SAMPLE_RATE)] = gain
    return _convolved(waveform, response)


def band_limited(waveform: Waveform, low_hz: Hertz, high_hz: Hertz) -> Waveform:
    """What a small loudspeaker or a telephone leaves: Butterworth slopes outside the band, phases kept."""
    hertz = _bins_hz(waveform.size)
    low, high = BAND_EDGES
    below = 1 / np.sqrt(1 + (low_hz / np.maximum(hertz, 1.0)) ** (2 * low))
    return _filtered(waveform, below / np.sqrt(1 + (hertz / high_hz) ** (2 * high)))


def coloured_noise(samples: int, slope: float, random: Random) -> Waveform:
    """Noise whose power falls with frequency to the power of `slope`: 0 is white, -1 pink, -2 brown, +1 blue."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    gains = (np.maximum(_bins_hz(samples), NOISE_FLOOR_HZ) / 1_000.0) ** (slope / 2)
    return at_level(np.fft.irfft(spectrum * gains, samples))


def babble(voices: Sequence[Waveform], samples: int) -> Waveform:
    """Voices on top of each other, each played backwards, so that nothing said can be understood."""
    return at_level(np.sum([np.resize(at_level(voice)[::-1], samples) for voice in voices], axis=0, dtype=np.float64))


def _bins_hz(samples: int) -> NDArray[np.float64]:
    """Frequencies of the bins of a real Fourier transform."""
    return np.arange(samples // 2 + 1, dtype=np.float64) * (SAMPLE_RATE / max(samples, 1))


def _filtered(waveform: Waveform, gains: NDArray[np.float64]) -> Waveform:
    return at_level(np.fft.irfft(np.fft.rfft(waveform) * gains, waveform.size))


def _convolved(waveform: Waveform, response: NDArray[np.float64]) -> Waveform:
    """The sound with a response, cut to the length of the sound."""
    size = 1 << (waveform.size + response.size - 1).bit_length()
    product = np.fft.rfft(waveform, size) * np.fft.rfft(response, size)
    return at_level(np.fft.irfft(product, size)[: waveform.size])
