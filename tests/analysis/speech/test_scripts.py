"""The script of a text fits its language, or the speech is decoded again, or the segment is not trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.speech.engine import LANGUAGES, Decoding, Language, Segment
from pipeline.analysis.speech.scripts import _table, in_own_script, script_fit
from pipeline.analysis.speech.spans import HeardSegment, SpeechSpan
from pipeline.analysis.speech.trust import MIN_TRUST, parts_of
from pipeline.media.audio import SAMPLE_RATE, Waveform

HINDI, ARABIC, LATIN = "यह विद्युत के बारे में एक वाक्य है", "این ایک جملے کے ہونے کے کارن", "Mahilao ke clothing ke saath"
SPAN = SpeechSpan(0.0, 3.0)
SILENCE = np.zeros(3 * SAMPLE_RATE, np.float32)


def segment(text: str) -> Segment:
    return Segment(text, 0.0, 3.0, (), math.log(0.9), 0.05, 1.2, 0.0)


def heard(text: str, code: str = "hi") -> HeardSegment:
    return HeardSegment(SPAN, Language(code, 0.99), segment(text))


@dataclass
class FakeEngine:
    """Writes one text when it is given a prompt."""

    text: str
    compression: float = 1.2
    decoding: Decoding = field(default_factory=Decoding)
    prompts: list[str | None] = field(default_factory=list)

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        raise AssertionError("the language is known")

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        raise AssertionError("the language is known")

    def transcribe(
        self, waveforms: Sequence[Waveform], languages: Sequence[str], prompt: str | None = None
    ) -> list[list[Segment]]:
        self.prompts.append(prompt)
        return [
            [replace(segment(self.text), compression_ratio=self.compression)] if self.text else [] for _ in waveforms
        ]


@pytest.mark.parametrize(
    ("text", "language", "fit"),
    [
        (HINDI, "hi", 1.0),
        (ARABIC, "hi", 0.0),
        (LATIN, "hi", 0.0),
        (ARABIC, "ur", 1.0),
        ("Ово је српски језик", "sr", 1.0),
        ("Ovo je srpski jezik", "sr", 1.0),
        ("Bu oʻzbek tilidagi gap", "uz", 1.0),
        ("Бу ўзбек тилидаги гап", "uz", 1.0),
        ("これは日本語で書かれた文です。", "ja", 1.0),
        ("コーヒーを飲みますコーヒー", "ja", 1.0),
        ("This is English text", "en", 1.0),
        ("Это русский текст", "en", 0.0),
        ("Eto russkij tekst", "ru", 0.0),
        ("OK, 2026!", "ru", 1.0),  # too few letters to tell
        ("", "hi", 1.0),
    ],
)
def test_letters_of_the_languages_scripts_are_counted(text: str, language: str, fit: float) -> None:
    assert script_fit(text, language) == fit


def test_a_strange_word_in_a_text_costs_its_letters_alone() -> None:
    assert 0.6 < script_fit(f"{HINDI} polyester", "hi") < 1.0


def test_prompts_are_in_the_script_of_their_language() -> None:
    table = _table()
    assert set(table["scripts"]) - {"yue"} <= set(LANGUAGES)
    assert set(table["prompts"]) <= set(table["scripts"])
    assert all(script_fit(prompt, code) == 1.0 for code, prompt in table["prompts"].items())


@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_the_fit_is_a_share(text: str, language: str) -> None:
    assert 0.0 <= script_fit(text, language) <= 1.0


@pytest.mark.parametrize("text", [ARABIC, LATIN])
def test_a_text_in_a_strange_script_is_decoded_again_with_a_prompt(text: str) -> None:
    engine = FakeEngine(HINDI)
    [again] = in_own_script(engine, SILENCE, [heard(text)])
    assert again.segment.text == HINDI
    assert engine.prompts == [_table()["prompts"]["hi"]]
    assert parts_of(again.segment, again.span, [(0.0, 3.0)], again.language).trust() >= MIN_TRUST


@pytest.mark.parametrize(("answer", "compression"), [("", 1.0), (LATIN, 1.0), (HINDI, 9.0)])
def test_where_that_does_not_help_the_segment_is_not_trusted(answer: str, compression: float) -> None:
    [again] = in_own_script(FakeEngine(answer, compression), SILENCE, [heard(ARABIC)])
    assert again == heard(ARABIC)
    assert parts_of(again.segment, again.span, [(0.0, 3.0)], again.language).trust() == 0.0
    assert parts_of(again.segment, again.span, [(0.0, 3.0)], Language("hi", None)).trust() == 0.0


@pytest.mark.parametrize(("text", "code"), [(HINDI, "hi"), ("Ovo je srpski jezik", "sr"), ("Eto ne po-angliski", "en")])
def test_what_fits_is_left_alone(text: str, code: str) -> None:
    engine = FakeEngine("other")
    assert in_own_script(engine, SILENCE, [heard(text, code)]) == [heard(text, code)]
    assert engine.prompts == []
