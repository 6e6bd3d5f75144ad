"""Round trips through codecs keep length and place, and lose what the codec loses."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.starter import codecs
from pipeline.research.starter.codecs import Codec


def bursts(seconds: float, seed: int) -> Waveform:
    """Noise below 3 kHz that swells twice a second, so that a shift in time would show."""
    samples = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    spectrum[np.fft.rfftfreq(samples, 1 / SAMPLE_RATE) > 3_000] = 0
    swell = np.sin(2 * np.pi * np.arange(samples) / SAMPLE_RATE) ** 2
    return np.asarray(0.1 * np.fft.irfft(spectrum, samples) * swell, dtype=np.float32)


def envelope(waveform: Waveform) -> Waveform:
    blocks = waveform[: waveform.size // 320 * 320].reshape(-1, 320)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)))


ALL = [codecs.AAC_64, codecs.AAC_32, codecs.MP3_32, codecs.OPUS_16, codecs.AMR_12]


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: f"{codec.encoder}-{codec.bit_rate}")
def test_each_waveform_comes_back_in_its_place_with_its_length(codec: Codec) -> None:
    given = [bursts(1.3, 0), bursts(0.7, 1), bursts(2.0, 2)]
    back = codecs.round_trip(given, codec)
    assert [waveform.size for waveform in back] == [waveform.size for waveform in given]
    for before, after in zip(given, back, strict=True):
        assert after.dtype == np.float32
        assert not np.array_equal(before, after)
        assert np.corrcoef(envelope(before), envelope(after))[0, 1] > 0.9
    assert all(np.array_equal(one, two) for one, two in zip(back, codecs.round_trip(given, codec), strict=True))


def test_a_telephone_codec_loses_the_treble() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    (back,) = codecs.round_trip([noise], codecs.AMR_12)
    power = np.abs(np.fft.rfft(back)) ** 2
    treble = np.fft.rfftfreq(back.size, 1 / SAMPLE_RATE) > 4_200
    assert power[treble].sum() < 0.001 * power.sum()


def test_what_ffmpeg_cannot_do_is_said() -> None:
    with pytest.raises(UserError, match="ffmpeg cannot encode and decode with no_such_encoder"):
        codecs.round_trip([bursts(0.5, 0)], Codec("no_such_encoder", "mp3", 16_000, "32k"))
