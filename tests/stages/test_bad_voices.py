"""Voices that no tone model was made for, through every stage with real models: a reason, no number from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import open_study
from pipeline.analysis.models import cache as model_cache
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.run.runner import run_study
from pipeline.stages import BY_NAME
from pipeline.study.config import load_study
from tests.conftest import write_study, write_wav

pytestmark = [pytest.mark.model, pytest.mark.slow]

REGIONS = """
    SELECT media.file_name, emotions.*, acoustics.f0_median_hz, acoustics.reason AS f0_reason
    FROM emotions
    JOIN media USING (clip_id)
    JOIN acoustics USING (clip_id, region)
"""
CLIPS = "SELECT file_name, tone, tone_reason, text FROM clip_overview WHERE status = 'ok'"

Rows = list[dict[str, Any]]


def voice(demo_clips: Path, name: str, folder: Path) -> Waveform:
    ffmpeg.decode(demo_clips / name, folder / "voice.wav", 60)
    return audio.read_audio(folder / "voice.wav")


def spoilt(english: Waveform, spanish: Waveform) -> dict[str, Waveform]:
    """The same voice as no voice should come, one clip a kind."""
    time = np.arange(english.size) / SAMPLE_RATE
    envelope = np.sqrt(np.convolve(english**2, np.ones(320) / 320, "same"))
    notes = 220 * 2 ** (np.floor(2 * time) % 5 / 12)  # held for half a second each
    shorter = min(english.size, spanish.size)
    return {
        "20 ms": english[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 320],
        "clipped": np.clip(100 * english, -1, 1),
        "sung": envelope * np.sin(2 * np.pi * np.cumsum(notes) / SAMPLE_RATE),
        "whispered": envelope * np.random.default_rng(0).standard_normal(english.size),
        "two voices": english[:shorter] + spanish[:shorter],
        "two languages": np.concatenate([english[: 8 * SAMPLE_RATE], spanish[: 8 * SAMPLE_RATE]]),
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, demo_clips: Path, weights: Path) -> tuple[dict[str, Any], Rows]:
    """Clips by name, and their speech regions."""
    folder = tmp_path_factory.mktemp("voices")
    (folder / "clips").mkdir()
    english, spanish = (voice(demo_clips, name, folder) for name in ("english_quick.mp4", "spanish.mp4"))
    for name, waveform in spoilt(english, spanish).items():
        write_wav(folder / "clips" / f"{name}.wav", waveform)
    write_wav(folder / "clips" / "telephone.wav", english[::2], SAMPLE_RATE // 2)
    study = load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n'), BY_NAME)
    assert run_study(study).failed == {}
    reader = open_study(study.folder.root)
    clips = {Path(row["file_name"]).stem: row for row in reader.sql(CLIPS).to_dict("records")}
    return clips, reader.sql(REGIONS).astype(object).where(lambda frame: frame.notna(), None).to_dict("records")


def test_every_clip_is_there(found: tuple[dict[str, Any], Rows]) -> None:
    assert set(found[0]) == {
        "20 ms", "clipped", "sung", "whispered", "two voices", "two languages", "telephone",
    }  # fmt: skip


def test_each_region_has_a_score_or_a_reason(found: tuple[dict[str, Any], Rows]) -> None:
    regions = found[1]
    assert {row["status"] for row in regions} == {"scored", "no_evidence"}
    for row in regions:
        scored = row["status"] == "scored"
        assert [row[name] is not None for name in ("label", "probability", "probabilities")] == [scored] * 3
        assert (row["reason"] is None) == scored
        assert (row["f0_median_hz"] is None) == (row["f0_reason"] is not None)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("20 ms", {"no_speech", "too_short"}),
        ("clipped", {"clipped"}),
        ("sung", {"no_speech", "uncertain_speech", "singing", "music_over_speech"}),
        ("whispered", {"no_speech", "uncertain_speech", "low_snr"}),
        ("two voices", {"several_voices", "low_snr"}),
    ],
)
def test_what_is_no_clear_voice_has_no_tone(found: tuple[dict[str, Any], Rows], name: str, reasons: set[str]) -> None:
    if name == "sung" and model_cache.find("yamnet") is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    clip = found[0][name]
    assert clip["tone_reason"] in reasons
    assert not isinstance(clip["tone"], str)
    assert {row["reason"] for row in found[1] if row["file_name"] == f"{name}.wav"} <= reasons


@pytest.mark.parametrize("name", ["telephone", "two languages"])
def test_a_voice_is_a_voice_over_the_telephone_and_in_two_languages(
    found: tuple[dict[str, Any], Rows], name: str
) -> None:
    assert isinstance(found[0][name]["tone"], str)
    assert "Dashwood" in found[0][name]["text"]
