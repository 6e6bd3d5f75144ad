"""One channel of many: whatever two ears or six loudspeakers hear is in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.media.audio import SAMPLE_RATE
from pipeline.media.mix import Mixed, mix
from pipeline.research.evidence.synthetic import at_level, chords

Sound = NDArray[np.float64]
LENGTH_S = 6.0


def voice(seed: int = 0) -> Sound:
    """Syllables of a buzzing sound, shape `(time,)`, power 1."""
    random = np.random.default_rng(seed)
    times = np.arange(round(LENGTH_S * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 1.3 * times)) / SAMPLE_RATE
    loud = np.clip(np.sin(2 * np.pi * 3.1 * times + random.uniform(0, 6)), 0, 1) ** 2
    buzz = sum(np.cos(harmonic * pitch) / harmonic for harmonic in range(1, 25))
    return power_one(np.asarray(loud * buzz))


def music(seed: int) -> Sound:
    return power_one(np.asarray(at_level(chords(LENGTH_S, seed)), np.float64))


def power_one(sound: Sound) -> Sound:
    return np.asarray(sound / np.sqrt(np.mean(sound**2)))


def mixed(*channels: Sound, offset: float = 0.0) -> Mixed:
    stacked = np.stack(channels, axis=1)
    return mix((stacked / np.abs(stacked).max() * 20_000 + offset).astype(np.int16))


def share(of: Sound, found: Mixed) -> float:
    """Share of the power of the one channel that is a given sound, 0–1."""
    one = found.samples.astype(np.float64) - found.samples.mean()
    power = float(np.mean(of**2) * np.mean(one**2))
    return float(np.mean(of * one)) ** 2 / power if power else 0.0


@pytest.mark.slow
@settings(max_examples=25)
@given(left=st.floats(-1, 1), right=st.floats(-1, 1), offset=st.floats(-8000, 8000))
def test_a_voice_is_there_with_any_gain_and_phase_of_its_sides(left: float, right: float, offset: float) -> None:
    if max(abs(left), abs(right)) < 0.1:
        return
    sound = voice()
    found = mixed(left * sound, right * sound, offset=offset)
    assert share(sound, found) > 0.99
    loudest = np.abs(found.samples - float(np.mean(found.samples))).max()
    assert loudest > 0.2 * 20_000, "no more than 14 dB below the louder side"


@pytest.mark.parametrize("music_db", [-6, 0, 6])
def test_a_voice_in_opposite_phase_is_there_under_music_in_the_middle(music_db: int) -> None:
    sound, piano = voice(), 10 ** (music_db / 20) * music(1)
    expected = share(sound, mixed(piano + sound))
    found = mixed(piano + sound, piano - sound)
    assert found.name in ("left", "right")
    assert share(sound, found) == pytest.approx(expected, abs=0.05)


def test_a_voice_in_opposite_phase_for_a_part_is_there() -> None:
    sound = voice()
    part = np.where(np.arange(sound.size) < 0.75 * sound.size, 1, -1)
    assert share(sound, mixed(sound, part * sound)) > 0.99


def test_people_on_two_sides_are_both_there() -> None:
    one, two = voice(), np.roll(voice(3), SAMPLE_RATE)
    first = np.arange(one.size) < one.size // 2
    found = mixed(np.where(first, one, 0), np.where(first, 0, two))
    assert found.name == "mean"
    assert share(np.where(first, one, two), found) > 0.99


def test_a_voice_in_the_middle_of_wide_music_is_mixed_as_ever() -> None:
    sound = voice()
    found = mixed(sound + 0.5 * music(1), sound + 0.5 * music(2))
    assert found.name == "mean"
    assert found.correlation is not None
    assert 0.5 < found.correlation < 0.95


@pytest.mark.parametrize("music_db", [0, 12, 18])
def test_the_centre_of_surround_sound_is_heard_under_film_music(music_db: int) -> None:
    sound, nothing = voice(), np.zeros_like(voice())
    sides = [10 ** (music_db / 20) * music(seed) for seed in (1, 2, 3, 4)]
    found = mixed(sides[0], sides[1], sound, nothing, sides[2], sides[3])
    assert found.name == "centre"
    assert share(sound, found) > 0.99


def test_surround_sound_with_an_empty_centre_is_mixed_from_its_sides() -> None:
    sound, nothing = voice(), np.zeros_like(voice())
    found = mixed(nothing, nothing, nothing, nothing, sound, -sound)
    assert found.name == "difference"
    assert share(sound, found) > 0.99


def test_a_number_of_channels_without_places_is_an_error() -> None:
    with pytest.raises(ValueError, match="7"):
        mix(np.zeros((100, 7), np.int16))


def test_silence_and_one_channel() -> None:
    silence = np.zeros((SAMPLE_RATE, 2), np.int16)
    assert (mix(silence).name, mix(silence).correlation) == ("mean", None)
    assert (mix(silence[:, :1]).name, mix(silence[:, :1]).samples.size) == ("mono", SAMPLE_RATE)
    assert mix(silence[:0]).samples.size == 0
