"""The queries on a small study whose numbers are known."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from pipeline.records import (
    ClipRow,
    ObservationRow,
    PlatformCaptionRow,
    SegmentRow,
    SpeechEmbeddingRow,
    TextEmbeddingRow,
    TranscriptRow,
)
from pipeline.records.runs import AttemptRow, FingerprintRow
from pipeline.store.queries import get_query, read_queries
from tests.support.small_study import MONDAY, SmallStudy, angry, clip, of, row, said, tones

# ---------------------------------------------------------------- tone


def test_profile_has_hook_body_close_and_slope_by_length(study: SmallStudy) -> None:
    study.add(clip("moving", [(0, 4, angry(0.8)), (4, 8, angry(0.2)), (8, 10, angry(0.6))]))
    found = of(study.ask("tone_profile"), tone="angry")
    assert found["hook_probability"] == pytest.approx(0.8)
    assert found["body_probability"] == pytest.approx((1 * 0.8 + 3 * 0.2) / 4)
    assert found["close_probability"] == pytest.approx((1 * 0.2 + 2 * 0.6) / 3)
    assert (found["hook_s"], found["body_s"], found["close_s"]) == pytest.approx((3, 4, 3))
    assert found["slope_per_s"] == pytest.approx(np.polyfit([2, 6, 9], [0.8, 0.2, 0.6], 1)[0])
    assert (found["peak_probability"], found["peak_at_s"]) == (0.8, 0)
    neutral = of(study.ask("tone_profile"), tone="neutral")
    assert (neutral["strongest_tone"], neutral["strongest_at_s"]) == ("angry", 0), "neutral is no strong tone"
    assert neutral["peak_at_s"] == 4


def test_profile_invents_nothing(study: SmallStudy) -> None:
    study.add(clip("late", [(5, 6, angry(0.9))]))
    study.add(clip("thin", [(0, 1, angry(0.9)), (1, 9, None)]))
    rows = study.ask("tone_profile")
    assert {found["clip_id"] for found in rows} == {"late"}, "a clip without a tone has no profile"
    found = of(rows, tone="angry")
    assert (found["hook_probability"], found["close_probability"], found["slope_per_s"]) == (None, None, None)
    assert found["body_probability"] == pytest.approx(0.9)


def test_agreement_and_kappa_of_two_models(study: SmallStudy) -> None:
    first, second = ["a", "a", "b", "b", "n"], ["a", "b", "b", "b", "n"]
    study.add(clip("p", [(i, i + 1, {first[i]: 1.0}) for i in range(3)]))
    study.add(clip("q", [(0, 1, {"b": 1.0}), (1, 2, {"n": 1.0}), (2, 3, {"n": 1.0})]))
    study.add(tones("p", [{label: 0.9} for label in second[:3]], "two"))
    study.add(tones("q", [{"b": 0.9}, {"n": 0.9}, None], "two"))
    rows = study.ask("tone_agreement")
    assert [found["clip_id"] for found in rows] == ["p", "q"], "those that disagree most come first"
    for found in rows:
        assert (found["study_regions"], found["study_agreement"]) == (5, pytest.approx(0.8))
        assert found["study_kappa"] == pytest.approx(0.6875)
        assert found["study_kappa"] == pytest.approx(cohen_kappa_score(first, second))
    assert rows[0]["agreement"] == pytest.approx(2 / 3)
    assert (rows[1]["agreement"], rows[1]["regions"]) == (1, 2), "a region that one model left out does not count"
    apart = study.ask("tone_disagreements")
    assert [(found["clip_id"], found["region"], found["label_a"], found["label_b"]) for found in apart] == [
        ("p", 1, "a", "b")
    ]
    assert apart[0]["start_s"] == 1


def test_kappa_of_one_label_alone_is_unknown(study: SmallStudy) -> None:
    study.add(clip("p", [(0, 1, {"n": 1.0})]), tones("p", [{"n": 0.9}], "two"))
    found = study.ask("tone_agreement")[0]
    assert (found["study_agreement"], found["study_kappa"]) == (1, None)


def test_z_within_an_author_needs_clips_and_spread(study: SmallStudy) -> None:
    for number, probability in enumerate((0.2, 0.4, 0.6)):
        study.add(clip(f"ann{number}", [(0, 2, angry(probability))], author_key="ann", posted_at=MONDAY))
        study.add(clip(f"eve{number}", [(0, 2, angry(0.3))], author_key="eve"))
    study.add(clip("bob0", [(0, 2, angry(0.9))], author_key="bob"), clip("nobody", [(0, 2, angry(0.9))]))
    rows = [found for found in study.ask("tone_by_author") if found["tone"] == "angry"]
    assert [found["z"] for found in rows if found["author_key"] == "ann"] == pytest.approx([-1, 0, 1])
    assert {(found["author_key"], found["z_reason"], found["clips"]) for found in rows} == {
        ("ann", None, 3),
        ("eve", "no_spread", 3),
        ("bob", "too_few_clips", 1),
    }
    assert all((found["z"] is None) == (found["z_reason"] is not None) for found in rows)


def test_means_by_language_and_week_count_the_clips_left_out(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 2, angry(0.2))], posted_at=MONDAY), said("a", "one"))
    study.add(clip("b", [(0, 2, angry(0.6))], posted_at=MONDAY + timedelta(days=6, hours=23)), said("b", "two"))
    study.add(clip("c", [(0, 2, None)], posted_at=MONDAY), said("c", "three"))
    study.add(clip("d", [(0, 2, angry(1.0))], posted_at=MONDAY + timedelta(days=7)), said("d", "vier", "de"))
    study.add(clip("e", [(0, 2, angry(1.0))]))
    english = of(study.ask("tone_by_language"), language="en", tone="angry")
    assert english["mean_probability"] == pytest.approx(0.4)
    assert (english["clips_scored"], english["clips"]) == (2, 3)
    weeks = [found for found in study.ask("tone_by_week") if found["tone"] == "angry"]
    assert [(found["week"], found["clips_scored"], found["clips"]) for found in weeks] == [
        (MONDAY.date(), 2, 3),
        (MONDAY.date() + timedelta(days=7), 1, 1),
    ]
    assert [found["mean_probability"] for found in weeks] == pytest.approx([0.4, 1.0])


# ---------------------------------------------------------------- losses and engagement


def test_attrition_counts_failures_and_silence_apart(study: SmallStudy) -> None:
    study.add([row(FingerprintRow, fingerprint="a", stage="audio", options="{}")])
    study.add([row(ClipRow, clip_id=name) for name in ("x", "y")])
    for number, (name, reason) in enumerate((("x", "not_media"), ("y", "not_media"))):
        attempt = {"attempt_id": number, "clip_id": name, "stage": "audio", "fingerprint": "a", "status": "failed"}
        study.add([row(AttemptRow, reason=reason, **attempt)])
    study.add(clip("silent"), [row(TranscriptRow, clip_id="silent", reason="no_speech")])
    study.add(clip("fine", [(0, 2, angry(0.9))]), said("fine", "hello"), tones("fine", [angry(0.8)], "two"))
    rows = study.ask("attrition")
    failed = of(rows, outcome="failed")
    assert (failed["stage"], failed["reason"], failed["clips"], failed["share"]) == ("audio", "not_media", 2, 0.5)
    assert of(rows, outcome="no_words")["clips"] == 1
    assert {(found["model"], found["reason"], found["clips"]) for found in rows if found["outcome"] == "no_tone"} == {
        ("one", "no_speech", 1),
        ("two", "no_speech", 1),
    }


def test_engagement_compares_posts_at_one_age(study: SmallStudy) -> None:
    study.add(clip("aged", [(0, 2, angry(0.9))], posted_at=MONDAY))
    study.add(clip("young", [(0, 2, angry(0.9))], posted_at=MONDAY), clip("undated", [(0, 2, angry(0.9))]))
    ages = {"aged": (1, 6, 7.5, 30), "young": (1,), "undated": (7,)}
    for name, days in ages.items():
        for age in days:
            counts = {"counted_at": MONDAY + timedelta(days=age), "views": int(age * 100), "likes": int(age * 10)}
            study.add([row(ObservationRow, clip_id=name, count_source="csv", **counts)])
    study.add([row(ObservationRow, clip_id="aged", count_source="yt_dlp", views=7)])
    rows = [found for found in study.ask("engagement") if found["model"] == "one"]
    aged = of(rows, clip_id="aged")
    assert (aged["latest_views"], aged["latest_age_days"]) == (3000, 30), "counts without a time are not the latest"
    assert (aged["week_views"], aged["week_age_days"]) == (750, 7.5)
    assert aged["week_likes_per_view"] == pytest.approx(0.1)
    assert of(rows, clip_id="young")["week_views"] is None, "no observation at a comparable age"
    undated = of(rows, clip_id="undated")
    assert (undated["latest_views"], undated["latest_age_days"], undated["week_views"]) == (700, None, None)


def test_engagement_says_why_there_are_no_counts_at_a_week(study: SmallStudy) -> None:
    week = MONDAY + timedelta(days=7)
    for name, posted_at, counted_at in (
        ("week", MONDAY, week),
        ("no_posted_at", None, week),
        ("no_counted_at", MONDAY, None),
        ("other_age", MONDAY, MONDAY),
    ):
        study.add(clip(name, [(0, 2, angry(0.9))], posted_at=posted_at, platform="tiktok"))
        study.add([row(ObservationRow, clip_id=name, count_source="csv", counted_at=counted_at, views=10, likes=1)])
    study.add(clip("no_counts", [(0, 2, angry(0.9))], posted_at=MONDAY, platform="tiktok"))
    study.add(clip("no_counted_at_either", [(0, 2, angry(0.9))], platform="tiktok"))
    study.add([row(ObservationRow, clip_id="no_counted_at_either", count_source="csv", views=10)])
    rows = [found for found in study.ask("engagement") if found["model"] == "one"]
    reasons = {found["clip_id"]: found["week_reason"] for found in rows}
    assert reasons.pop("week") is None
    assert reasons.pop("no_counted_at_either") == "no_counted_at"
    assert all(reason == name for name, reason in reasons.items())
    assert len(reasons) == 4
    tone = of([found for found in study.ask("engagement_by_tone") if found["model"] == "one"], tone="angry")
    assert (tone["clips"], tone["clips_at_week"], tone["week_reason"]) == (6, 1, "no_counted_at")


# ---------------------------------------------------------------- words


def test_top_moments_are_the_strongest_regions_with_their_words(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 1, angry(0.3)), (1, 2, angry(0.9)), (2, 3, None)]), said("a", "well you never listen to"))
    study.add(clip("b", [(0, 1, angry(0.7))]))
    rows = study.ask("top_moments", tone="angry", limit="2")
    assert [(found["clip_id"], found["jump_to_s"], found["text"]) for found in rows] == [
        ("a", 1, "never listen"),
        ("b", 0, None),
    ]
    assert {found["is_unsure"] for found in rows} == {None}, "a model without label sets is neither"
    assert len(study.ask("top_moments", tone="angry")) == 3
    assert study.ask("top_moments", tone="cheerful") == []


@pytest.mark.parametrize(
    ("term", "starts"),
    [
        ("bag", [1.5, 4.0]),
        ("BAG", [1.5, 4.0]),
        ("this bag", [1.0]),
        ("This   bag!", [1.0]),
        ("bag this", []),
        ("ag", []),
        ("it’s", [2.0]),
        ("cold-hearted", [3.0]),
        ("cold hearted", [3.0]),
        ("hearted", [3.0]),
        ("", []),
        ("…", []),
        ("%", []),
    ],
)
def test_mentions_are_whole_words_in_any_case(study: SmallStudy, term: str, starts: list[float]) -> None:
    study.add(clip("a", [(0, 10, angry(0.9))]), said("a", "I love this bag; it's handbags cold-hearted oh Bag"))
    assert [found["start_s"] for found in study.ask("tone_of_term", term=term)] == starts


@pytest.mark.parametrize(("text", "term"), [("das schöne Kleid", "SCHÖNE"), ("أحب هذه الحقيبة كثيرا", "هذه الحقيبة")])
def test_mentions_in_other_scripts(study: SmallStudy, text: str, term: str) -> None:
    study.add(clip("a", [(0, 10, angry(0.9))]), said("a", text))
    assert [found["start_s"] for found in study.ask("tone_of_term", term=term)] == [0.5]


def test_a_mention_has_the_tone_of_its_region_by_each_model(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 1, angry(0.9)), (1, 2, None)]), said("a", "bag and bag and then bag"))
    study.add(tones("a", [angry(0.1), None], "two"))
    rows = study.ask("tone_of_term", term="bag")
    assert [(found["start_s"], found["model"], found["tone"], found["tone_reason"]) for found in rows] == [
        (0.0, "one", "angry", None),
        (0.0, "two", "neutral", None),
        (1.0, "one", None, "too_short"),
        (1.0, "two", None, "too_short"),
        (2.5, None, None, "no_speech"),
    ]
    assert rows[0]["context"] == "bag and bag and then bag"


def test_text_is_found_in_speech_and_captions(study: SmallStudy) -> None:
    texts = ("We went to the Café", "noir and had 100 % fun.", "cafe again")
    study.add(clip("a", caption="Un CAFÉ,\nNoir"), clip("b", caption=None))
    study.add(
        [
            row(SegmentRow, clip_id="a", segment=number, start_s=float(number), end_s=number + 1.0, text=text)
            for number, text in enumerate(texts)
        ]
    )
    rows = study.ask("find_text", text="cafe")
    assert [(found["channel"], found["jump_to_s"]) for found in rows] == [
        ("speech", 0.0),
        ("speech", 2.0),
        ("caption", None),
    ]
    assert [found["segment"] for found in study.ask("find_text", text="café  noir")] == [0], "over two segments"
    assert [found["channel"] for found in study.ask("find_text", text="café, noir")] == ["caption"]
    assert len(study.ask("find_text", text="%")) == 1, "no character is special"
    assert study.ask("find_text", text=" ") == []


def test_log_odds_are_those_of_the_paper(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 2, angry(0.9)), (2, 4, angry(0.1))]), said("a", "no no no yes yes yes yes no"))
    study.add(clip("b"), said("b", "yes maybe"))  # no region: words of the background alone
    rows = study.ask("words_with_tone", tone="angry", prior="10")
    assert [found["word"] for found in rows] == ["no", "yes"]
    background = {"no": 4 / 10, "yes": 5 / 10}
    for word, with_tone, without in (("no", 3, 1), ("yes", 1, 3)):
        alpha = 10 * background[word]
        first = math.log((with_tone + alpha) / (4 + 10 - with_tone - alpha))
        second = math.log((without + alpha) / (4 + 10 - without - alpha))
        deviation = math.sqrt(1 / (with_tone + alpha) + 1 / (without + alpha))
        found = of(rows, word=word)
        assert found["log_odds_ratio"] == pytest.approx(first - second)
        assert found["z"] == pytest.approx((first - second) / deviation)
        assert (found["with_tone"], found["without_tone"], found["clips"]) == (with_tone, without, 1)


def test_words_of_one_tone_alone_are_compared_with_nothing(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 4, angry(0.9))]), said("a", "no yes"))
    assert study.ask("words_with_tone", tone="angry") == []


def test_similar_clips_by_the_cosine_of_mean_embeddings(study: SmallStudy) -> None:
    draw = np.random.default_rng(1)
    vectors = {name: draw.normal(1, 1, (regions, 8)).astype("f4") for name, regions in (("a", 2), ("b", 3), ("c", 1))}
    for name, embedded in vectors.items():
        study.add(clip(name), [
            row(SpeechEmbeddingRow, clip_id=name, region=region, encoder="e", embedding=tuple(map(float, vector)))
            for region, vector in enumerate(embedded)
        ])  # fmt: skip
    study.add(clip("short"), [row(SpeechEmbeddingRow, clip_id="short", encoder="e", reason="too_short")])

    def cosine(one: str, two: str) -> float:
        left, right = vectors[one].mean(axis=0), vectors[two].mean(axis=0)
        return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))

    rows = study.ask("similar_clips", clip="a")
    wanted = sorted(((cosine("a", name), name) for name in "bc"), reverse=True)
    assert [(found["clip_id"], found["rank"]) for found in rows] == [(wanted[0][1], 1), (wanted[1][1], 2)]
    assert [found["similarity"] for found in rows] == pytest.approx([value for value, _ in wanted], abs=1e-6)
    assert len(study.ask("similar_clips", clip="a", limit="1")) == 1
    assert study.ask("similar_clips", clip="nobody") == []


# ---------------------------------------------------------------- all of them

GRAINS = {
    "clip_sentiment": ("clip_id", "channel"),
    "hashtags_together": ("hashtag", "other_hashtag"),
    "keyness": ("kind", "language", "term"),
    "author_trajectory": ("clip_id", "model", "tone"),
    "caption_agreement": ("clip_id", "segment"),
    "clip_probabilities": ("clip_id", "model", "tone"),
    "clip_tone_status": ("clip_id", "model"),
    "tone_coverage": ("clip_id", "model"),
    "tone_models": ("model",),
    "engagement_by_tone": ("platform", "model", "tone"),
    "search_words": ("clip_id", "channel"),
    "similar_speech": ("clip_id",),
    "tone_by_sound": ("platform", "sound_id", "model", "tone"),
    "attrition": ("outcome", "stage", "model", "reason"),
    "engagement": ("clip_id", "model"),
    "find_text": ("clip_id", "channel", "segment"),
    "similar_clips": ("clip_id", "encoder"),
    "tone_agreement": ("model_a", "model_b", "clip_id"),
    "tone_by_author": ("clip_id", "model", "tone"),
    "tone_by_language": ("language", "model", "tone"),
    "tone_by_week": ("week", "model", "tone"),
    "tone_disagreements": ("clip_id", "region", "model_a", "model_b"),
    "tone_of_term": ("clip_id", "place", "model"),
    "tone_profile": ("clip_id", "model", "tone"),
    "top_moments": ("clip_id", "region", "model"),
    "words_with_tone": ("model", "language", "word"),
}
ARGUMENTS = {
    "column": "clip_id",
    "value": "tiktok:1",
    "tone": "angry",
    "term": "bag",
    "text": "a",
    "clip": "tiktok:1",
    "author": "ann",
    "words": "bag and",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRAINS))
def test_grain_and_no_value_that_is_no_number(study: SmallStudy, name: str) -> None:
    calm, cross = angry(0.1), angry(0.8)
    for number in range(4):
        post = {
            "author_key": "ann",
            "posted_at": MONDAY,
            "caption": "a bag",
            "sound_id": "s",
            "hashtags": ("bag", "sale"),
        }
        here = f"tiktok:{number}"
        study.add(clip(here, [(0, 1, calm), (1, 2, cross), (2, 3, None)][: number + 1], **post))
        study.add(tones(here, [cross, cross, calm][: number + 1], "two"), said(here, "a bag and a bag"))
        study.add([row(SegmentRow, clip_id=here, segment=segment, text="a bag") for segment in range(2)])
        study.add([row(PlatformCaptionRow, clip_id=here, language="en", kind="automatic", text="a bag")])
        study.add([row(SpeechEmbeddingRow, clip_id=here, encoder=one, embedding=(0.0, number)) for one in "ef"])
        study.add([row(TextEmbeddingRow, clip_id=here, channel="speech", word_count=2, sentiment=0.5)])
        for age in (7, 8):
            study.add([row(ObservationRow, clip_id=here, counted_at=MONDAY + timedelta(days=age), likes=1, views=0)])
    study.add(clip("silent"), [row(TranscriptRow, clip_id="silent", reason="no_speech")])
    parameters = {key: ARGUMENTS[key] for key in get_query(name).parameters if key in ARGUMENTS}
    rows = study.ask(name, **parameters)
    assert rows
    assert len({tuple(found[column] for column in GRAINS[name]) for found in rows}) == len(rows)
    assert not [found for found in rows for value in found.values() if isinstance(value, float) and value != value]
    assert study.ask(name, **parameters) == rows


@pytest.mark.parametrize("query", read_queries().values(), ids=lambda query: query.name)
def test_every_query_is_written_as_the_others(query: Any) -> None:
    heads = [line.split(":")[0] for line in query.header.splitlines()]
    assert heads == ["what", "grain", "unit", "caution", *(["parameters"] if query.parameters else [])]
    assert all(parameter.help for parameter in query.described)
    assert "\nfinal AS (" in query.sql or query.sql.startswith("WITH final AS (")
    assert query.sql.splitlines()[-1].startswith("SELECT * FROM final ORDER BY ")


# ---------------------------------------------------------------- the folder
