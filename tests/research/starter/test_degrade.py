"""Changes of a voice: each does what its name says, keeps to its seed, and gives one level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.sound.levels import level_dbfs
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence.synthetic import LEVEL_DBFS
from pipeline.research.starter import degrade


def voice(seconds: float = 1.0, hertz: float = 150.0) -> Waveform:
    """A buzz with a steady pitch and falling overtones."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    overtones = [np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 40) if n * hertz < 7_000]
    return np.asarray(0.1 * np.sum(overtones, axis=0), dtype=np.float32)


def pitch_of(waveform: Waveform) -> float:
    import parselmouth

    frequencies = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE).to_pitch().selected_array["frequency"]
    return float(np.median(frequencies[frequencies > 0]))


def power_between(waveform: Waveform, low_hz: float, high_hz: float) -> float:
    hertz = np.fft.rfftfreq(waveform.size, 1 / SAMPLE_RATE)
    power: NDArray[np.float64] = np.abs(np.fft.rfft(waveform)) ** 2
    return float(power[(hertz >= low_hz) & (hertz < high_hz)].sum())


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


CHANGES: dict[str, Callable[[Waveform], Waveform]] = {
    "voice": lambda sound: degrade.change_voice(sound, 1.1, 1.3),
    "speed": lambda sound: degrade.change_speed(sound, 1.2),
    "microphone": lambda sound: degrade.through_microphone(sound, random()),
    "room": lambda sound: degrade.in_room(sound, random()),
    "echoes": lambda sound: degrade.with_echoes(sound, ((0.05, 0.5),)),
    "band": lambda sound: degrade.band_limited(sound, 300.0, 3_400.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_repeats_keeps_one_level_and_changes_something(name: str) -> None:
    changed = CHANGES[name](voice())
    assert changed.dtype == np.float32
    assert level_dbfs(changed) == pytest.approx(LEVEL_DBFS, abs=0.01)
    assert np.array_equal(changed, CHANGES[name](voice()))
    if name in ("microphone", "room", "echoes", "band"):
        assert changed.size == voice().size
        scaled = voice() * np.float32(np.sqrt(np.mean(changed**2) / np.mean(voice() ** 2)))
        assert np.abs(changed - scaled).max() > 0.01


def test_another_voice_has_the_pitch_and_the_length_that_were_asked_for() -> None:
    changed = degrade.change_voice(voice(2.0), formants=1.0, pitch=1.4, duration=1.2)
    assert pitch_of(changed) == pytest.approx(210.0, rel=0.05)
    assert changed.size == pytest.approx(2.4 * SAMPLE_RATE, rel=0.05)


def test_formants_move_without_the_pitch() -> None:
    changed = degrade.change_voice(voice(2.0), formants=1.25, pitch=1.0)
    assert pitch_of(changed) == pytest.approx(150.0, rel=0.05)
    before, after = (
        power_between(sound, 1_000, 8_000) / power_between(sound, 0, 8_000) for sound in (voice(), changed)
    )
    assert after > 1.1 * before


def test_noise_has_no_other_voice_and_stays() -> None:
    noise = degrade.coloured_noise(SAMPLE_RATE // 4, 1.0, random())
    silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
    assert degrade.change_voice(silence, 1.2, 1.2).tolist() == silence.tolist()
    assert np.isfinite(degrade.change_voice(noise, 1.2, 1.2)).all()


@pytest.mark.parametrize("factor", [0.84, 1.19])
def test_speed_moves_length_and_pitch_together(factor: float) -> None:
    changed = degrade.change_speed(voice(2.0), factor)
    assert changed.size == round(2 * SAMPLE_RATE / factor)
    assert pitch_of(changed) == pytest.approx(150.0 * factor, rel=0.02)


def test_microphones_differ_by_seed() -> None:
    one, other = (degrade.through_microphone(voice(), random(seed)) for seed in (1, 2))
    assert np.abs(one - other).max() > 0.01


def test_an_echo_comes_when_and_as_loud_as_it_should() -> None:
    click = np.zeros(SAMPLE_RATE, dtype=np.float32)
    click[0] = 1.0
    heard = degrade.with_echoes(click, ((0.1, 0.5), (0.2, 0.25)))
    assert heard[[1_600, 3_200]] / heard[0] == pytest.approx([0.5, 0.25], abs=1e-4)
    rest = np.delete(heard, [0, 1_600, 3_200])
    assert np.abs(rest).max() < 1e-4 * heard[0]


def test_a_room_rings_on_and_dies_away() -> None:
    click = np.zeros(SAMPLE_RATE, dtype=np.float32)
    click[0] = 1.0
    heard = degrade.in_room(click, random())
    early, late = (float(np.sum(heard[start : start + 800] ** 2)) for start in (1, 1_600))
    assert early > late > 0


def test_a_band_keeps_its_middle_and_loses_its_sides() -> None:
    noise = degrade.coloured_noise(4 * SAMPLE_RATE, 0.0, random())
    limited = degrade.band_limited(noise, 300.0, 3_400.0)
    inside = power_between(limited, 600, 3_000) / power_between(noise, 600, 3_000)
    for low, high in ((20, 100), (5_000, 8_000)):
        assert power_between(limited, low, high) / power_between(noise, low, high) < inside / 100


@pytest.mark.parametrize("slope", [0.0, -1.0, -2.0, 1.0])
def test_noise_has_its_colour(slope: float) -> None:
    noise = degrade.coloured_noise(8 * SAMPLE_RATE, slope, random())
    ratio = power_between(noise, 3_900, 4_100) / power_between(noise, 900, 1_100)
    assert 10 * np.log10(ratio) == pytest.approx(slope * 10 * np.log10(4), abs=0.7)


def test_babble_holds_every_voice_backwards_at_one_loudness() -> None:
    ramp = np.linspace(0, 1, SAMPLE_RATE, dtype=np.float32) * voice()
    babbled = degrade.babble([ramp], SAMPLE_RATE)
    assert np.corrcoef(babbled, ramp[::-1])[0, 1] == pytest.approx(1.0, abs=1e-6)
    both = degrade.babble([voice(hertz=150.0), 0.01 * voice(0.5, hertz=1_000.0)], SAMPLE_RATE)
    assert both.size == SAMPLE_RATE
    low, high = power_between(both, 140, 160), power_between(both, 990, 1_010)
    assert 0.2 < low / high < 5  # the quieter voice was brought up
