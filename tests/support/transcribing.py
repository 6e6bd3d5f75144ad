"""Clips with speech regions for the stage `transcribe`, and what is true of all its rows."""

from __future__ import annotations

import dataclasses
import math
import wave
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, Row, Source, SpeechRegionRow
from pipeline.stage import Setting
from pipeline.stages.transcribe import Transcribe, TranscribeOptions


def clip_of(folder: Path, waveform: Waveform, regions: list[tuple[float, float]]) -> Clip:
    path = folder / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((waveform * 32767).astype("<i2").tobytes())
    rows = [
        SpeechRegionRow("file:one", number, start, end, level_dbfs=-20.0, speech_score=None, music_score=None)
        for number, (start, end) in enumerate(regions)
    ]
    source = Source("file", "one.mp4", "")
    return Clip("file:one", source, None, path, stored={SpeechRegionRow.table: rows})


def stage(**options: Any) -> Transcribe:
    return Transcribe(TranscribeOptions(**options), Setting())


def rows_of(stage: Transcribe, clip: Clip) -> list[Row]:
    (result,) = stage([clip])
    assert not isinstance(result, Exception)
    return list(result)


def of_kind(rows: list[Row], kind: type[Any]) -> list[Any]:
    return [row for row in rows if isinstance(row, kind)]


def assert_storable(rows: list[Row]) -> None:
    """Plain numbers and text, none of them NaN, and no grain twice."""
    for row in rows:
        for column in dataclasses.fields(row):  # type: ignore[arg-type]
            value = getattr(row, column.name)
            assert value is None or type(value) in (str, int, float, bool), column.name
            assert not (isinstance(value, float) and math.isnan(value)), column.name
    grains = [(row.table, *(getattr(row, name) for name in row.grain)) for row in rows]
    assert len(grains) == len(set(grains))


def ramp(seconds: float) -> Waveform:
    """Every second has its own level, so that a cut shows where it comes from."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(np.floor(time) / 100, dtype=np.float32)
