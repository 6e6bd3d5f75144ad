"""Filters: what is known decides, what is not known stays in, and a sample is fair and repeatable."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.records import ClipRow, ObservationRow
from pipeline.sources.filters import PostFilter
from pipeline.study.filters import FilterOptions
from tests.support.small_study import row

LATE = datetime(2026, 3, 31, 23, 59)  # noqa: DTZ001 - stored times are UTC without an offset


def post(clip_id: str = "tiktok:1", **known: Any) -> ClipRow:
    return row(ClipRow, clip_id=clip_id, platform="tiktok", kind="url", field_sources={}, **known)


def liked(likes: int | None) -> ObservationRow:
    return row(ObservationRow, clip_id="tiktok:1", likes=likes)


@pytest.mark.parametrize(
    ("options", "known", "likes", "rule"),
    [
        ({"max_duration_s": 60}, {"declared_duration_s": 60.0}, None, None),
        ({"max_duration_s": 60}, {"declared_duration_s": 60.1}, None, "max_duration_s"),
        ({"min_duration_s": 5}, {"declared_duration_s": 4.0}, None, "min_duration_s"),
        ({"posted_until": "2026-03-31"}, {"posted_at": LATE}, None, None),
        ({"posted_until": "2026-03-30"}, {"posted_at": LATE}, None, "posted_until"),
        ({"posted_from": "2026-04-01"}, {"posted_at": LATE}, None, "posted_from"),
        ({"min_likes": 10}, {}, 9, "min_likes"),
        ({"min_likes": 10}, {}, 10, None),
        ({"max_likes": 10}, {}, 11, "max_likes"),
        ({"languages": ["de"]}, {"declared_language": "en"}, None, "languages"),
        ({"languages": ["de"]}, {"caption": "Heute zeige ich euch meine neue Tasche aus Leder"}, None, None),
        ({"languages": ["en"]}, {"caption": "Heute zeige ich euch meine neue Tasche aus Leder"}, None, "languages"),
        ({"languages": ["en"]}, {"caption": "#Tasche #neu @anna 👜"}, None, None),
        ({"caption_matches": r"\bbag"}, {"caption": "My new BAGS"}, None, None),
        ({"caption_matches": r"\bbag"}, {"caption": "garbage"}, None, "caption_matches"),
        ({"caption_excludes": "giveaway"}, {"caption": "GiveAway today"}, None, "caption_excludes"),
        ({"caption_matches": "حقيبة"}, {"caption": "أحب هذه حقيبة"}, None, None),
    ],
)
def test_a_rule_keeps_out_what_is_known_to_break_it(
    options: dict[str, Any], known: dict[str, Any], likes: int | None, rule: str | None
) -> None:
    verdict = PostFilter(FilterOptions(**options)).keeps_out(post(**known), liked(likes))
    assert (verdict[0] if verdict else None) == rule


def test_a_post_of_which_nothing_is_known_stays_in() -> None:
    everything = PostFilter(FilterOptions(
        min_duration_s=1, max_duration_s=2, posted_from=LATE.date(), posted_until=LATE.date(), languages=("en",),
        min_likes=1, max_likes=2, caption_matches="a", caption_excludes="b",
    ))  # fmt: skip
    assert everything.keeps_out(post(), None) is None
    assert everything.keeps_out(post(), liked(None)) is None


def test_the_sentence_names_what_was_found_and_the_limit() -> None:
    verdict = PostFilter(FilterOptions(max_duration_s=60)).keeps_out(post(declared_duration_s=75.0), None)
    assert verdict == ("max_duration_s", "75.0 is outside max_duration_s = 60.0")


def test_a_pattern_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match=r"caption_matches\n.*'\('"):
        FilterOptions(caption_matches="(")


def test_every_post_has_the_same_chance_whatever_the_order() -> None:
    clips = [post(f"tiktok:{number}") for number in range(40)]
    drawn = Counter[str]()
    for seed in range(300):
        options = PostFilter(FilterOptions(sample=10, seed=str(seed)))
        left_out = options.not_drawn(clips, ())
        assert len(left_out) == 30
        assert options.not_drawn(clips[::-1], ()).keys() == left_out.keys()
        drawn.update({clip.clip_id for clip in clips} - left_out.keys())
    assert min(drawn.values()) > 40, "75 draws each are expected"
    assert max(drawn.values()) < 115


def test_strata_are_drawn_apart_and_the_unknown_are_one() -> None:
    clips = [post(f"tiktok:{number}", author_key="ab"[number % 2]) for number in range(20)]
    clips += [post(f"tiktok:{number}") for number in range(20, 23)]
    left_out = PostFilter(FilterOptions(sample=4, sample_by="author")).not_drawn(clips, ())
    kept = [clip for clip in clips if clip.clip_id not in left_out]
    assert Counter(clip.author_key for clip in kept) == {"a": 4, "b": 4, None: 3}


def test_weeks_are_those_of_iso() -> None:
    options = PostFilter(FilterOptions(sample=1, sample_by="week"))
    sunday, monday = datetime(2027, 1, 3), datetime(2027, 1, 4)  # noqa: DTZ001
    assert options.stratum(post(posted_at=sunday)) == "2026-W53"
    assert options.stratum(post(posted_at=monday)) == "2027-W01"


def test_what_was_drawn_before_stays() -> None:
    clips = [post(f"tiktok:{number}") for number in range(50)]
    options = PostFilter(FilterOptions(sample=5))
    first = {clip.clip_id for clip in clips[:10]} - options.not_drawn(clips[:10], ()).keys()
    later = {clip.clip_id for clip in clips} - options.not_drawn(clips, first).keys()
    assert later == first
