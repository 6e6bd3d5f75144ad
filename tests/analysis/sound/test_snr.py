"""Signal to noise from the samples alone: right where the model holds, low for what is no single voice."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.snr import SNRS_DB, STATISTIC, wada_snr_db
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence import synthetic


def like_speech(seconds: float = 20.0, seed: int = 0) -> Waveform:
    """Samples distributed as the method supposes: Gamma with a shape of 0.4, of either sign."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE)
    return synthetic.at_level(rng.gamma(0.4, 1.0, samples) * rng.choice([-1.0, 1.0], samples))


def test_the_table_is_that_of_gamma_speech_in_gaussian_noise() -> None:
    rng = np.random.default_rng(1)
    speech = rng.gamma(0.4, 1.0, 400_000) * rng.choice([-1.0, 1.0], 400_000)
    speech /= np.sqrt(np.mean(speech**2))
    for snr_db, expected in zip(SNRS_DB, STATISTIC, strict=True):
        amplitudes = np.abs(speech * 10 ** (snr_db / 20) + rng.standard_normal(speech.size))
        assert np.log(amplitudes.mean()) - np.log(amplitudes).mean() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 5.0, 0.0])
def test_a_known_ratio_is_found(snr_db: float) -> None:
    noise = synthetic.white_noise(20.0, 2)
    assert wada_snr_db(synthetic.mix(like_speech(), noise, snr_db)) == pytest.approx(snr_db, abs=1.0)


def test_the_level_does_not_matter() -> None:
    mixed = synthetic.mix(like_speech(), synthetic.white_noise(20.0, 2), 10.0)
    assert wada_snr_db(mixed * np.float32(0.01)) == pytest.approx(wada_snr_db(mixed), abs=0.01)


def test_noise_alone_is_at_the_low_end_and_clear_speech_at_the_high_one() -> None:
    noise = wada_snr_db(synthetic.pink_noise(5.0, 0))
    assert noise is not None
    assert noise <= -5.0
    assert wada_snr_db(like_speech()) == 40.0


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(SAMPLE_RATE), np.full(320, 0.1)])
def test_nothing_digital_silence_and_twenty_milliseconds_have_none(samples: np.ndarray) -> None:
    assert wada_snr_db(samples.astype(np.float32)) is None


def test_exact_zeros_between_do_not_count() -> None:
    mixed = synthetic.mix(like_speech(), synthetic.white_noise(20.0, 2), 5.0)
    gaps = np.zeros(10 * SAMPLE_RATE, np.float32)
    assert wada_snr_db(np.concatenate([gaps, mixed, gaps])) == wada_snr_db(mixed)


@pytest.mark.parametrize("offset", [0.02, -0.3])
@pytest.mark.parametrize("snr_db", [20.0, 5.0])
def test_an_offset_changes_nothing(offset: float, snr_db: float) -> None:
    mixed = synthetic.mix(like_speech(), synthetic.white_noise(20.0, 2), snr_db)
    mixed = np.round(mixed * 32_768) / np.float32(32_768)  # as samples are stored
    assert wada_snr_db(mixed + np.float32(offset)) == pytest.approx(wada_snr_db(mixed), abs=0.3)
    assert wada_snr_db(np.full(SAMPLE_RATE, offset, np.float32)) is None, "nothing is heard"
