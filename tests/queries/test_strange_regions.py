"""Voices that are unlike what the tone model knows."""

from __future__ import annotations

from pipeline.records import EmotionRow, SpeechRegionRow
from tests.support.small_study import SmallStudy, row


def test_strange_voices_are_listed_and_others_are_not(study: SmallStudy) -> None:
    for region, novelty in enumerate([0.5, 0.99, None, 1.0]):
        times = {"start_s": 2.0 * region, "end_s": 2.0 * region + 1}
        study.add([row(SpeechRegionRow, clip_id="a", region=region, **times)])
        study.add([row(EmotionRow, clip_id="a", region=region, model="one", label="sad", novelty=novelty)])
    assert [(line["region"], line["start_s"], line["novelty"]) for line in study.ask("strange_regions")] == [
        (3, 6.0, 1.0),
        (1, 2.0, 0.99),
    ]
