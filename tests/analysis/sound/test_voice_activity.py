"""Speech regions lie within the clip, in order, short enough, and only where somebody speaks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.analysis.sound.voice_activity import (
    Probabilities,
    VoiceActivityOptions,
    mean_probability,
    speech_probabilities,
    speech_regions,
)
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence import synthetic
from tests.support.paths import DEMO_CLIPS

CLIPS = DEMO_CLIPS
ROUNDING_S = 1e-9  # a difference of two floats


def silence(seconds: float) -> Waveform:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def speech_throughout(clip: Waveform) -> Probabilities:
    return np.ones(clip.size // 512 + 1, np.float32)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Waveform:
    """A man reading, from 0.8 s to 16.7 s of 17.4 s."""
    path = tmp_path_factory.mktemp("speech") / "audio.wav"
    ffmpeg.decode(CLIPS / "english_clear.mp4", path, 60.0)
    return audio.read_audio(path)


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


def test_a_stretch_is_cut_where_it_is_quietest() -> None:
    clip = synthetic.white_noise(16.0, 0)
    clip[round(8.9 * SAMPLE_RATE) : round(9.1 * SAMPLE_RATE)] *= 0.01  # the breath between two phrases
    (first, second) = speech_regions(clip, None, speech_throughout(clip))
    assert first == (0.0, pytest.approx(9.0, abs=0.06))
    assert second == (first[1], 16.0)


@pytest.mark.parametrize("seconds", [10.0, 10.01, 20.0, 29.99, 30.0, 61.7])
def test_no_piece_is_longer_than_allowed(seconds: float) -> None:
    clip = synthetic.pink_noise(seconds, 3)
    regions = speech_regions(clip, None, speech_throughout(clip))
    assert all(0 < end - start <= 10.0 + ROUNDING_S for start, end in regions)
    assert (regions[0][0], regions[-1][1]) == (0.0, clip.size / SAMPLE_RATE)
    assert all(earlier[1] == later[0] for earlier, later in pairwise(regions))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("shortest_s", [0.05, 0.25, 1.0])
@pytest.mark.parametrize("silence_s", [0.05, 0.3, 1.0])
def test_stretches_are_those_of_silero_itself(
    speech: Waveform, threshold: float, shortest_s: float, silence_s: float
) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    noisy = synthetic.mix(speech, synthetic.pink_noise(speech.size / SAMPLE_RATE, 0)[: speech.size], 0.0)
    clip = np.concatenate([speech[: 3 * SAMPLE_RATE], silence(0.25), noisy, speech[-SAMPLE_RATE:]])
    theirs = get_speech_timestamps(
        clip,
        VadOptions(
            threshold=threshold,
            min_speech_duration_ms=round(1000 * shortest_s),
            min_silence_duration_ms=round(1000 * silence_s),
            speech_pad_ms=100,
        ),
    )
    ours = speech_regions(clip, VoiceActivityOptions(threshold, shortest_s, silence_s, max_region_s=1000.0))
    assert ours == [(found["start"] / SAMPLE_RATE, found["end"] / SAMPLE_RATE) for found in theirs]


def test_a_probability_is_high_where_somebody_speaks(speech: Waveform) -> None:
    clip = np.concatenate([silence(3.0), speech])
    probabilities = speech_probabilities(clip)
    assert probabilities.size == clip.size // 512 + 1
    quiet, voiced = mean_probability(probabilities, 0.5, 2.5), mean_probability(probabilities, 5.0, 15.0)
    assert quiet is not None
    assert voiced is not None
    assert quiet < 0.1 < 0.7 < voiced
    assert mean_probability(probabilities, 1000.0, 1001.0) is None
    assert speech_regions(clip, None, probabilities) == speech_regions(clip)


def test_twenty_milliseconds_are_no_error(speech: Waveform) -> None:
    assert speech_regions(speech[SAMPLE_RATE : SAMPLE_RATE + 320]) == []
    probabilities = speech_probabilities(speech)
    assert mean_probability(probabilities, 1.0, 1.02) is not None
