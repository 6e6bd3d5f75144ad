"""Words cut to speech: the silence before the first word is not the word's, and a word keeps its place in the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.speech.engine import Segment, Word
from pipeline.analysis.speech.word_times import NEAR_S, cut_to_speech

REGIONS = [(1.0, 2.0), (4.0, 5.0), (5.0, 6.0)]  # the last two are one stretch of speech, cut for the tone model


def segment(*times: tuple[float, float]) -> Segment:
    words = tuple(Word(f"word{number}", start, end, 0.9) for number, (start, end) in enumerate(times))
    return Segment("text", times[0][0], times[-1][1], words, -0.2, 0.1, 1.1, 0.0)


@pytest.mark.parametrize(
    ("whisper", "right"),
    [
        ((2.1, 4.3), (4.0, 4.3)),  # the first word after a pause
        ((1.7, 4.2), (4.0, 4.2)),  # its start lies in what was said before the pause
        ((1.5, 4.05), (1.5, 2.0)),  # the last word before it, with an end a little too late
        ((0.7, 1.3), (1.0, 1.3)),
        ((1.8, 2.2), (1.8, 2.0)),
        ((4.8, 5.3), (4.8, 5.3)),  # across a cut inside speech
        ((3.7, 3.9), (4.0, 4.0)),  # its true time is not known, but where it belongs is
        ((2.1, 2.3), (2.0, 2.0)),
        ((9.0, 9.4), (9.0, 9.4)),  # nobody speaks near
        ((1.4, 1.4), (1.4, 1.4)),
    ],
)
def test_a_word_keeps_what_lies_in_speech(whisper: tuple[float, float], right: tuple[float, float]) -> None:
    [word] = cut_to_speech(segment(whisper), REGIONS).words
    assert (word.start_s, word.end_s) == pytest.approx(right)


def test_a_segment_begins_and_ends_with_its_words() -> None:
    cut = cut_to_speech(segment((2.1, 4.3), (4.3, 4.6), (4.6, 6.4)), REGIONS)
    assert (cut.start_s, cut.end_s) == pytest.approx((4.0, 6.0))


def test_a_segment_without_words_and_a_clip_without_speech_stay_as_they_are() -> None:
    wordless = Segment("text", 2.0, 4.5, (), -0.2, 0.1, 1.1, 0.0)
    assert cut_to_speech(wordless, REGIONS) == wordless
    assert cut_to_speech(segment((2.1, 4.3)), []) == segment((2.1, 4.3))


def _in_order(edges: list[float]) -> list[tuple[float, float]]:
    ordered = sorted(edges)
    return list(zip(ordered[::2], ordered[1::2], strict=False))


TIMES = st.lists(st.integers(0, 300).map(lambda step: step / 10), min_size=2, max_size=20)


@given(TIMES.map(_in_order), TIMES.map(_in_order))
def test_every_word_near_speech_lies_in_it_and_the_order_stays(
    regions: list[tuple[float, float]], times: list[tuple[float, float]]
) -> None:
    regions = [region for region in regions if region[1] > region[0]]
    cut = cut_to_speech(segment(*times), regions).words
    for word, (start, end) in zip(cut, times, strict=True):
        near = any(first - end <= NEAR_S and start - last <= NEAR_S for first, last in regions)
        edges = [first for first, _ in regions], [last for _, last in regions]
        assert not near or (
            any(first <= word.start_s for first in edges[0])
            and any(word.end_s <= last for last in edges[1])
            and any(first <= (word.start_s + word.end_s) / 2 <= last + 0.05 for first, last in regions)
        )
    starts = [word.start_s for word in cut]
    assert starts == sorted(starts)
    assert all(word.start_s <= word.end_s for word in cut)
