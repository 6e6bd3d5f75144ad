"""The gate that is chosen keeps voices, and takes music, crowds and what clipping has changed."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.records import SpeechRegionRow
from pipeline.research.evidence.choose_gate import (
    MeasuredRegion,
    choose,
    covered_share,
    least_probability,
    least_snr_db,
    most_clipping,
    music_rule,
)
from pipeline.research.evidence.material import Sound


def heard(
    kind: str, level: float | None = None, *, labels: tuple[str, str] = ("sad", "sad"), **row: Any
) -> MeasuredRegion:
    measured = {"level_dbfs": -20.0, "speech_score": 1.0, "music_score": 0.0, **row}
    speech = "" if kind == "crowd" else "a.flac"
    sound = Sound("a.wav", "choose", "corpus" if speech else "", speech, kind, "", level)
    return MeasuredRegion(sound, SpeechRegionRow("a", 0, 0.0, 2.0, **measured), *labels)


CLEAN = heard("clean", speech_score=1.0, music_score=0.0)
AT_10_DB = heard("music", 10.0, speech_score=0.3, music_score=0.9)
AT_0_DB = heard("music", 0.0, speech_score=0.1, music_score=0.9)
DROWNED = heard("music", -5.0, speech_score=0.0, music_score=0.9)


def test_a_region_is_taken_when_music_is_both_loud_and_louder_than_speech() -> None:
    assert covered_share([heard("music", 0.0, speech_score=0.1, music_score=0.5)], 0.3, 4.0) == 1.0
    assert covered_share([heard("music", 0.0, speech_score=0.1, music_score=0.25)], 0.3, 2.0) == 0.0
    assert covered_share([heard("music", 0.0, speech_score=0.2, music_score=0.5)], 0.3, 4.0) == 0.0


def test_the_rule_that_spares_speech_over_music_is_chosen() -> None:
    rule = music_rule([CLEAN, AT_10_DB, AT_0_DB, DROWNED])
    assert rule == (0.5, 4.0)
    assert [covered_share([one], *rule) for one in (CLEAN, AT_10_DB, AT_0_DB, DROWNED)] == [0.0, 0.0, 1.0, 1.0]


def test_no_rule_is_better_than_one_that_takes_clean_speech() -> None:
    with pytest.raises(UserError, match="no rule"):
        music_rule([heard("clean", speech_score=0.0, music_score=1.0), AT_10_DB, AT_0_DB])


def test_voice_activity_must_keep_the_telephone_too() -> None:
    clear = heard("clean", speech_probability=0.8)
    assert least_probability([clear]) == 0.7
    assert least_probability([clear, heard("telephone", speech_probability=0.45)]) == 0.4
    assert least_probability([clear, heard("telephone", speech_probability=0.01)]) == 0.0


def test_clipping_is_allowed_until_the_tone_changes() -> None:
    changed = ("angry", "sad")
    harmless = [heard("clipped", 20.0, clipping_share=share) for share in (0.05, 0.15, 0.25, 0.38)]
    assert most_clipping(harmless) == 0.6
    assert most_clipping([*harmless, heard("clipped", 40.0, clipping_share=0.55, labels=changed)]) == 0.5
    assert most_clipping([heard("clipped", 40.0, clipping_share=0.05, labels=changed)]) == 0.0


def test_no_crowd_reaches_the_signal_to_noise() -> None:
    crowds = [heard("crowd", snr_db=snr_db) for snr_db in (-3.0, 1.2)]
    assert least_snr_db([CLEAN, *crowds]) == 6.0
    with pytest.raises(UserError, match="no crowd"):
        least_snr_db([CLEAN])


def test_a_tone_that_is_not_known_has_not_changed() -> None:
    assert heard("clean", labels=("angry", "sad")).changed is True
    assert MeasuredRegion(CLEAN.sound, CLEAN.row, None, "sad").changed is None


def test_the_parts_make_one_gate() -> None:
    voices = [
        heard("clean", speech_probability=0.8, snr_db=20.0),
        heard("crowd", snr_db=1.0),
        heard("clipped", 20.0, clipping_share=0.1),
    ]
    gate = choose([*voices, AT_10_DB, AT_0_DB, DROWNED])
    assert (gate.min_speech_probability, gate.max_clipping_share, gate.min_snr_db) == (0.7, 0.6, 5.0)
    assert (gate.music_threshold, gate.music_ratio) == (0.5, 4.0)
