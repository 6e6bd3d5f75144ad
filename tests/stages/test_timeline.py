"""Stage `timeline`: spans in the time of the clip, only where there is evidence, and nothing without a model."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.errors import StageError
from pipeline.records import Clip, EmotionSpanRow, Source, SpeechRegionRow
from pipeline.stage import Setting
from pipeline.stages.timeline import Timeline, TimelineOptions
from tests.conftest import write_wav
from tests.support.wavlm_look_alike import make_timeline

NAME = "speechbrain-timeline"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    root = tmp_path_factory.mktemp("models")
    make_timeline(root / NAME, tmp_path_factory.mktemp("scratch"))
    return Timeline(TimelineOptions(models=(NAME,)), Setting(models_folder=root))


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Two regions with evidence, one that is too short and one under music."""
    draw = np.random.default_rng(0)
    swell = np.repeat(draw.uniform(0.01, 0.3, size=80), 1_600)
    path = write_wav(tmp_path / "a.wav", swell * draw.normal(size=swell.size) * 0.5)
    regions = [
        SpeechRegionRow("c", 0, 0.5, 2.5, level_dbfs=-20.0, speech_score=None, music_score=None),
        SpeechRegionRow("c", 1, 2.5, 2.9, level_dbfs=-20.0, speech_score=None, music_score=None),
        SpeechRegionRow("c", 2, 3.0, 5.0, level_dbfs=-20.0, speech_score=0.1, music_score=0.9),
        SpeechRegionRow("c", 3, 5.5, 7.75, level_dbfs=-20.0, speech_score=None, music_score=None),
    ]
    return Clip("c", Source("file", "c", ""), None, path, stored={"speech_regions": regions})


def spans(stage: Timeline, clip: Clip) -> list[EmotionSpanRow]:
    (result,) = stage([clip])
    assert not isinstance(result, StageError)
    return [row for row in result if isinstance(row, EmotionSpanRow)]


@pytest.mark.slow
def test_spans_cover_the_regions_with_evidence_in_the_clips_time(stage: Timeline, clip: Clip) -> None:
    rows = spans(stage, clip)
    assert [row.span for row in rows] == list(range(len(rows)))
    assert len({(row.clip_id, row.model, row.span) for row in rows}) == len(rows)
    for region, (start, end) in {0: (0.5, 2.5), 3: (5.5, 7.75)}.items():
        own = [row for row in rows if row.region == region]
        assert own[0].start_s == start
        assert end - 0.04 <= own[-1].end_s <= end
        for one, two in itertools.pairwise(own):
            assert one.end_s == pytest.approx(two.start_s)
            assert one.label != two.label
        for row in own:
            assert (row.model, row.status, row.reason) == (NAME, "scored", None)
            assert row.label in ("neutral", "happy", "sad", "angry")
            assert row.probability is not None


@pytest.mark.slow
def test_a_region_with_too_little_evidence_is_one_span_with_the_reason(stage: Timeline, clip: Clip) -> None:
    thin = [row for row in spans(stage, clip) if row.status == "no_evidence"]
    assert [(row.region, row.start_s, row.end_s, row.reason) for row in thin] == [
        (1, 2.5, pytest.approx(2.9), "too_short"),
        (2, 3.0, 5.0, "music_over_speech"),
    ]
    assert all(row.label is None and row.probability is None for row in thin)


def test_without_a_model_nothing_is_read_or_written(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "a.wav").unlink()
    stage = Timeline(TimelineOptions(), Setting())
    assert spans(stage, clip) == []
    assert Timeline.models(TimelineOptions(), Setting()) == ()
    assert not Timeline.reads_audio(TimelineOptions())
    assert Timeline.libraries(TimelineOptions(), Setting()) == {}
    assert "hub" in str(TimelineOptions.model_fields["models"].description), "a user learns why it is left out"


@pytest.mark.slow
def test_a_clip_without_speech_has_no_span(stage: Timeline, clip: Clip) -> None:
    assert spans(stage, Clip("c", clip.source, None, clip.audio_path)) == []


@pytest.mark.slow
def test_the_same_clip_gives_the_same_spans(stage: Timeline, clip: Clip) -> None:
    assert spans(stage, clip) == spans(stage, clip)


@pytest.mark.parametrize("names", [("nobody",), (NAME, NAME)])
def test_models_are_known_and_named_once(names: Any) -> None:
    with pytest.raises(ValidationError, match=r"no model of tone over time is called|named twice"):
        TimelineOptions(models=names)


def test_what_it_loads_is_in_the_fingerprint() -> None:
    options = TimelineOptions(models=(NAME,))
    assert Timeline.models(options, Setting()) == (NAME,)
    assert Timeline.reads_audio(options)
    assert set(Timeline.libraries(options, Setting())) == {"torch", "speechbrain", "transformers"}
