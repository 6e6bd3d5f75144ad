"""Tone of clips in short and in long form, over a sound, over an author's time, and beside engagement."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from pipeline.records import ObservationRow, SegmentRow, TranscriptRow, WordRow
from tests.support.small_study import MONDAY, SmallStudy, angry, clip, of, row, tones


def test_half_of_the_speech_is_enough_in_whichever_order_it_adds_up(study: SmallStudy) -> None:
    """0.1 + 0.2 is not 0.3: half of the speech must not hang on the order of a sum."""
    for number in range(8):
        study.add(clip(f"c{number}", [(0, 0.1, angry(0.9)), (1, 1.2, angry(0.9)), (2, 2.3, None)]))
    rows = study.ask("clip_tone_status")
    assert {found["tone"] for found in rows if found["model"] == "one"} == {"angry"}


def test_the_parts_of_clip_tone_say_the_same(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 2, angry(0.9)), (2, 3, angry(0.3))]), clip("thin", [(0, 1, angry(0.9)), (1, 9, None)]))
    study.add(tones("a", [angry(0.5), angry(0.5)], "unnamed"), clip("silent"))
    whole = study.ask("clip_tone")
    assert [(found["clip_id"], found["model"]) for found in whole] == [
        (name, model) for name in ("a", "silent", "thin") for model in ("one", "two")
    ], "models of the study file alone"
    for short, found in zip(study.ask("clip_tone_status"), whole, strict=True):
        assert short == {name: found[name] for name in short}
    labels = study.ask("clip_probabilities")
    assert {found["clip_id"] for found in labels} == {"a"}
    first = of(whole, clip_id="a", model="one")
    assert first["probabilities"] == {found["tone"]: found["probability"] for found in labels}
    assert first["probabilities"]["angry"] == pytest.approx((2 * 0.9 + 0.3) / 3)


def test_a_tone_rests_on_half_of_the_speech(study: SmallStudy) -> None:
    study.add(clip("half", [(0, 2, angry(0.9)), (2, 4, None)]), clip("thin", [(0, 1, angry(0.9)), (1, 9, None)]))
    study.add(tones("half", [angry(0.5), angry(0.5)], "unnamed"), clip("silent"))
    assert [found["model"] for found in study.ask("tone_models")] == ["one", "two"], "in the order of the study file"
    half, thin = study.ask("tone_coverage")
    assert (half["clip_id"], half["regions"], half["regions_scored"], half["scored_s"]) == ("half", 2, 1, 2)
    assert (half["is_enough"], thin["is_enough"]) == (True, False)
    assert thin["reason"] == of(study.ask("clip_tone"), clip_id="thin", model="one")["tone_reason"] == "too_short"


def test_means_over_a_sound(study: SmallStudy) -> None:
    for name, probability, sound in (("a", 0.2, "s1"), ("b", 0.6, "s1"), ("c", 0.9, None), ("d", 0.9, "s2")):
        study.add(clip(name, [(0, 2, angry(probability))], platform="tiktok", sound_id=sound, sound_title="Tune"))
    study.add(clip("e", [(0, 2, None)], platform="tiktok", sound_id="s1", sound_title="A tune"))
    study.add(clip("f", [(0, 2, angry(1.0))], platform="youtube", sound_id="s1"))
    rows = [found for found in study.ask("tone_by_sound") if found["tone"] == "angry"]
    assert [(found["platform"], found["sound_id"], found["clips_scored"], found["clips"]) for found in rows] == [
        ("tiktok", "s1", 2, 3),
        ("tiktok", "s2", 1, 1),
        ("youtube", "s1", 1, 1),
    ]
    assert (rows[0]["mean_probability"], rows[0]["sound_title"]) == (pytest.approx(0.4), "A tune")


def test_trajectory_of_an_author(study: SmallStudy) -> None:
    probabilities = (0.2, 0.5, 0.3, 0.9)
    for number, probability in enumerate(probabilities):
        post = {"author_key": "ann", "posted_at": MONDAY + timedelta(days=10 * number)}
        study.add(clip(f"c{number}", [(0, 2, angry(probability))], **post))
    study.add(clip("other", [(0, 2, angry(1.0))], author_key="eve", posted_at=MONDAY))
    study.add(clip("undated", [(0, 2, angry(1.0))], author_key="ann"))
    rows = [found for found in study.ask("author_trajectory", author="ann", window="2") if found["tone"] == "angry"]
    assert [(found["clip_id"], found["clip_number"], found["days"]) for found in rows] == [
        (f"c{number}", number + 1, 10 * number) for number in range(4)
    ]
    assert [found["moving_mean"] for found in rows] == pytest.approx([0.2, 0.35, 0.4, 0.6])
    assert [found["moving_clips"] for found in rows] == [1, 2, 2, 2]
    assert [found["author_mean"] for found in rows] == pytest.approx([np.mean(probabilities)] * 4)
    slope = 30 * np.polyfit([0, 10, 20, 30], probabilities, 1)[0]
    assert [found["slope_per_30_days"] for found in rows] == pytest.approx([slope] * 4)
    eve = study.ask("author_trajectory", author="eve")[0]
    assert (eve["slope_per_30_days"], eve["slope_reason"]) == (None, "too_few_clips")
    assert study.ask("author_trajectory", author="nobody") == []


def test_a_trend_at_one_time_is_unknown(study: SmallStudy) -> None:
    for number in range(3):
        study.add(clip(f"c{number}", [(0, 2, angry(0.1 * number))], author_key="ann", posted_at=MONDAY))
    rows = study.ask("author_trajectory", author="ann")
    assert {(found["slope_per_30_days"], found["slope_reason"]) for found in rows} == {(None, "no_spread")}


def test_engagement_of_each_tone_counts_posts_of_one_age_alone(study: SmallStudy) -> None:
    views = {"a": 100, "b": 300, "c": 500, "late": None}
    for name, count in views.items():
        tone = angry(0.1) if name == "c" else angry(0.9)
        study.add(clip(name, [(0, 2, tone)], platform="tiktok", posted_at=MONDAY))
        counted = {"counted_at": MONDAY + timedelta(days=7 if count else 30), "count_source": "csv"}
        study.add([row(ObservationRow, clip_id=name, **counted, views=count or 9_000, likes=10)])
    rows = [found for found in study.ask("engagement_by_tone") if found["model"] == "one"]
    cross = of(rows, tone="angry")
    assert (cross["clips"], cross["clips_at_week"], cross["week_views_median"]) == (3, 2, 200)
    assert (cross["week_views_lower"], cross["week_views_upper"]) == (150, 250)
    assert cross["week_likes_per_view_median"] == pytest.approx((10 / 100 + 10 / 300) / 2)
    assert {found["platform_week_views_median"] for found in rows} == {300}


def test_a_clip_in_two_languages_counts_under_each_with_its_speech_in_it(study: SmallStudy) -> None:
    study.add(clip("both", [(0, 2, angry(0.9)), (2, 6, angry(0.2)), (6, 7, angry(0.5))]))
    study.add([row(TranscriptRow, clip_id="both", text="hello there hola", language="es")])
    for number, (start, language) in enumerate([(0.5, "en"), (3.0, "es")]):
        study.add(
            [
                row(SegmentRow, clip_id="both", segment=number, start_s=start, end_s=start + 1, language=language),
                row(
                    WordRow, clip_id="both", word_index=number, segment=number, word="x", start_s=start, end_s=start + 1
                ),
            ]
        )
    rows = study.ask("tone_by_language")
    english, spanish = (of(rows, language=name, tone="angry", model="one") for name in ("en", "es"))
    assert english["mean_probability"] == pytest.approx(0.9)
    assert spanish["mean_probability"] == pytest.approx((4 * 0.2 + 1 * 0.5) / 5), "what has no words is as its clip"
    assert (english["clips"], spanish["clips"], english["clips_scored"]) == (1, 1, 1)
