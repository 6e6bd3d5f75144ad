"""Stage `embed`: one row a speech region, a vector or the reason why there is none."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, Source, SpeechEmbeddingRow, SpeechRegionRow
from pipeline.research.evidence.synthetic import at_level
from pipeline.stage import Setting
from pipeline.stages import embed
from pipeline.stages.embed import ENCODERS, Embed, EmbedOptions
from tests.support.paths import DEMO_CLIPS

CLIPS = DEMO_CLIPS


class FakeEncoder:
    """Two numbers: the length of the speech and its mean."""

    name = "fake/length-and-mean"
    dims = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        return np.array([waveform.size / SAMPLE_RATE, waveform.mean()], dtype=np.float32)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(ENCODERS, "whisper-base", FakeEncoder)
    locate = model_cache.locate
    fakes = {"whisper-base": tmp_path}
    monkeypatch.setattr(embed.model_cache, "locate", lambda name, folder: fakes.get(name) or locate(name, folder))


def clip_of(folder: Path, waveform: Waveform, regions: list[tuple[float, float]]) -> Clip:
    path = folder / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((waveform * 32768).astype("<i2").tobytes())
    rows = [
        SpeechRegionRow("file:one", number, start, end, level_dbfs=None, speech_score=None, music_score=None)
        for number, (start, end) in enumerate(regions)
    ]
    return Clip("file:one", Source("file", "one.mp4", ""), None, path, stored={SpeechRegionRow.table: rows})


def rows_of(clip: Clip, **options: float) -> list[SpeechEmbeddingRow]:
    (result,) = Embed(EmbedOptions(**options), Setting())([clip])  # type: ignore[arg-type]
    assert not isinstance(result, Exception)
    assert all(isinstance(row, SpeechEmbeddingRow) for row in result)
    return list(result)  # type: ignore[arg-type]


@pytest.mark.usefixtures("fake")
def test_each_region_has_the_vector_of_its_own_speech(tmp_path: Path) -> None:
    waveform = np.repeat(np.array([0.0, 0.25, 0.5, 0.0], dtype=np.float32), SAMPLE_RATE)
    rows = rows_of(clip_of(tmp_path, waveform, [(1.0, 2.0), (2.0, 2.6)]))
    assert [(row.clip_id, row.region, row.encoder, row.reason) for row in rows] == [
        ("file:one", 0, "fake/length-and-mean", None),
        ("file:one", 1, "fake/length-and-mean", None),
    ]
    assert [row.overlap_probability for row in rows] == [None, None], "the detector reads another encoder"
    assert rows[0].embedding == pytest.approx((1.0, 0.25))
    assert rows[1].embedding == pytest.approx((0.6, 0.5))
    assert all(type(number) is float for number in rows[0].embedding or ())


@pytest.mark.usefixtures("fake")
def test_short_and_silent_regions_have_a_reason_and_no_numbers(tmp_path: Path) -> None:
    waveform = np.concatenate([np.full(SAMPLE_RATE, 0.5), np.zeros(SAMPLE_RATE)]).astype(np.float32)
    rows = rows_of(clip_of(tmp_path, waveform, [(0.0, 0.3), (0.4, 0.9), (1.0, 2.0)]))
    assert [row.reason for row in rows] == ["too_short", None, "too_quiet"]
    assert [row.embedding is None for row in rows] == [True, False, True]
    assert [row.reason for row in rows_of(clip_of(tmp_path, waveform, [(0.0, 0.3)]), min_region_s=0.3)] == [None]


@pytest.mark.usefixtures("fake")
def test_a_region_that_the_audio_does_not_reach_is_too_short(tmp_path: Path) -> None:
    (row,) = rows_of(clip_of(tmp_path, np.full(SAMPLE_RATE, 0.1, dtype=np.float32), [(0.8, 2.0)]))
    assert row.reason == "too_short"


@pytest.mark.usefixtures("fake")
def test_a_clip_without_speech_has_no_rows(tmp_path: Path) -> None:
    assert rows_of(clip_of(tmp_path, np.zeros(SAMPLE_RATE, dtype=np.float32), [])) == []


def test_options_and_fingerprint() -> None:
    with pytest.raises(ValidationError):
        EmbedOptions(min_region_s=0.01)
    assert Embed.models(EmbedOptions(), Setting()) == ("whisper-base", "overlap")
    assert set(Embed.libraries(EmbedOptions(), Setting())) == {"faster-whisper", "ctranslate2"}
    assert all(field.description for field in EmbedOptions.model_fields.values())


@pytest.mark.model
def test_real_speech_has_finite_vectors_that_differ_and_repeat(tmp_path: Path) -> None:
    if model_cache.find("whisper-base") is None:
        pytest.skip("the Whisper base weights are not on this machine")
    ffmpeg.decode(CLIPS / "english_quick.mp4", tmp_path / "demo.wav", 60.0)
    clip = clip_of(tmp_path, audio.read_audio(tmp_path / "demo.wav"), [(1.0, 3.0), (3.0, 6.0)])
    first, second = rows_of(clip)
    assert first.embedding is not None
    assert second.embedding is not None
    assert len(first.embedding) == len(second.embedding) == 1024
    assert np.isfinite([first.embedding, second.embedding]).all()
    assert first.embedding != second.embedding
    assert rows_of(clip) == [first, second]


@pytest.mark.model
def test_two_voices_at_once_are_heard_and_one_after_the_other_is_not(tmp_path: Path) -> None:
    if model_cache.find("whisper-base") is None:
        pytest.skip("the Whisper base weights are not on this machine")
    voices = []
    for name, start in (("english_clear", 1.0), ("french", 1.0)):
        ffmpeg.decode(CLIPS / f"{name}.mp4", tmp_path / f"{name}.wav", 60.0)
        speech = audio.read_audio(tmp_path / f"{name}.wav")
        voices.append(at_level(speech[round(start * SAMPLE_RATE) : round((start + 4) * SAMPLE_RATE)]))
    english, french = voices
    together = at_level(english + french)
    in_turn = np.concatenate([english[: english.size // 2], french[: french.size // 2]])
    clip = clip_of(tmp_path, np.concatenate([together, english, french, in_turn]), [(0, 4), (4, 8), (8, 12), (12, 16)])
    both, first, second, turns = (row.overlap_probability for row in rows_of(clip))
    assert both is not None
    assert both > Gate.max_overlap_probability
    for alone in (first, second, turns):
        assert alone is not None
        assert alone < Gate.max_overlap_probability
