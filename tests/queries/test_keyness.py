"""Words and hashtags that set a group apart, hashtags that stand together, and clips whose words mean the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.records import Row, SegmentRow, TextEmbeddingRow, TranscriptRow
from tests.support.small_study import SmallStudy, clip, row


def said(clip_id: str, text: str, language: str = "en") -> list[Row]:
    transcript = row(TranscriptRow, clip_id=clip_id, text=text, language=language)
    return [transcript, row(SegmentRow, clip_id=clip_id, segment=0, text=text)]


def test_words_of_a_group_come_first_with_their_log_odds(study: SmallStudy) -> None:
    study.add(clip("a", platform="tiktok"), said("a", "price price bag"))
    study.add(clip("b", platform="youtube"), said("b", "bag bag music"))
    rows = {found["term"]: found for found in study.ask("keyness", column="platform", value="tiktok", prior="6")}
    assert list(rows) == ["price", "bag", "music"]
    alpha = 6 * 2 / 6
    first = math.log((2 + alpha) / (3 + 6 - 2 - alpha))
    second = math.log((0 + alpha) / (3 + 6 - 0 - alpha))
    assert rows["price"]["log_odds_ratio"] == pytest.approx(first - second)
    deviation = math.sqrt(1 / (2 + alpha) + 1 / alpha)
    assert rows["price"]["z"] == pytest.approx((first - second) / deviation)
    assert (rows["price"]["inside"], rows["price"]["outside"], rows["price"]["clips"]) == (2, 0, 1)


def test_words_of_captions_and_hashtags_count_and_their_urls_and_names_do_not(study: SmallStudy) -> None:
    study.add(clip("a", platform="tiktok", caption="cheap #sale @ana https://x.example/q", hashtags=("sale",)))
    study.add(clip("b", platform="youtube", caption="dear #music", hashtags=("music",)))
    rows = study.ask("keyness", column="platform", value="tiktok")
    assert {(found["kind"], found["term"]) for found in rows} == {
        ("word", "cheap"), ("word", "dear"), ("hashtag", "sale"), ("hashtag", "music")
    }  # fmt: skip


def test_any_column_makes_groups_and_one_that_is_not_there_makes_none(study: SmallStudy) -> None:
    study.add(clip("a", author_key="ann"), said("a", "one two"))
    study.add(clip("b", author_key="bob"), said("b", "three two"))
    study.add(clip("c"), said("c", "four"))
    rows = study.ask("keyness", column="author_key", value="bob")
    assert rows[0]["term"] == "three"
    assert "four" not in {found["term"] for found in rows}, "of a clip whose group is not known"
    assert study.ask("keyness", column="nothing", value="bob") == []
    assert study.ask("keyness", column="author_key", value="zoe") == [], "a group without clips"


def test_languages_are_not_compared_with_each_other(study: SmallStudy) -> None:
    for name, platform in (("a", "tiktok"), ("b", "youtube")):
        study.add(clip(name + "1", platform=platform), said(name + "1", "die frau", "de"))
        study.add(clip(name + "2", platform=platform), said(name + "2", "die hard", "en"))
    rows = study.ask("keyness", column="platform", value="tiktok")
    assert sorted(found["language"] for found in rows if found["term"] == "die") == ["de", "en"]


def test_hashtags_together_are_counted_once_a_post(study: SmallStudy) -> None:
    for number in range(2):
        study.add(clip(f"a{number}", hashtags=("sale", "bag", "sale"), author_key="ann"))
    study.add(clip("b", hashtags=("bag", "music")), clip("c", hashtags=("music",)))
    (found,) = study.ask("hashtags_together")
    assert (found["hashtag"], found["other_hashtag"]) == ("bag", "sale")
    assert (found["posts_together"], found["accounts"], found["posts"], found["other_posts"]) == (2, 1, 3, 2)
    assert found["jaccard"] == pytest.approx(2 / 3)
    assert found["npmi"] == pytest.approx(math.log(2 * 4 / (3 * 2)) / -math.log(2 / 4))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.sampled_from("abcd"), max_size=4), min_size=1, max_size=6))
def test_pairs_are_those_of_the_posts_and_their_measures_are_bounded(study: SmallStudy, posts: list[set[str]]) -> None:
    study.empty()
    for number, hashtags in enumerate(posts):
        study.add(clip(f"c{number}", hashtags=tuple(sorted(hashtags))))
    rows = study.ask("hashtags_together")
    for found in rows:
        together = sum({found["hashtag"], found["other_hashtag"]} <= one for one in posts)
        assert found["posts_together"] == together >= 2
        assert -1 <= found["npmi"] <= 1 + 1e-9
        assert 0 < found["jaccard"] <= 1


def meant(clip_id: str, *vectors: tuple[float, ...], channel: str = "speech") -> list[Row]:
    return [
        row(TextEmbeddingRow, clip_id=clip_id, channel=channel, part=part, model="e", embedding=vector)
        for part, vector in enumerate(vectors)
    ]


def test_clips_are_alike_by_their_words_where_that_is_asked(study: SmallStudy) -> None:
    study.add(clip("a"), meant("a", (1.0, 0.0)))
    study.add(clip("b"), meant("b", (0.0, 1.0), (1.0, 1.0)))
    study.add(clip("c"), meant("c", (1.0, 0.1)), meant("c", (1.0, 0.0), channel="caption"))
    rows = study.ask("similar_clips", clip="a", by="words")
    assert [found["clip_id"] for found in rows] == ["c", "b"]
    assert rows[1]["similarity"] == pytest.approx(1 / math.sqrt(5), abs=1e-6)
    assert study.ask("similar_clips", clip="a") == [], "by voice nothing is known of them"
    with pytest.raises(UserError, match="voice or words"):
        study.ask("similar_clips", clip="a", by="colour")


def test_sentiment_of_a_clip_is_weighed_by_words_and_says_the_least_that_was_measured(study: SmallStudy) -> None:
    def felt(part: int, words: int, sentiment: float | None, language: str, measured: str) -> Row:
        return row(
            TextEmbeddingRow, clip_id="a", channel="speech", part=part, word_count=words, sentiment=sentiment,
            language=language, sentiment_measured=measured, reason=None if sentiment is not None else "no_text",
        )  # fmt: skip

    study.add(
        clip("a"),
        [felt(0, 3, 1.0, "en", "ratings"), felt(1, 1, -1.0, "es", "signs"), felt(2, 0, None, "en", "ratings")],
    )
    (found,) = study.ask("clip_sentiment")
    assert (found["sentiment"], found["measured"], found["language"], found["reason"]) == (0.5, "signs", "en", None)
    study.empty()
    study.add(clip("a"), [felt(0, 0, None, "en", "ratings")])
    (found,) = study.ask("clip_sentiment")
    assert (found["sentiment"], found["reason"]) == (None, "no_text")
