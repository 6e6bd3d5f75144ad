"""Many voices together: chants, cheering and several voices at once, with their moments and their share of a clip."""

from __future__ import annotations

import pytest

from pipeline.records import SoundTagRow, SpeechEmbeddingRow, SpeechRegionRow, VocalEventRow
from tests.support.small_study import SmallStudy, angry, clip, row, said

CHANT = "what do we want Justice!"


def test_a_made_crowd_has_its_share_its_moments_and_its_words(study: SmallStudy) -> None:
    study.add(clip("a", caption=None), said("a", f"{CHANT} {CHANT} {CHANT}"))
    # the chant lasts 7.5 s of 10; cheering begins inside it and ends after it
    study.add([row(VocalEventRow, clip_id="a", kind="cheering", start_s=7.0, end_s=8.5)])
    study.add([row(SoundTagRow, clip_id="a", tag="Crowd", max_score=0.7, max_at_s=3.0)])
    [found] = study.ask("collective_voice")
    assert found["together_s"] == pytest.approx(8.5)
    assert found["together_share"] == pytest.approx(0.85)
    assert (found["starts_s"], found["ends_s"]) == ([0.0], [8.5])
    assert found["kinds"] == ["chant", "cheering"]
    assert found["phrases"] == [CHANT]
    assert (found["crowd_score"], found["applause_score"], found["tag_at_s"]) == (0.7, None, 3.0)


def test_moments_apart_are_stretches_apart(study: SmallStudy) -> None:
    study.add(clip("a", [(1.0, 2.0, angry(0.9)), (5.0, 8.0, angry(0.9))], caption=None))
    for region in (0, 1):
        study.add([row(SpeechEmbeddingRow, clip_id="a", region=region, overlap_probability=0.9)])
    [found] = study.ask("collective_voice")
    assert (found["starts_s"], found["ends_s"], found["kinds"]) == ([1.0, 5.0], [2.0, 8.0], ["several_voices"])
    assert found["together_share"] == pytest.approx(0.4)


def test_music_is_not_several_voices(study: SmallStudy) -> None:
    study.add([row(SpeechRegionRow, clip_id="a", region=0, start_s=0.0, end_s=9.0, music_score=0.8)])
    study.add(clip("a", caption=None), [row(SpeechEmbeddingRow, clip_id="a", region=0, overlap_probability=0.9)])
    assert study.ask("collective_voice") == []


def test_a_crowd_that_the_tagger_alone_hears_has_no_moments(study: SmallStudy) -> None:
    study.add(clip("a"), [row(SoundTagRow, clip_id="a", tag="Applause", max_score=0.4, max_at_s=2.0)])
    [found] = study.ask("collective_voice")
    assert (found["together_s"], found["kinds"], found["applause_score"]) == (0.0, None, 0.4)


def test_one_voice_is_no_crowd(study: SmallStudy) -> None:
    study.add(clip("a", [(0.0, 4.0, angry(0.9))], caption=None), said("a", "I love this bag"))
    study.add([row(SpeechEmbeddingRow, clip_id="a", region=0, overlap_probability=0.1)])
    study.add([row(SoundTagRow, clip_id="a", tag="Shout", max_score=0.05)])
    assert study.ask("collective_voice") == []
