"""The gate names the first obstacle, and what is not known takes nothing away."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import Reason
from pipeline.records import SpeechRegionRow

GATE = Gate(
    min_region_s=1.0,
    min_level_dbfs=-50.0,
    min_speech_probability=0.3,
    max_clipping_share=0.4,
    music_threshold=0.3,
    music_ratio=4.0,
    min_snr_db=6.0,
    max_overlap_probability=0.8,
)
CLEAR: dict[str, Any] = {
    "start_s": 0.0, "end_s": 2.0, "level_dbfs": -20.0, "speech_probability": 0.9, "speech_score": 0.9,
    "music_score": 0.0, "singing_score": 0.0, "snr_db": 30.0, "clipping_share": 0.0,
}  # fmt: skip
UNKNOWN = dict.fromkeys(
    ("speech_probability", "speech_score", "music_score", "singing_score", "snr_db", "clipping_share")
)


def obstacle(**changed: Any) -> Reason | None:
    return GATE.obstacle(SpeechRegionRow(clip_id="a", region=0, **{**CLEAR, **changed}))


def test_clear_speech_passes_and_so_does_what_is_not_known() -> None:
    assert obstacle() is None
    assert obstacle(**UNKNOWN) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"end_s": 0.02}, Reason.TOO_SHORT),
        ({"start_s": 0.1, "end_s": 1.1}, None),  # 1.1 - 0.1 is a little more than 1 to a computer
        ({"level_dbfs": None}, Reason.TOO_QUIET),
        ({"level_dbfs": -50.1}, Reason.TOO_QUIET),
        ({"speech_probability": 0.29}, Reason.UNCERTAIN_SPEECH),
        ({"speech_probability": 0.3}, None),
        ({"speech_probability": 0.1, "witness_probability": 0.9}, None),  # a shout that voice activity misses
        ({"speech_probability": 0.1, "witness_probability": 0.2}, Reason.UNCERTAIN_SPEECH),
        ({"clipping_share": 0.41}, Reason.CLIPPED),
        ({"clipping_share": 0.4}, None),
        ({"music_score": 0.8, "speech_score": 0.19}, Reason.MUSIC_OVER_SPEECH),
        ({"music_score": 0.8, "speech_score": 0.21}, None),  # speech is heard as well
        ({"music_score": 0.29, "speech_score": 0.01}, None),  # too little music to matter
        ({"singing_score": 0.8, "speech_score": 0.19}, Reason.SINGING),
        ({"singing_score": 0.8, "speech_score": 0.21}, None),
        ({"snr_db": 5.9}, Reason.LOW_SNR),
        ({"snr_db": 6.0}, None),
    ],
)
def test_each_measure_has_its_reason(changed: dict[str, Any], reason: Reason | None) -> None:
    assert obstacle(**changed) == reason


@pytest.mark.parametrize(("probability", "reason"), [(None, None), (0.8, None), (0.81, Reason.SEVERAL_VOICES)])
def test_several_voices_have_no_one_tone(probability: float | None, reason: Reason | None) -> None:
    assert GATE.obstacle(SpeechRegionRow(clip_id="a", region=0, **CLEAR), probability) == reason
    noisy = SpeechRegionRow(clip_id="a", region=0, **{**CLEAR, "snr_db": 0.0})
    assert GATE.obstacle(noisy, probability) == Reason.LOW_SNR, "it is told last, for it is the least certain"


def test_the_first_reason_in_order_is_told() -> None:
    thin: dict[str, Any] = {
        "end_s": 0.5, "level_dbfs": -60.0, "speech_probability": 0.1, "clipping_share": 0.9,
        "singing_score": 0.9, "music_score": 0.9, "speech_score": 0.0, "snr_db": -5.0,
    }  # fmt: skip
    told = []
    for mended in ("", "end_s", "level_dbfs", "speech_probability", "clipping_share", "singing_score", "music_score"):
        if mended:
            thin[mended] = CLEAR[mended]
        told.append(obstacle(**thin))
    assert told == [
        Reason.TOO_SHORT,
        Reason.TOO_QUIET,
        Reason.UNCERTAIN_SPEECH,
        Reason.CLIPPED,
        Reason.SINGING,
        Reason.MUSIC_OVER_SPEECH,
        Reason.LOW_SNR,
    ]
