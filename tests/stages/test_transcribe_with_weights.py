"""Stage `transcribe` with Whisper's own weights: words of real speech, and nothing that is trusted of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import Clip, SegmentRow, SegmentTrustRow, TranscriptRow, WordRow
from pipeline.research.evidence import synthetic
from tests.support.paths import DEMO_CLIPS
from tests.support.transcribing import assert_storable, clip_of, of_kind, ramp, rows_of, stage

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.usefixtures("weights")]


def demo_clip(folder: Path, name: str, regions: list[tuple[float, float]]) -> Clip:
    ffmpeg.decode(DEMO_CLIPS / f"{name}.mp4", folder / "demo.wav", 60.0)
    return clip_of(folder, audio.read_audio(folder / "demo.wav"), regions)


@pytest.mark.parametrize("engine", ["ctranslate2", "openai-whisper"])
def test_the_words_of_a_demo_clip(engine: str, tmp_path: Path) -> None:
    ffmpeg.decode(DEMO_CLIPS / "english_quick.mp4", tmp_path / "demo.wav", 60.0)
    length = audio.read_audio(tmp_path / "demo.wav").size / SAMPLE_RATE
    clip = demo_clip(tmp_path, "english_quick", [(0.5, length - 0.5)])
    rows = rows_of(stage(engine=engine), clip)
    assert_storable(rows)
    (transcript,) = of_kind(rows, TranscriptRow)
    assert "Dashwood" in transcript.text
    assert (transcript.language, transcript.engine) == ("en", engine)
    words = of_kind(rows, WordRow)
    assert transcript.text.replace(" ", "") == "".join(word.word for word in words)  # Whisper parts words at hyphens
    assert all(0 <= word.start_s <= word.end_s <= length for word in words)


def test_a_third_of_a_second_and_a_wordless_region_pass(tmp_path: Path) -> None:
    built = stage()
    short = rows_of(built, clip_of(tmp_path, ramp(0.3), [(0.0, 0.3)]))
    music = rows_of(built, demo_clip(tmp_path, "music_only", [(1.0, 4.0)]))
    for rows in (short, music):
        assert_storable(rows)
        (transcript,) = of_kind(rows, TranscriptRow)
        assert (transcript.text is None) == (transcript.reason in {"no_text", "low_trust"})


def test_two_languages_two_voices_and_twenty_milliseconds_are_no_error(tmp_path: Path) -> None:
    waveforms = []
    for name in ("english_quick", "french"):
        ffmpeg.decode(DEMO_CLIPS / f"{name}.mp4", tmp_path / f"{name}.wav", 60.0)
        waveforms.append(audio.read_audio(tmp_path / f"{name}.wav")[: 8 * SAMPLE_RATE])
    built = stage()
    one_after_the_other = rows_of(built, clip_of(tmp_path, np.concatenate(waveforms), [(0.5, 7.5), (10.5, 15.5)]))
    both_at_once = rows_of(built, clip_of(tmp_path, (waveforms[0] + waveforms[1]) / 2, [(0.5, 7.5)]))
    blink = rows_of(built, clip_of(tmp_path, waveforms[0], [(3.0, 3.02)]))
    for rows in (one_after_the_other, both_at_once, blink):
        assert_storable(rows)
        (transcript,) = of_kind(rows, TranscriptRow)
        assert (transcript.text is None) == (transcript.reason is not None)
        assert len(of_kind(rows, SegmentRow)) == len(of_kind(rows, SegmentTrustRow))
    (transcript,) = of_kind(one_after_the_other, TranscriptRow)
    assert (transcript.language, transcript.reason) == ("en", None), "that of the longest span"
    segments, trust = of_kind(one_after_the_other, SegmentRow), of_kind(one_after_the_other, SegmentTrustRow)
    assert {row.language for row in segments if row.end_s < 8} == {"en"}
    assert {row.language for row in segments if row.start_s > 10} == {"fr"}
    by_language = {(row.language, of.language_probability) for row, of in zip(segments, trust, strict=True)}
    assert len(by_language) == 2, "each language with its own probability"


def test_what_whisper_writes_on_noise_is_kept_and_not_trusted(tmp_path: Path) -> None:
    built, rows = stage(), []
    for seed in range(1, 12):  # what makes Whisper write differs between processors
        rows = rows_of(built, clip_of(tmp_path, synthetic.pink_noise(4.0, seed), [(0.5, 3.5)]))
        assert_storable(rows)
        if of_kind(rows, SegmentRow):
            break
    assert of_kind(rows, SegmentRow), "no noise makes Whisper write any more"
    assert not any(row.in_text for row in of_kind(rows, SegmentTrustRow))
    assert of_kind(rows, TranscriptRow)[0].reason == "low_trust"
