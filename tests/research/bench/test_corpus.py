"""The clips that speed is measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import ffmpeg
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.bench import corpus


def test_clips_are_vertical_mp4_with_stereo_sound_and_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    loud = (2 * rng.standard_normal(SAMPLE_RATE)).astype(np.float32)
    said = corpus.Recording(tmp_path / "a.flac", "en", "Hello there.")
    monkeypatch.setattr(corpus, "_planned_clips", lambda: [("speech", [said, said], loud), ("silence", (), 0 * loud)])
    built = corpus.build(tmp_path)
    assert built == corpus.read(tmp_path)
    assert [(one.kind, one.utterances, one.text, one.language) for one in built] == [
        ("speech", 2, "Hello there. Hello there.", "en"),
        ("silence", 0, "", ""),
    ]
    found = ffmpeg.probe(tmp_path / built[0].file)
    (track,) = found.tracks
    assert (found.video_codec, track.codec, track.sample_rate, track.channels) == ("h264", "aac", 44100, 2)
    assert (found.width, found.height) == (720, 1280)
    assert found.duration_s == pytest.approx(1.0, abs=0.1)
    written = (tmp_path / built[0].file).stat().st_mtime_ns
    corpus.build(tmp_path)
    assert (tmp_path / built[0].file).stat().st_mtime_ns == written, "what is there is not made again"


def test_without_labelled_speech_the_demo_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPTONE_DATA", raising=False)
    monkeypatch.setattr(corpus, "voice", lambda _: np.ones(SAMPLE_RATE, dtype=np.float32))
    plan = list(corpus._planned_clips())
    assert len(plan) >= 60
    kinds = {kind for kind, _, _ in plan}
    assert kinds == {"speech", "under_music", "music", "noise", "silence"}
    assert {one.language for _, utterances, _ in plan for one in utterances} == {"en", "es", "fr"}


def test_a_recording_that_several_clips_hold_alike_is_scored_once() -> None:
    def clip(file: str, kind: str, text: str) -> corpus.Reference:
        return corpus.Reference(file, kind, "fr", 1, 5.0, text)

    clips = [
        clip("0", "speech", "Allô"),
        clip("1", "speech", "Allô"),
        clip("2", "under_music", "Allô"),
        clip("3", "speech", "Merci"),
        clip("4", "silence", ""),
    ]
    assert [one.file for one in corpus.scored(clips)] == ["0", "2", "3"]
