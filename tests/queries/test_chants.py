"""Phrases that a clip says again and again."""

from __future__ import annotations

import pytest

from pipeline.records import SegmentTrustRow
from tests.support.small_study import SmallStudy, clip, row, said

CHANT = "what do we want Justice!"


def test_a_chant_is_one_phrase_with_its_times(study: SmallStudy) -> None:
    study.add(clip("a", caption=None), said("a", f"listen {CHANT} {CHANT} {CHANT} {CHANT} thank you"))
    [found] = study.ask("chants")
    assert (found["clip_id"], found["phrase"], found["times"], found["in_a_row"]) == ("a", CHANT, 4, 3)
    assert len(found["starts_s"]) == 4
    assert found["starts_s"][0] == found["start_s"] < found["end_s"]
    assert found["crowd_score"] is None


def test_a_refrain_comes_back_after_other_words(study: SmallStudy) -> None:
    study.add(clip("a", caption=None), said("a", f"{CHANT} one two {CHANT} three four {CHANT}"))
    [found] = study.ask("chants")
    assert (found["phrase"], found["times"], found["in_a_row"]) == (CHANT, 3, 0)


@pytest.mark.parametrize(("text", "phrase"), [("no no No!", "no"), ("hey ho " * 5, "hey ho")])
def test_short_calls_count_where_they_follow_themselves(study: SmallStudy, text: str, phrase: str) -> None:
    study.add(clip("a", caption=None), said("a", text))
    [found] = study.ask("chants")
    assert (found["phrase"], found["times"]) == (phrase, len(text.split()) // len(phrase.split()))


@pytest.mark.parametrize(
    "text", ["the cat the dog the bird the cow", f"{CHANT} and then {CHANT}", "one two three four five", "… … … …"]
)
def test_ordinary_speech_has_none(study: SmallStudy, text: str) -> None:
    study.add(clip("a", caption=None), said("a", text))
    assert study.ask("chants") == []


def test_what_is_not_trusted_is_no_chant(study: SmallStudy) -> None:
    study.add(clip("a", caption=None), said("a", "no no no no"))
    study.add([row(SegmentTrustRow, clip_id="a", segment=0, trust=0.1, in_text=False)])
    assert study.ask("chants") == []
