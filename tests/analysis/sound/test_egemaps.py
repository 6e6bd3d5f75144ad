"""openSMILE measures a voice where it is installed, says what is missing where it is not, and makes nothing up."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

from pipeline.analysis.sound import egemaps
from pipeline.analysis.sound.egemaps import OpenSmile, opensmile_version
from pipeline.errors import UserError, how_to_install
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence.synthetic import white_noise

VOICED = ("F0semitoneFrom27.5Hz_sma3nz_amean", "jitterLocal_sma3nz_amean", "slopeV0-500_sma3nz_amean",
          "mfcc1V_sma3nz_stddevNorm", "MeanVoicedSegmentLengthSec")  # fmt: skip
UNVOICED = ("alphaRatioUV_sma3nz_amean", "spectralFluxUV_sma3nz_amean", "MeanUnvoicedSegmentLength")
ALWAYS = ("loudness_sma3_amean", "mfcc1_sma3_amean", "VoicedSegmentsPerSec", "equivalentSoundLevel_dBp")
installed = pytest.mark.skipif(importlib.util.find_spec("opensmile") is None, reason="openSMILE is not installed")


def voice(hertz: float, seconds: float) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.2 * sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 12))).astype(np.float32)


@pytest.fixture(scope="module")
def smile() -> OpenSmile:
    return OpenSmile("eGeMAPSv02")


def test_without_it_the_sentence_says_what_to_install_and_what_the_licence_forbids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(egemaps, "version", gone)
    for ask in (opensmile_version, lambda: OpenSmile("eGeMAPSv02")):
        with pytest.raises(UserError, match=rf"commercial .*{re.escape(how_to_install('opensmile'))}"):
            ask()


@installed
def test_a_voice_and_noise_have_all_that_they_can_have(smile: OpenSmile) -> None:
    mixed = smile.measure(np.concatenate([voice(220.0, 1.0), white_noise(1.0, 0)]))
    assert mixed is not None
    assert len(mixed) == 88
    assert mixed["F0semitoneFrom27.5Hz_sma3nz_percentile50.0"] == pytest.approx(12 * np.log2(220 / 27.5), abs=0.5)
    assert all(type(value) is float and np.isfinite(value) for value in mixed.values())


@installed
def test_what_is_measured_over_voiced_sound_is_left_out_where_nobody_voices(smile: OpenSmile) -> None:
    whisper = smile.measure(white_noise(2.0, 0))
    assert whisper is not None
    assert not set(VOICED) & set(whisper), "openSMILE writes 0 for the pitch of noise"
    assert set(UNVOICED) | set(ALWAYS) <= set(whisper)
    assert -201.0 not in whisper.values()


@installed
def test_what_is_measured_over_unvoiced_sound_is_left_out_where_all_is_voiced(smile: OpenSmile) -> None:
    sung = smile.measure(voice(150.0, 2.0))
    assert sung is not None
    assert not set(UNVOICED) & set(sung)
    assert set(VOICED) | set(ALWAYS) <= set(sung)
    assert smile.measure(voice(150.0, 2.0)) == sung


@installed
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05])
def test_what_is_too_short_has_no_numbers(smile: OpenSmile, seconds: float) -> None:
    assert smile.measure(voice(150.0, seconds)) is None
