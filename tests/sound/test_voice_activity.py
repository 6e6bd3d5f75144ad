"""Speech regions lie within the clip, in order, short enough, and only where somebody speaks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import pipeline.demo
from pipeline import media
from pipeline.media import SAMPLE_RATE, Waveform
from pipeline.sound import synthetic
from pipeline.sound.voice_activity import VoiceActivityOptions, speech_regions

CLIPS = Path(pipeline.demo.__file__).parent / "clips"
ROUNDING_S = 1e-9  # a difference of two floats


def silence(seconds: float) -> Waveform:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Waveform:
    """A man reading, from 0.8 s to 16.7 s of 17.4 s."""
    path = tmp_path_factory.mktemp("speech") / "audio.wav"
    media.decode(CLIPS / "english_clear.mp4", path, 60.0)
    return media.read_audio(path)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3, 10.0])
def test_silence_has_no_region(seconds: float) -> None:
    assert speech_regions(silence(seconds)) == []


@pytest.mark.parametrize("name", [*synthetic.MUSIC, *synthetic.NOISE])
def test_music_and_noise_have_no_region(name: str) -> None:
    make = (synthetic.MUSIC | synthetic.NOISE)[name]
    assert speech_regions(make(10.0, 1)) == []


def test_speech_is_found_where_it_is(speech: Waveform) -> None:
    clip = np.concatenate([silence(3.0), speech, silence(3.0)])
    regions = speech_regions(clip)
    inside = sum(end - start for start, end in regions)
    assert regions[0][0] == pytest.approx(3.8, abs=0.3)
    assert regions[-1][1] == pytest.approx(19.7, abs=0.3)
    assert inside == pytest.approx(14.5, abs=1.0)


def test_a_long_clip_is_cut_into_regions_in_order(speech: Waveform) -> None:
    clip = np.tile(speech, 120 * SAMPLE_RATE // speech.size + 1)
    regions = speech_regions(clip, VoiceActivityOptions(max_region_s=4.0, min_silence_s=2.0))
    assert len(regions) > 20
    assert all(0 < end - start <= 4.0 + ROUNDING_S for start, end in regions)
    assert all(end <= start for (_, end), (start, _) in pairwise(regions))
    assert regions[-1][1] <= clip.size / SAMPLE_RATE
    assert regions == speech_regions(clip, VoiceActivityOptions(max_region_s=4.0, min_silence_s=2.0))


def test_a_clip_of_a_third_of_a_second_is_heard(speech: Waveform) -> None:
    loudest = int(np.argmax(np.convolve(np.square(speech), np.ones(4800), "valid")))
    regions = speech_regions(speech[loudest : loudest + 4800])
    assert len(regions) <= 1
    assert all(0 <= start < end <= 0.3 for start, end in regions)


def test_a_stretch_is_cut_where_it_is_quietest(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = synthetic.white_noise(16.0, 0)
    clip[round(8.9 * SAMPLE_RATE) : round(9.1 * SAMPLE_RATE)] *= 0.01  # the breath between two phrases
    monkeypatch.setattr(
        "faster_whisper.vad.get_speech_timestamps", lambda *_args, **_more: [{"start": 0, "end": clip.size}]
    )
    (first, second) = speech_regions(clip)
    assert first == (0.0, pytest.approx(9.0, abs=0.06))
    assert second == (first[1], 16.0)


@pytest.mark.parametrize("seconds", [10.0, 10.01, 20.0, 29.99, 30.0, 61.7])
def test_no_piece_is_longer_than_allowed(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = synthetic.pink_noise(seconds, 3)
    monkeypatch.setattr(
        "faster_whisper.vad.get_speech_timestamps", lambda *_args, **_more: [{"start": 0, "end": clip.size}]
    )
    regions = speech_regions(clip)
    assert all(0 < end - start <= 10.0 + ROUNDING_S for start, end in regions)
    assert (regions[0][0], regions[-1][1]) == (0.0, clip.size / SAMPLE_RATE)
    assert all(earlier[1] == later[0] for earlier, later in pairwise(regions))
