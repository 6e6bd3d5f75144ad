"""Stage `landmarks`: one row a clip, with landmarks or the reason why there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, SoundLandmarksRow, Source
from pipeline.research.sounds.songs import song
from pipeline.stage import Setting
from pipeline.stages.landmarks import Landmarks, LandmarksOptions
from tests.conftest import write_wav


def found(folder: Path, waveform: Waveform, *, find: bool = True) -> list[SoundLandmarksRow]:
    clip = Clip("c", Source("file", "c", ""), None, write_wav(folder / "a.wav", waveform))
    (result,) = Landmarks(LandmarksOptions(find=find), Setting())([clip])
    assert not isinstance(result, StageError)
    rows = [row for row in result if isinstance(row, SoundLandmarksRow)]
    assert len(rows) == len(result)
    return rows


@pytest.mark.parametrize(("seconds", "reason"), [(0.0, "too_short"), (0.3, "too_short"), (5.0, "too_quiet")])
def test_too_little_sound_has_a_reason(tmp_path: Path, seconds: float, reason: str) -> None:
    (row,) = found(tmp_path, np.zeros(round(seconds * SAMPLE_RATE), np.float32))
    assert (row.landmarks, row.reason) == (None, reason)


def test_a_short_sound_has_a_reason_though_it_is_loud(tmp_path: Path) -> None:
    (row,) = found(tmp_path, song(1, 3.0)[:4_800])
    assert row.reason == "too_short"


def test_sound_has_landmarks_and_its_length(tmp_path: Path) -> None:
    (row,) = found(tmp_path, song(1, 3.0))
    assert row.landmarks
    assert all(type(one) is int for one in row.landmarks)
    assert (row.duration_s, row.reason) == (3.0, None)


def test_nothing_is_looked_for_where_the_study_wants_none(tmp_path: Path) -> None:
    assert found(tmp_path, song(1, 3.0), find=False) == []
    assert not Landmarks.reads_audio(LandmarksOptions(find=False))


@pytest.mark.slow
def test_ten_minutes_are_read_within_the_deadline(tmp_path: Path) -> None:
    (row,) = found(tmp_path, np.tile(song(1, 6.0), 100))
    assert row.duration_s == 600
    assert row.landmarks
    assert len(row.landmarks) > 5_000
