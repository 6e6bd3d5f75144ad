"""Synthetic music and near-silence for the demo clips, made with numpy alone.

The music is a four-chord loop of bass, arpeggio and drums.  The same seconds, key
and seed always give the same samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

SAMPLE_RATE = 44_100  # Hz
BEAT_SECONDS = 0.5  # s, that is 120 beats a minute
BEATS_PER_CHORD = 4  # beats
MUSIC_PEAK = 0.7  # of full scale
SILENCE_DBFS = -80.0  # dB, RMS of the near-silence

# Semitones above the key note: I - V - vi - IV, the most common loop in pop songs.
CHORDS = ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12))
BASS_OCTAVE = -12  # semitones
ARPEGGIO_OCTAVE = 24  # semitones, kept above the pitch of a voice
BASS_GAIN = 0.5
PLUCK_GAIN = 0.3
KICK_GAIN = 0.9
HAT_GAIN = 0.12
FADE_SECONDS = 0.5  # s, at both ends


def note_hz(key_hz: float, semitones: int) -> float:
    """Return the pitch which lies so many semitones above the key note."""
    return float(key_hz * 2.0 ** (semitones / 12.0))


def tone(hz: float, seconds: float, decay_seconds: float) -> Samples:
    """Return a plucked note: a sine with two overtones which dies away."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2.0 * np.pi * hz * time
    wave = np.sin(phase) + 0.3 * np.sin(2.0 * phase) + 0.1 * np.sin(3.0 * phase)
    attack = np.minimum(1.0, time / 0.005)  # a hard start would click
    return np.asarray(wave * attack * np.exp(-time / decay_seconds))


def kick() -> Samples:
    """Return one beat of a bass drum, whose pitch falls from 150 to 45 Hz."""
    time = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    hz = 45.0 + 105.0 * np.exp(-time / 0.03)
    phase = 2.0 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    return np.asarray(np.sin(phase) * np.exp(-time / 0.08))


def hat(random: np.random.Generator) -> Samples:
    """Return one stroke of a hi-hat: a short burst of bright noise."""
    noise = random.standard_normal(round(0.06 * SAMPLE_RATE))
    time = np.arange(noise.size) / SAMPLE_RATE
    bright = np.diff(noise, prepend=0.0)  # takes the low end off
    return np.asarray(bright * np.exp(-time / 0.015))


def add(track: Samples, start_seconds: float, sound: Samples, gain: float) -> None:
    """Mix a sound into the track in place; what runs past the end is cut off."""
    start = round(start_seconds * SAMPLE_RATE)
    part = sound[: max(0, track.size - start)]
    track[start : start + part.size] += gain * part


def add_beat(track: Samples, beat: int, key_hz: float, random: np.random.Generator) -> None:
    """Mix one beat of bass, arpeggio and drums into the track."""
    start = beat * BEAT_SECONDS
    half = BEAT_SECONDS / 2.0
    chord = CHORDS[beat // BEATS_PER_CHORD % len(CHORDS)]
    root = note_hz(key_hz, chord[0] + BASS_OCTAVE)
    add(track, start, tone(root, BEAT_SECONDS, 0.3), BASS_GAIN)
    add(track, start, kick(), KICK_GAIN)
    for step in (0, 1):
        semitones = int(random.choice(chord)) + ARPEGGIO_OCTAVE
        pluck = tone(note_hz(key_hz, semitones), BEAT_SECONDS, 0.15)
        add(track, start + step * half, pluck, PLUCK_GAIN)
        add(track, start + step * half, hat(random), HAT_GAIN * (1 + step))


def make_music(seconds: float, key_hz: float, seed: int) -> Samples:
    """Return mono music of that length in that key; the seed picks the melody."""
    random = np.random.default_rng(seed)
    track = np.zeros(round(seconds * SAMPLE_RATE))
    for beat in range(int(np.ceil(seconds / BEAT_SECONDS))):
        add_beat(track, beat, key_hz, random)
    fade = np.minimum(1.0, np.arange(track.size) / (FADE_SECONDS * SAMPLE_RATE))
    track *= fade * fade[::-1]
    return np.asarray(MUSIC_PEAK * track / np.abs(track).max())


def make_silence(seconds: float, seed: int) -> Samples:
    """Return the faint noise of a recording in which nothing happens."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return np.asarray(noise * 10.0 ** (SILENCE_DBFS / 20.0))
