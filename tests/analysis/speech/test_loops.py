"""Loops of the decoder are cut, and what somebody really says again and again is kept as often as it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.speech.engine import Decoding, Language, Segment, SpeechEngine, Word
from pipeline.analysis.speech.languages import recognise_by_language
from pipeline.analysis.speech.loops import Repetition, decode_loops_again, repetitions, without_untimed
from pipeline.analysis.speech.spans import DecodedSpan, HeardSegment, SpeechSpan
from pipeline.analysis.speech.trust import MIN_TRUST, parts_of
from pipeline.analysis.speech.word_times import Stretch
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.demo_clips.make_clips import CLIPS_FOLDER

ENGLISH = Language("en", 0.95)
PHRASE = "what do we want"


def segment(text: str, length_s: float = 0.4, compression: float = 1.0, no_speech: float = 0.1) -> Segment:
    texts = text.split()
    words = tuple(Word(each, place * length_s, (place + 1) * length_s, 0.9) for place, each in enumerate(texts))
    return Segment(text, 0.0, len(texts) * length_s, words, -0.2, no_speech, compression, 0.0)


@dataclass
class FakeEngine:
    """Says one phrase for each second of sound, or nothing."""

    said: str = PHRASE
    compression: float = 1.0
    decoding: Decoding = field(default_factory=Decoding)
    heard: list[float] = field(default_factory=list)

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        return [ENGLISH for _ in waveforms]

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        return [{"en": 0.95} for _ in waveforms]

    def transcribe(self, waveforms: Sequence[Waveform], languages: Sequence[str]) -> list[list[Segment]]:
        self.heard += [waveform.size / SAMPLE_RATE for waveform in waveforms]
        return [[segment(self.said, compression=self.compression)] if self.said else [] for _ in waveforms]


def span_of(pieces: Sequence[Stretch], said: Segment) -> DecodedSpan:
    span = SpeechSpan(0.0, pieces[-1][1] + 0.2)
    waveform = np.zeros(round(span.end_s * SAMPLE_RATE), np.float32)
    return DecodedSpan(0, waveform, span, tuple(pieces), ENGLISH, (HeardSegment(span, ENGLISH, said),))


PIECES = [(place * 3.0 + 0.2, place * 3.0 + 2.6) for place in range(8)]
LOOP = segment(" ".join([PHRASE] * 15), compression=13.0)


def test_a_loop_is_decoded_again_in_pieces_of_speech() -> None:
    engine = FakeEngine()
    [again] = decode_loops_again(engine, [span_of(PIECES, LOOP)])
    assert [one.segment.text for one in again.heard] == [PHRASE] * 8
    assert [one.segment.start_s for one in again.heard] == pytest.approx([start - 0.2 for start, _ in PIECES])
    assert all(parts_of(one.segment, one.span, PIECES, ENGLISH).trust() >= MIN_TRUST for one in again.heard)


def test_short_pieces_are_decoded_together() -> None:
    engine = FakeEngine()
    decode_loops_again(engine, [span_of([(0.2, 0.6), (0.9, 1.4), (1.8, 2.6), (3.0, 6.0)], LOOP)])
    assert engine.heard == pytest.approx([2.8, 3.4])


@pytest.mark.parametrize(
    "said",
    [segment("we said it once"), replace(LOOP, no_speech_prob=0.8)],
    ids=["no loop", "a loop where nobody speaks"],
)
def test_other_text_is_not_decoded_again(said: Segment) -> None:
    engine, before = FakeEngine(), span_of(PIECES, said)
    assert decode_loops_again(engine, [before]) == [before]
    assert engine.heard == []


@pytest.mark.parametrize(("text", "compression"), [("", 1.0), (PHRASE, 14.0)])
def test_what_is_no_better_in_pieces_stays_with_its_alarm(text: str, compression: float) -> None:
    before = span_of(PIECES, LOOP)
    [again] = decode_loops_again(FakeEngine(text, compression), [before])
    [one] = again.heard
    assert parts_of(one.segment, one.span, PIECES, ENGLISH).trust() < MIN_TRUST


def test_repetitions_without_time_are_cut() -> None:
    words = segment(" ".join([PHRASE + ","] * 5)).words
    untimed = tuple(replace(word, end_s=word.start_s) if place >= 13 else word for place, word in enumerate(words))
    cut = without_untimed(Segment(" ".join([PHRASE + ","] * 5), 0.0, 8.0, untimed, -0.1, 0.1, 1.0, 0.0))
    assert cut.text == ", ".join([PHRASE] * 3) + ","
    assert len(cut.words) == 12
    assert cut.end_s == words[11].end_s


@pytest.mark.parametrize("text", [PHRASE, "no no", "that that is is", ""])
def test_a_word_without_time_alone_is_no_loop(text: str) -> None:
    plain = segment(text, length_s=0.0)
    assert without_untimed(plain) == plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no no no", [Repetition(0, 1, 3)]),
        ("and we say no no more", []),
        ("so a b c a b c d", [Repetition(1, 3, 2)]),
        ("a b a b a b", [Repetition(0, 2, 3)]),
        ("x x x a b c a b c", [Repetition(0, 1, 3), Repetition(3, 3, 2)]),
    ],
)
def test_phrases_that_follow_themselves(text: str, found: list[Repetition]) -> None:
    assert list(repetitions(text.split())) == found


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_repetitions_lie_apart_and_repeat(words: list[str]) -> None:
    end = 0
    for found in repetitions(words):
        assert found.first >= end
        end = found.first + found.words * found.times
        assert words[found.first : end] == words[found.first : found.first + found.words] * found.times


@given(st.integers(3, 9), st.integers(0, 9))
def test_only_repetitions_that_were_heard_are_left(said: int, looped: int) -> None:
    words = segment(" ".join([PHRASE] * (said + looped))).words
    end = words[4 * said - 1].end_s
    timed = tuple(word if word.end_s <= end else replace(word, start_s=end, end_s=end) for word in words)
    text = " ".join([PHRASE] * (said + looped))
    assert without_untimed(Segment(text, 0.0, end, timed, -0.1, 0.1, 1.0, 0.0)).text == " ".join([PHRASE] * said)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.usefixtures("weights")
def test_a_sentence_said_ten_times_is_heard_ten_times_and_trusted(whisper: SpeechEngine, tmp_path: Path) -> None:
    ffmpeg.decode(CLIPS_FOLDER / "english_clear.mp4", tmp_path / "clear.wav", 60.0)
    sound = audio.read_audio(tmp_path / "clear.wav")
    start, end = next(region for region in speech_regions(sound) if region[1] - region[0] > 1.5)
    sentence = sound[round(start * SAMPLE_RATE) : round(min(end, start + 3.0) * SAMPLE_RATE)]
    waveform = np.tile(np.concatenate([sentence, np.zeros(round(0.4 * SAMPLE_RATE), np.float32)]), 10)
    regions = speech_regions(waveform)
    [(_, heard)] = recognise_by_language(whisper, [(waveform, regions)])
    first = heard[0].segment.words[0].text.casefold()
    trusted = [one for one in heard if parts_of(one.segment, one.span, regions, one.language).trust() >= MIN_TRUST]
    times = sum(word.text.casefold() == first for one in trusted for word in one.segment.words)
    assert 9 <= times <= 11
