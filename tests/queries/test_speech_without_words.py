"""Where somebody speaks and no trusted word stands."""

from __future__ import annotations

from typing import Any

from pipeline.records import Row, SegmentTrustRow, SpeechRegionRow, TranscriptRow, WordRow
from tests.support.small_study import SmallStudy, row


def spoken(*times: tuple[float, float], segment: int = 0) -> list[Row]:
    return [
        row(WordRow, clip_id="a", word_index=10 * segment + place, segment=segment, start_s=start, end_s=end, region=0)
        for place, (start, end) in enumerate(times)
    ]


def found(study: SmallStudy) -> list[tuple[Any, ...]]:
    return [tuple(line.values())[1:] for line in study.ask("speech_without_words")]


def test_a_region_without_words_is_a_stretch(study: SmallStudy) -> None:
    study.add([row(TranscriptRow, clip_id="a")])
    for region, (start, end) in enumerate([(0.0, 4.0), (5.0, 8.0), (9.0, 10.0)]):
        study.add([row(SpeechRegionRow, clip_id="a", region=region, start_s=start, end_s=end)])
    study.add(spoken((0.0, 0.5), (0.5, 2.0), (3.0, 4.0)))
    assert found(study) == [(1, 5.0, 8.0, "no_text", 3.0)]


def test_before_between_and_after_words(study: SmallStudy) -> None:
    study.add([row(TranscriptRow, clip_id="a"), row(SpeechRegionRow, clip_id="a", region=0, start_s=1.0, end_s=10.0)])
    study.add(spoken((3.0, 4.0), (6.0, 8.0)))
    assert found(study) == [
        (0, 1.0, 3.0, "no_text", 6.0),
        (0, 4.0, 6.0, "no_text", 6.0),
        (0, 8.0, 10.0, "no_text", 6.0),
    ]


def test_words_without_trust_are_the_reason(study: SmallStudy) -> None:
    study.add([row(TranscriptRow, clip_id="a"), row(SpeechRegionRow, clip_id="a", region=0, start_s=0.0, end_s=6.0)])
    study.add([row(SegmentTrustRow, clip_id="a", segment=1, trust=0.2, in_text=False)])
    study.add([*spoken((0.0, 3.0)), *spoken((3.5, 5.0), segment=1)])
    assert found(study) == [(0, 3.0, 6.0, "low_trust", 3.0)]


def test_a_clip_that_waits_for_its_words_has_none(study: SmallStudy) -> None:
    study.add([row(SpeechRegionRow, clip_id="a", region=0, start_s=0.0, end_s=6.0)])
    assert found(study) == []
