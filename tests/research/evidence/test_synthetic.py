"""What is made of numbers has the length, level and ratio that it claims."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.levels import level_dbfs
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence import synthetic


@pytest.mark.parametrize("name", [*synthetic.MUSIC, *synthetic.NOISE])
@pytest.mark.parametrize("seconds", [0.3, 7.0])
def test_length_level_and_repeatability(name: str, seconds: float) -> None:
    make = (synthetic.MUSIC | synthetic.NOISE)[name]
    waveform = make(seconds, 3)
    assert waveform.dtype == np.float32
    assert waveform.size == round(seconds * SAMPLE_RATE)
    assert level_dbfs(waveform) == pytest.approx(synthetic.LEVEL_DBFS, abs=0.01)
    assert np.array_equal(waveform, make(seconds, 3))


def test_a_mix_has_its_ratio() -> None:
    one, other = synthetic.chords(5.0, 0), synthetic.white_noise(5.0, 0)
    mixed = synthetic.mix(one, other, 6.0)
    # least squares finds how much of each is in the mix
    (gain_one, gain_other), *_ = np.linalg.lstsq(np.stack([one, other], axis=1), mixed, rcond=None)
    assert 20 * np.log10(gain_one / gain_other) == pytest.approx(6.0, abs=0.01)


def test_pink_noise_has_equal_power_per_octave() -> None:
    spectrum = np.abs(np.fft.rfft(synthetic.pink_noise(30.0, 0))) ** 2
    octaves = [spectrum[30 * low : 60 * low].sum() for low in (100, 400, 1600)]
    assert octaves == pytest.approx([octaves[0]] * 3, rel=0.1)
