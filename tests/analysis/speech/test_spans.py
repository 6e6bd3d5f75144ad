"""Spans of speech: what is joined, what is cut out, and where the times of the words end up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from pipeline.analysis.speech.engine import Decoding, Language, Segment, Word
from pipeline.analysis.speech.spans import HeardSegment, SpeechSpan, joined_text, recognise, spans_of
from pipeline.media.audio import SAMPLE_RATE, Waveform


def segment(text: str, start_s: float, end_s: float) -> Segment:
    return Segment(text, start_s, end_s, (Word(text, start_s, end_s, 0.9),), -0.2, 0.1, 1.1, 0.0)


@dataclass
class FakeEngine:
    """Says how long each waveform is that it is given."""

    decoding: Decoding = field(default_factory=Decoding)
    detected_on: list[int] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    other: Language = field(default_factory=lambda: Language("es", 0.8))  # of whatever is not four seconds long

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        self.detected_on += [waveform.size for waveform in waveforms]
        return [Language("es", 0.8) if each.size == 4 * SAMPLE_RATE else self.other for each in waveforms]

    def transcribe(self, waveforms: Sequence[Waveform], languages: Sequence[str]) -> list[list[Segment]]:
        self.languages += languages
        return [[segment(f"{waveform.size}", 0.5, 30.0)] for waveform in waveforms]


def test_close_regions_are_one_span_and_far_ones_are_not() -> None:
    spans = spans_of([(1.0, 2.0), (3.9, 5.0), (7.0, 8.0)], 10.0)
    assert spans == [SpeechSpan(0.8, 5.2), SpeechSpan(6.8, 8.2)]


def test_spans_stay_inside_the_clip_and_apart() -> None:
    spans = spans_of([(0.1, 1.0), (3.0, 4.9)], 5.0)
    assert spans == [SpeechSpan(0.0, 1.2), SpeechSpan(2.8, 5.0)]
    assert spans[0].end_s < spans[1].start_s


def test_regions_may_overlap_and_come_in_any_order() -> None:
    assert spans_of([(4.0, 4.5), (1.0, 6.0)], 10.0) == [SpeechSpan(0.8, 6.2)]
    assert spans_of([], 10.0) == []


def test_each_span_is_decoded_apart_in_the_language_of_the_longest() -> None:
    engine = FakeEngine()
    waveform = np.zeros(20 * SAMPLE_RATE, dtype=np.float32)
    ((language, heard),) = recognise(engine, [(waveform, [SpeechSpan(1.0, 2.0), SpeechSpan(10.0, 14.0)])])
    assert language == Language("es", 0.8)
    assert engine.detected_on == [4 * SAMPLE_RATE]
    assert engine.languages == ["es", "es"]
    assert [one.segment.text for one in heard] == [str(SAMPLE_RATE), str(4 * SAMPLE_RATE)]


@pytest.mark.parametrize(
    ("other", "seconds", "code"),
    [
        (Language("fr", 0.95), 3.5, "fr"),
        (Language("fr", 0.7), 3.5, "es"),  # not sure enough
        (Language("fr", 0.99), 2.0, "es"),  # too short to tell
    ],
)
def test_a_span_surely_in_another_language_is_decoded_in_it(other: Language, seconds: float, code: str) -> None:
    engine = FakeEngine(other=other)
    waveform = np.zeros(20 * SAMPLE_RATE, dtype=np.float32)
    spans = [SpeechSpan(1.0, 1.0 + seconds), SpeechSpan(10.0, 14.0)]
    ((main, heard),) = recognise(engine, [(waveform, spans)])
    assert main.code == "es"
    assert [one.language.code for one in heard] == [code, "es"]
    assert engine.languages == [code, "es"]


def test_a_given_language_is_not_detected_again() -> None:
    engine = FakeEngine()
    waveform = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    ((language, _),) = recognise(engine, [(waveform, [SpeechSpan(0.0, 1.0)])], Language("fr", None))
    assert (language.code, language.probability) == ("fr", None)
    assert engine.detected_on == []
    assert engine.languages == ["fr"]


def test_times_are_those_of_the_clip_and_end_with_the_span() -> None:
    placed = SpeechSpan(10.0, 14.0).placed(segment("word", 0.5, 30.0))
    assert (placed.start_s, placed.end_s) == (10.5, 14.0)
    assert (placed.words[0].start_s, placed.words[0].end_s) == (10.5, 14.0)


@pytest.mark.parametrize(
    ("codes", "text"),
    [(("en", "en"), "one two"), (("ja", "ja"), "onetwo"), (("zh", "en"), "one two"), (("en", "zh"), "one two")],
)
def test_text_is_joined_as_its_languages_are_written(codes: tuple[str, str], text: str) -> None:
    heard = [
        HeardSegment(SpeechSpan(0.0, 2.0), Language(code, 1.0), segment(word, 0.0, 1.0))
        for code, word in zip(codes, ("one", "two"), strict=True)
    ]
    assert joined_text(heard) == text


def test_nothing_is_left_out_and_each_segment_has_its_span(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    monkeypatch.setattr(engine, "transcribe", lambda *_: [[segment("♪", 0.1, 0.2), segment("word", 0.2, 0.5)]])
    waveform = np.zeros(SAMPLE_RATE, dtype=np.float32)
    ((_, heard),) = recognise(engine, [(waveform, [SpeechSpan(0.0, 1.0)])], Language("en", None))
    assert [(one.span, one.segment.text) for one in heard] == [
        (SpeechSpan(0.0, 1.0), "♪"),
        (SpeechSpan(0.0, 1.0), "word"),
    ]


def test_clips_are_recognised_together_and_each_keeps_its_own() -> None:
    engine = FakeEngine(other=Language("fr", 0.95))
    waveform = np.zeros(20 * SAMPLE_RATE, dtype=np.float32)
    one, two = recognise(
        engine, [(waveform, [SpeechSpan(0.0, 3.5), SpeechSpan(10.0, 14.0)]), (waveform, [SpeechSpan(1.0, 2.0)])]
    )
    assert (one[0].code, [heard.language.code for heard in one[1]]) == ("es", ["fr", "es"])
    assert [heard.segment.text for heard in one[1]] == ["56000", "64000"]
    assert (two[0].code, [heard.segment.start_s for heard in two[1]]) == ("fr", [1.5])
    assert engine.detected_on == [4 * SAMPLE_RATE, SAMPLE_RATE, round(3.5 * SAMPLE_RATE)]
