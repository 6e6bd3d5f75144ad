"""Music improvised from a seed: scale, tempo, timbre and parts are all drawn, so that no two pieces are alike.

It is made for training. What is measured is measured on `pipeline.research.evidence.synthetic`, which shares no note
with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Hertz, Seconds
from pipeline.research.evidence.synthetic import Samples, at_level

SCALES = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 3, 5, 7, 8, 11), (0, 2, 4, 5, 7, 9, 11))  # semitones
BEATS_PER_MINUTE = (70.0, 150.0)
KEY_HZ: tuple[Hertz, Hertz] = (80.0, 160.0)
HIGHEST_HZ: Hertz = 7_800.0  # overtones stay below half the sample rate
OVERTONES = (2, 11)
ROLL_OFF = (0.6, 1.6)  # amplitude of overtone n is n to the power of minus this
NOTE_BEATS = (0.25, 0.5, 1.0, 2.0)
STEPS = 16  # of a drum pattern, four a beat
DRUM_CHANCES = (0.25, 0.2, 0.6)  # of a bass drum, a snare and a hi-hat on each step
ATTACK_S: Seconds = 0.01
SHORTEST_SAMPLES = 200  # a note that would be cut shorter is left out


@dataclass(frozen=True, slots=True)
class Style:
    """What a piece keeps from start to end."""

    beat_s: Seconds
    key_hz: Hertz
    scale: tuple[int, ...]
    overtones: int
    roll_off: float


def improvise(samples: int, random: np.random.Generator) -> Waveform:
    """One to four parts (melody, chords, bass, drums) of one style, shape `(samples,)`."""
    style = Style(
        beat_s=60 / random.uniform(*BEATS_PER_MINUTE),
        key_hz=random.uniform(*KEY_HZ),
        scale=SCALES[random.integers(len(SCALES))],
        overtones=int(random.integers(*OVERTONES, endpoint=True)),
        roll_off=random.uniform(*ROLL_OFF),
    )
    parts = (_melody, _chords, _bass, _drums)
    track = np.zeros(samples)
    for chosen in random.permutation(len(parts))[: random.integers(1, len(parts), endpoint=True)]:
        parts[chosen](track, style, random)
    return at_level(track)


def _melody(track: Samples, style: Style, random: np.random.Generator) -> None:
    register = random.choice((2, 4, 8))
    start = 0
    while start < track.size:
        seconds = style.beat_s * random.choice(NOTE_BEATS)
        hertz = style.key_hz * register * 2 ** (random.choice(style.scale) / 12)
        _mix_in(track, start, _styled_note(hertz, 1.5 * seconds, random.uniform(0.15, 1.5), style))
        start += round(seconds * SAMPLE_RATE)


def _chords(track: Samples, style: Style, random: np.random.Generator) -> None:
    bar_s = 4 * style.beat_s
    for start in range(0, track.size, round(bar_s * SAMPLE_RATE)):
        root = random.choice(style.scale)
        for step in (0, 2, 4):
            semitones = root + style.scale[step % len(style.scale)]
            for detuned in (0.996, 1.004):  # two voices that beat against each other
                _mix_in(
                    track,
                    start,
                    0.35 * _styled_note(2 * style.key_hz * 2 ** (semitones / 12) * detuned, bar_s, 60.0, style),
                )


def _bass(track: Samples, style: Style, random: np.random.Generator) -> None:
    time = _time_axis(style.beat_s)
    for start in range(0, track.size, time.size):
        hertz = style.key_hz / 2 * 2 ** (random.choice(style.scale) / 12)
        driven = np.tanh(random.uniform(1, 3) * np.sin(2 * np.pi * hertz * time))
        _mix_in(track, start, 1.2 * driven * np.exp(-time / 0.4))


def _drums(track: Samples, style: Style, random: np.random.Generator) -> None:
    step = round(style.beat_s * SAMPLE_RATE / 4)
    time = _time_axis(style.beat_s / 2)
    pattern = random.random((STEPS, len(DRUM_CHANCES))) < np.array(DRUM_CHANCES)
    for number, start in enumerate(range(0, track.size, step)):
        noise = random.standard_normal(time.size)
        strokes = (
            2.0 * np.sin(2 * np.pi * (55 * time - 4 * np.exp(-time / 0.04))) * np.exp(-time / 0.1),
            noise * np.exp(-time / 0.08),
            0.4 * np.diff(noise, prepend=0.0) * np.exp(-time / 0.03),
        )
        for stroke, plays in zip(strokes, pattern[number % STEPS], strict=True):
            if plays:
                _mix_in(track, start, stroke)


def _styled_note(hertz: Hertz, seconds: Seconds, decay_s: Seconds, style: Style) -> Samples:
    """One note with its overtones and a soft start, dying away."""
    time = _time_axis(seconds)
    numbers = [n for n in range(1, style.overtones + 1) if n * hertz < HIGHEST_HZ]
    wave = np.sum([np.sin(2 * np.pi * hertz * n * time) / n**style.roll_off for n in numbers], axis=0)
    note: Samples = wave * np.minimum(1.0, time / ATTACK_S) * np.exp(-time / decay_s)
    return note


def _mix_in(track: Samples, start: int, sound: Samples) -> None:
    """Mix a sound into the track in place; what runs past the end is cut off."""
    part = sound[: track.size - start]
    if part.size >= SHORTEST_SAMPLES:
        track[start : start + part.size] += part


def _time_axis(seconds: Seconds) -> Samples:
    time: Samples = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return time
