"""Search over speech and captions: phrases, words in any order, and clips that say the same."""

from __future__ import annotations

import math

import pytest

from pipeline.records import SegmentRow, SegmentTrustRow
from tests.support.small_study import SmallStudy, angry, clip, of, row, said


def test_a_phrase_runs_over_what_is_left_out(study: SmallStudy) -> None:
    """Segments without trust and words without a letter stand between the words of no phrase."""
    study.add(clip("a", [(0, 10, angry(0.9))]), said("a", "this noise … bag this-bag"))
    study.add([row(SegmentTrustRow, clip_id="a", segment=9, trust=0.1), row(SegmentTrustRow, clip_id="a", trust=1.0)])
    study.connection.execute("UPDATE words SET segment = 9 WHERE word = 'noise'")
    rows = study.ask("tone_of_term", term="this bag")
    assert [(found["start_s"], found["place"]) for found in rows] == [(0.0, 1), (2.0, 3)]
    assert study.ask("tone_of_term", term="this bag", min_trust="0")[0]["start_s"] == 2.0


def test_a_text_runs_over_a_segment_that_is_left_out(study: SmallStudy) -> None:
    study.add(clip("a", caption=None))
    for number, (text, trust) in enumerate([("we like this", 1), ("mumble", 0.1), ("bag a lot, this", 1), ("bag", 1)]):
        place = {"clip_id": "a", "segment": number}
        study.add([row(SegmentRow, **place, text=text), row(SegmentTrustRow, **place, trust=float(trust))])
    assert [found["segment"] for found in study.ask("find_text", text="this bag")] == [0, 2]
    assert [found["segment"] for found in study.ask("find_text", text="like this bag a")] == [0]
    assert [found["segment"] for found in study.ask("find_text", text="this bag", min_trust="0")] == [2]


def test_words_are_searched_in_any_order_and_rare_ones_weigh_more(study: SmallStudy) -> None:
    study.add(clip("both", caption="Nothing"), said("both", "the Bag is soft"))
    study.add(clip("one", caption="SÓFT, soft"), said("one", "the the the is bag"))
    study.add(clip("none", caption=None), said("none", "the day is long"))
    study.add(clip("also", caption=None), said("also", "bags and the bagpipe"))
    rows = study.ask("search_words", words="soft bag")
    speech = [found for found in rows if found["channel"] == "speech"]
    assert [(found["clip_id"], found["words_found"], found["jump_to_s"]) for found in speech] == [
        ("both", 2, 0.5),
        ("one", 1, 2.0),
    ], "whole words alone"
    caption = of(rows, channel="caption")
    assert (caption["clip_id"], caption["times"], caption["text"]) == ("one", 2, "SÓFT, soft")
    weight = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    length = 1.2 * (0.25 + 0.75 * 5 / ((4 + 5 + 4 + 4) / 4))
    assert of(speech, clip_id="one")["score"] == pytest.approx(weight * 2.2 / (1 + length))
    assert len(study.ask("search_words", words="soft bag", limit="1")) == 1
    assert study.ask("search_words", words="…") == []
    doubted = [row(SegmentTrustRow, clip_id="both", trust=0.1)]
    study.add(doubted)
    assert "both" not in {found["clip_id"] for found in study.ask("search_words", words="bag")}


def test_clips_that_say_the_same(study: SmallStudy) -> None:
    texts = {"a": "soft red bag is is", "b": "a red bag", "c": "the soft day", "d": "long day", "e": "is"}
    for name, text in texts.items():
        study.add(clip(name), said(name, text))
    study.add(clip("german"), said("german", "soft red bag", "de"))
    rows = study.ask("similar_speech", clip="a")
    assert [found["rank"] for found in rows] == list(range(1, len(rows) + 1))
    bags = {name: set(text.split()) for name, text in texts.items()}
    clips_with = {word: sum(word in bag for bag in bags.values()) for bag in bags.values() for word in bag}
    weight = {word: math.log(len(bags) / count) for word, count in clips_with.items()}

    def cosine(one: str, two: str) -> float:
        norms = [math.sqrt(sum(weight[word] ** 2 for word in bags[name])) for name in (one, two)]
        return sum(weight[word] ** 2 for word in bags[one] & bags[two]) / norms[0] / norms[1]

    assert {found["clip_id"] for found in rows} == {"b", "c", "e"}, "in the same language, with a word in common"
    for found in rows:
        assert found["similarity"] == pytest.approx(cosine("a", found["clip_id"]))
    assert of(rows, clip_id="b")["shared_words"] == 2
    assert study.ask("similar_speech", clip="nobody") == []
