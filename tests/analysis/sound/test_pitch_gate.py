"""The gate of pitch: music or noise over a voice is named, and what is not known takes nothing away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.sound.pitch_gate import PitchGate
from pipeline.errors import Reason
from pipeline.records import SpeechRegionRow

GATE = PitchGate(least_witness=0.5, least_tag=0.3, music_snr_db=15.0, music_ratio=2.0, min_snr_db=2.0)
MUSIC = {"witness_music": 0.9, "music_score": 0.1, "speech_score": 0.9, "snr_db": 30.0}
shares = st.none() | st.floats(0, 1)
levels = st.none() | st.floats(-10, 40)


def obstacle(**values: Any) -> Reason | None:
    plain = {"level_dbfs": -20.0, "speech_score": None, "music_score": None}
    return GATE.obstacle(SpeechRegionRow("a", 0, 0.0, 2.0, **(plain | values)))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),  # soft music far below a voice
        ({"snr_db": 14.9}, Reason.MUSIC_OVER_VOICE),
        ({"snr_db": None}, None),
        ({"music_score": 0.8, "speech_score": 0.3}, Reason.MUSIC_OVER_VOICE),
        ({"witness_music": 0.1, "music_score": 0.2, "snr_db": 5.0}, None),  # no music plays
        ({"witness_music": None, "music_score": 0.4, "snr_db": 5.0}, Reason.MUSIC_OVER_VOICE),
        ({"witness_music": 0.0, "music_score": 0.0, "snr_db": 1.9}, Reason.LOW_SNR),
        ({"witness_music": 0.9, "snr_db": 1.9}, Reason.MUSIC_OVER_VOICE),
    ],
)
def test_what_lies_over_a_voice_is_named(changed: dict[str, float | None], reason: Reason | None) -> None:
    assert obstacle(**(MUSIC | changed)) is reason


def test_what_is_not_known_takes_nothing_away() -> None:
    assert obstacle() is None


@given(music=shares, tag=shares, speech=shares, snr_db=st.floats(-10, 39), more=st.floats(0, 1))
def test_a_clearer_voice_never_loses_its_pitch(
    music: float | None, tag: float | None, speech: float | None, snr_db: float, more: float
) -> None:
    given_ = {"witness_music": music, "music_score": tag, "speech_score": speech}
    if obstacle(**given_, snr_db=snr_db) is None:
        assert obstacle(**given_, snr_db=snr_db + more) is None
