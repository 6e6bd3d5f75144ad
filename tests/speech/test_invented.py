"""Which segments are Whisper's invention: measured cases of both kinds."""

from __future__ import annotations

import pytest

from pipeline.speech.engine import Decoding, Segment
from pipeline.speech.invented import is_invented


def segment(text: str, compression_ratio: float, no_speech_prob: float, window_s: float = 0.0) -> Segment:
    return Segment(text, window_s, window_s + 1, (), -0.5, no_speech_prob, compression_ratio, 0.0, window_s)


@pytest.mark.parametrize(
    ("duration_s", "found"),
    [
        (0.5, segment("I'm sorry, I'm sorry, I'm sorry, I'm sorry.", 23.6, 0.75, 0.44)),  # the rest after a last word
        (10.0, segment("Thank you.", 0.6, 0.3, 9.6)),
        (0.3, segment("I'm not sure if I'm going to be able to do this, I'm not sure", 5.3, 0.71)),  # silence
        (6.7, segment("― ― ― ― ― ―", 2.9, 0.01)),
        (6.7, segment("♪♪", 0.5, 0.01)),
    ],
)
def test_what_nobody_said_is_invented(duration_s: float, found: Segment) -> None:
    assert is_invented(found, duration_s, Decoding())


@pytest.mark.parametrize(
    ("duration_s", "found"),
    [
        (7.55, segment("narcotic poisoning.", 0.7, 0.10, 5.96)),  # a second window of a short utterance
        (23.5, segment("Please stay on the line.", 1.8, 0.61)),  # speech under music
        (12.0, segment("No no no no no no no no no no no no no no no", 3.1, 0.2)),  # a chant
        (0.3, segment("How", 0.3, 0.34)),  # a short clip has one window, however short
        (5.0, segment("42", 0.2, 0.1)),
        (5.0, segment("你好", 0.2, 0.1)),
    ],
)
def test_what_was_said_is_kept(duration_s: float, found: Segment) -> None:
    assert not is_invented(found, duration_s, Decoding())
