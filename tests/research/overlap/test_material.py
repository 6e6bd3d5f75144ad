"""Mixtures are what they say: who speaks, how loud, for how long, and the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.analysis.heads.overlap import ONE, SEVERAL
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence.synthetic import at_level
from pipeline.research.overlap import material
from pipeline.research.starter.corpus import Speech

GROUPS = {"a": 0, "b": 0, "c": 1, "d": 1}


def tone(hertz: float, seconds: float = 1.5) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return at_level(np.sin(2 * np.pi * hertz * time))


def power_db(waveform: Waveform, hertz: float) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size))) ** 2
    near = np.abs(np.fft.rfftfreq(waveform.size, 1 / SAMPLE_RATE) - hertz) < 10
    return float(10 * np.log10(spectrum[near].sum()))


@pytest.fixture
def speech() -> Speech:
    names = [name for name in GROUPS for _ in range(2)]
    waveforms = tuple(tone(200.0 + 50 * number) for number in range(len(names)))
    return Speech(waveforms, np.full(len(names), "neutral"), np.array(names))


@pytest.mark.parametrize("difference", [0.0, 3.0, 6.0])
def test_the_second_voice_is_as_much_quieter_as_asked(difference: float) -> None:
    first, second = tone(300.0, 3.0), tone(700.0, 0.5)
    together = material.lay_over(first, second, difference, np.random.default_rng(1))
    assert together.size == first.size
    middle = together[round(1.3 * SAMPLE_RATE) : round(1.7 * SAMPLE_RATE)]  # 60 % of 3 s always cover this
    assert power_db(middle, 300) - power_db(middle, 700) == pytest.approx(difference, abs=0.5)


def test_the_second_voice_lies_over_at_least_three_fifths_of_the_first() -> None:
    first = tone(300.0, 2.0)
    for seed in range(20):
        together = material.lay_over(first, tone(700.0, 2.0), 0.0, np.random.default_rng(seed))
        change = np.abs(together / np.abs(together).max() - first / np.abs(first).max()) > 0.02
        first_at, last_at = np.flatnonzero(change)[[0, -1]]
        assert 0.55 <= (last_at - first_at) / first.size <= 1.0


@pytest.mark.slow
def test_a_training_copy_has_each_utterance_as_one_voice_and_as_two(speech: Speech) -> None:
    copy = material.training_copy(speech, 0, GROUPS)
    assert copy.emotions.tolist() == [ONE] * 8 + [SEVERAL] * 8
    assert all(np.isfinite(waveform).all() and waveform.size >= SAMPLE_RATE for waveform in copy.waveforms)
    for own, names in zip(speech.speakers, copy.speakers[8:], strict=True):
        first, second = names.split("+")
        assert first == own != second
        assert GROUPS[first] == GROUPS[second], "copies of even numbers stay within a group"
    again = material.training_copy(speech, 0, GROUPS)
    assert all(np.array_equal(one, two) for one, two in zip(copy.waveforms, again.waveforms, strict=True))
    across = {tuple(names.split("+")) for names in material.training_copy(speech, 1, GROUPS).speakers[8:]}
    assert any(GROUPS[first] != GROUPS[second] for first, second in across)


@pytest.mark.slow
def test_judging_names_who_speaks_in_each_sound(speech: Speech) -> None:
    ways = dict(material.judging(speech, GROUPS))
    assert set(ways) >= {f"{ONE}, clean", f"{ONE}, music", f"{SEVERAL} at 0 dB, music", f"{SEVERAL} at 6 dB, clean"}
    for way, judged in ways.items():
        assert len(judged.waveforms) == 8
        assert set(judged.emotions.tolist()) == {SEVERAL if way.startswith(SEVERAL) else ONE}
        assert all(GROUPS[name] == GROUPS[own] for own, names in zip(speech.speakers, judged.speakers, strict=True)
                   for name in names.split("+"))  # fmt: skip
    assert all("+" in names for names in ways[f"{ONE} after another, clean"].speakers)


def test_pieces_of_read_speech_know_their_speaker(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "7-1-0.flac", tone(200.0, 17.5), SAMPLE_RATE)
    soundfile.write(tmp_path / "9-1-0.flac", tone(300.0, 8.5), SAMPLE_RATE)
    pieces = material.read_pieces(tmp_path)
    assert pieces.speakers.tolist() == ["7", "7", "7", "9"], "what is left is kept if it is a second long"
    soundfile.write(tmp_path / "nobody.flac", tone(200.0), SAMPLE_RATE)
    with pytest.raises(UserError, match="nobody knows who speaks"):
        material.read_pieces(tmp_path)
