"""The gate of pitch is the one that keeps most with few wrong."""

from __future__ import annotations

import pytest

from pipeline.errors import UserError
from pipeline.records import SpeechRegionRow
from pipeline.research.evidence.measure_pitch import RATIOS_DB, MeasuredPitch, choose, table


def regions(kind: str, snr_db: float, error: float, count: int = 10, music: float = 0.0) -> list[MeasuredPitch]:
    row = SpeechRegionRow(
        "a", 0, 0.0, 2.0, level_dbfs=-20.0, speech_score=0.5, music_score=music, snr_db=snr_db, witness_music=music
    )
    ratio_db = None if kind == "clean" else RATIOS_DB[0]
    return [MeasuredPitch("choose", kind, ratio_db, error, row)] * count


def test_the_gate_that_keeps_most_with_few_wrong_is_chosen() -> None:
    measured = [*regions("clean", 30.0, 0.0), *regions("noise", 2.5, 0.1), *regions("noise", 1.5, 3.0)]
    measured += [*regions("music", 16.0, 0.1, music=0.8), *regions("music", 14.0, 3.0, music=0.8)]
    found = choose(measured)
    assert found.min_snr_db == 2.0
    assert found.music_snr_db == 15.0
    assert found.music_ratio == 2.0


def test_where_every_gate_leaves_wrong_pitches_none_is_chosen() -> None:
    with pytest.raises(UserError):
        choose(regions("clean", 30.0, 5.0))


def test_a_region_without_pitch_counts_as_wrong_and_cells_say_what_is_kept() -> None:
    measured = []
    for kind in ("clean", "music", "noise"):
        for ratio_db in [None] if kind == "clean" else RATIOS_DB:
            measured += [MeasuredPitch("report", kind, ratio_db, float("inf"), regions(kind, 30.0, 0.0)[0].region)]
    lines = table(measured, choose(regions("clean", 30.0, 0.0)))
    assert lines[-1].split() == ["clean", "1.00/1.00/1.00"]
