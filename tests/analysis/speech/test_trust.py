"""Trust and its parts: each sign alone lowers it, and what is not known leaves it alone."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from pipeline.analysis.speech.engine import Language, Segment
from pipeline.analysis.speech.spans import SpeechSpan
from pipeline.analysis.speech.trust import WEIGHTS, Parts, originality, overlap_share, parts_of, variety

ENGLISH = Language("en", 0.9)
SPAN = SpeechSpan(10.0, 20.0)
BEST = Parts(**dict.fromkeys((field.name for field in dataclasses.fields(Parts)), 1.0))


def segment(text: str = "Marianne went home with her sister.", **changed: Any) -> Segment:
    plain = Segment(text, 11.0, 13.0, (), math.log(0.8), 0.1, 1.2, 0.0)
    return dataclasses.replace(plain, **changed)


def test_the_parts_of_a_clear_segment() -> None:
    parts = parts_of(segment(), SPAN, [(10.2, 12.0), (12.5, 19.0)], ENGLISH)
    assert dataclasses.asdict(parts) == pytest.approx(
        {
            "speech_overlap": 0.75,
            "token_probability": 0.8,
            "voice_probability": 0.9,
            "incompressible": 1.0,
            "variety": 1.0,
            "originality": 1.0,
            "language_probability": 0.9,
            "window_fill": 1.0,
        }
    )


def test_trust_is_the_weighted_geometric_mean_of_what_is_known() -> None:
    parts = dataclasses.replace(BEST, token_probability=0.5, voice_probability=0.25)
    weights = {**dict.fromkeys(WEIGHTS, 0.0), "token_probability": 2.0, "voice_probability": 1.0}
    assert parts.trust(weights) == pytest.approx((0.5**2 * 0.25) ** (1 / 3))
    weights["language_probability"] = 5.0
    unknown = dataclasses.replace(parts, language_probability=None)
    assert unknown.trust(weights) == pytest.approx((0.5**2 * 0.25) ** (1 / 3))
    assert BEST.trust() == 1.0


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Parts)])
def test_each_part_lowers_trust_and_zero_leaves_none(name: str) -> None:
    worse = [dataclasses.replace(BEST, **{name: value}).trust() for value in (0.9, 0.5, 0.1)]
    assert 1.0 > worse[0] > worse[1] > worse[2] > 0.0
    assert dataclasses.replace(BEST, **{name: 0.0}).trust() == 0.0


def test_weights_belong_to_the_parts() -> None:
    assert set(WEIGHTS) == {field.name for field in dataclasses.fields(Parts)}
    assert all(weight > 0 for weight in WEIGHTS.values())


@pytest.mark.parametrize(
    ("changed", "part", "value"),
    [
        ({"avg_logprob": -1.0}, "token_probability", math.exp(-1.0)),
        ({"avg_logprob": 0.001}, "token_probability", 1.0),  # a rounding of the engine
        ({"no_speech_prob": 1.0}, "voice_probability", 0.0),
        ({"compression_ratio": 2.4}, "incompressible", 1.0),
        ({"compression_ratio": 4.8}, "incompressible", 0.5),
        ({"start_s": 30.0, "end_s": 31.0}, "speech_overlap", 0.0),
        ({"window_s": 9.75}, "window_fill", 0.5),  # a quarter of a second of the span is left
        ({"window_s": 9.0}, "window_fill", 1.0),
        ({"window_s": 10.5}, "window_fill", 0.0),
    ],
)
def test_each_sign_is_read_from_the_segment(changed: dict[str, Any], part: str, value: float) -> None:
    parts = parts_of(segment(**changed), SPAN, [(10.0, 20.0)], ENGLISH)
    assert getattr(parts, part) == pytest.approx(value)


def test_a_short_clip_has_one_window_however_short() -> None:
    assert parts_of(segment(), SpeechSpan(0.0, 0.3), [], ENGLISH).window_fill == 1.0


def test_a_given_language_has_no_probability() -> None:
    assert parts_of(segment(), SPAN, [], Language("fr", None)).language_probability is None


@pytest.mark.parametrize(
    ("start_s", "end_s", "share"),
    [(0.0, 1.0, 0.0), (0.0, 2.0, 0.5), (1.2, 1.4, 1.0), (2.0, 5.0, 2 / 3), (1.5, 1.5, 1.0), (0.5, 0.5, 0.0)],
)
def test_overlap_counts_time_inside_regions(start_s: float, end_s: float, share: float) -> None:
    assert overlap_share(start_s, end_s, [(1.0, 3.0), (4.0, 5.0)]) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("I'm sorry, I'm sorry, I'm sorry, I'm sorry.", "en", 2 / 7),
        ("1-2-3-4-4-4-4-4-4-4-4", "nn", 4 / 10),
        ("No. No! no", "en", 1 / 2),  # a chant is not nothing
        ("Marianne went home", "en", 1.0),
        ("Hello", "en", 1.0),
        ("♪♪", "en", 0.0),
        ("― ― ― ―", "la", 0.0),
        ("", "en", 0.0),
        ("谢谢谢谢谢谢", "zh", 1 / 5),
        ("你好吗", "zh", 1.0),
    ],
)
def test_variety_falls_with_repetition(text: str, language: str, expected: float) -> None:
    assert variety(text, language) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Untertitel im Auftrag des ZDF, 2020", 0.0),
        (" Sous-titres réalisés para la communauté d'Amara.org", 0.0),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", 0.0),
        ("Thank you for watching!", 0.5),
        ("ご視聴ありがとうございました。", 0.5),
        ("You", 0.5),
        ("Thank you for watching my sister while I was away.", 1.0),
        ("You know what I mean", 1.0),
        ("Der Untertitel ist falsch", 1.0),
    ],
)
def test_stock_phrases_are_known_in_many_languages(text: str, expected: float) -> None:
    assert originality(text) == expected


@pytest.mark.parametrize(
    ("text", "logprob", "no_speech", "compression"),
    [  # what Whisper base wrote on music, noise and silence
        ("You", -0.89, 0.75, 0.27),
        ("1-2-3-4-4-4-4-4-4-4-4-4-4-4-4-4-4-4", -0.08, 0.80, 13.12),
        ("I'm sorry, I'm sorry, I'm sorry, I'm sorry, I'm sorry,", -0.10, 0.77, 23.62),
    ],
)
def test_inventions_rank_below_speech_even_where_voice_activity_fires(
    text: str, logprob: float, no_speech: float, compression: float
) -> None:
    found = segment(text, avg_logprob=logprob, no_speech_prob=no_speech, compression_ratio=compression)
    invented = parts_of(found, SPAN, [(10.0, 20.0)], Language("en", 0.4)).trust()
    under_music = segment("Please stay on the line.", avg_logprob=-0.6, no_speech_prob=0.4, compression_ratio=1.0)
    said = parts_of(under_music, SPAN, [(10.0, 20.0)], Language("en", 0.8)).trust()
    assert invented < said
