"""Copies of the corpus: what is judged on is never trained on, and a copy holds nobody but its own speaker."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.levels import level_dbfs
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence.synthetic import LEVEL_DBFS
from pipeline.research.starter import copies
from pipeline.research.starter.corpus import Speech


def speech(seconds: float = 1.5) -> Speech:
    """Buzzing voices: two speakers, two tones, twice each."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitches = (110.0, 115.0, 150.0, 155.0, 210.0, 215.0, 280.0, 285.0)
    waveforms = tuple(
        (0.05 * sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 20))).astype(np.float32)
        for pitch in pitches
    )
    emotions = np.array(["sad", "sad", "angry", "angry"] * 2)
    return Speech(waveforms, emotions, np.array(["a"] * 4 + ["b"] * 4))


@pytest.mark.slow
def test_a_training_copy_keeps_the_list_and_repeats() -> None:
    given = speech()
    copy, again, other = (copies.training_copy(given, number) for number in (1, 1, 2))
    assert copy.emotions.tolist() == given.emotions.tolist()
    assert copy.speakers.tolist() == given.speakers.tolist()
    assert len(copy.waveforms) == len(given.waveforms)
    assert all(np.array_equal(one, two) for one, two in zip(copy.waveforms, again.waveforms, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(copy.waveforms, other.waveforms, strict=True))
    for waveform in copy.waveforms:
        assert waveform.dtype == np.float32
        assert np.isfinite(waveform).all()
        assert 0.8 * SAMPLE_RATE < waveform.size < 1.2 * copies.LONGEST_S * SAMPLE_RATE
        assert abs((level_dbfs(waveform) or 0.0) - LEVEL_DBFS) < 3.0


def test_lengths_differ_so_that_length_gives_no_tone_away() -> None:
    sizes = {waveform.size for waveform in copies.training_copy(speech(), 0).waveforms}
    assert len(sizes) > 3


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_a_copy_of_one_speaker_does_not_change_with_another(number: int) -> None:
    """Otherwise a speaker who is left out would be heard in training all the same."""
    given = speech()
    mine = given.speakers == "a"
    noise = np.random.default_rng(0).normal(0, 0.1, (8, given.waveforms[0].size)).astype(np.float32)
    swapped = tuple(noise[i] if not mine[i] else waveform for i, waveform in enumerate(given.waveforms))
    # before the codec, which puts all utterances into one file
    before = [copies._changed_utterance(given, i, np.random.default_rng((number, i))) for i in np.flatnonzero(mine)]
    changed = Speech(swapped, given.emotions, given.speakers)
    after = [copies._changed_utterance(changed, i, np.random.default_rng((number, i))) for i in np.flatnonzero(mine)]
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))


def test_joined_speech_is_of_one_speaker_and_one_tone() -> None:
    given = speech()
    for seed in range(40):
        random = np.random.default_rng(seed)
        joined = copies._of_other_length(given, 0, random)
        if joined.size > given.waveforms[0].size:
            spectrum = np.abs(np.fft.rfft(joined))
            hertz = np.fft.rfftfreq(joined.size, 1 / SAMPLE_RATE)
            low, rest = (spectrum[(hertz > a) & (hertz < b)].max() for a, b in ((105, 120), (130, 215)))
            assert low > 3 * rest  # 110 and 115 Hz are the sad ones of this speaker
            return
    pytest.fail("nothing was joined")


def test_the_first_way_to_judge_is_the_clean_corpus_itself() -> None:
    given = speech()
    assert next(iter(copies.JUDGING)) == "clean"
    assert copies.JUDGING["clean"](given) is given


@pytest.mark.slow
@pytest.mark.parametrize("way", [way for way in copies.JUDGING if way != "clean"])
def test_a_judging_copy_is_changed_repeats_and_keeps_the_list(way: str) -> None:
    given = speech()
    copy, again = (copies.JUDGING[way](given) for _ in range(2))
    assert copy.speakers.tolist() == given.speakers.tolist()
    assert copy.emotions.tolist() == given.emotions.tolist()
    for before, after, repeated in zip(given.waveforms, copy.waveforms, again.waveforms, strict=True):
        assert np.array_equal(after, repeated)
        if way == "other voice":
            assert after.size in [round(before.size / speed) for speed in copies.SPEEDS]
        elif way == "tempo":
            assert after.size in [pytest.approx(before.size * tempo, rel=0.01) for tempo in copies.TEMPI]
        else:
            assert after.size == before.size
        assert not np.array_equal(before, after)


def test_judging_shares_no_codec_with_training() -> None:
    trained = {codec.encoder for codec in copies.TRAINING_CODECS if codec}
    assert not trained & {copies.AAC_64.encoder, copies.AAC_32.encoder}
    assert copies.JUDGING_SEED != copies.TRAINING_SEED
