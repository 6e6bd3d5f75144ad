"""The edges of a study, through every stage with real models: each ends as a row or a reason, none stops the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import open_study
from pipeline.media import audio, ffmpeg
from pipeline.run.runner import run_study
from pipeline.stages import BY_NAME
from pipeline.study.config import load_study
from tests.conftest import run_ffmpeg, write_study, write_wav

pytestmark = [pytest.mark.model, pytest.mark.slow]

CAPTION = "حقيبتي الجديدة 👩‍👩‍👧‍👦 \u202eevil\u202c <script>alert(1)</script> '; DROP TABLE clips; --"
LONG_CAPTION = "bag " * 2_500
MINUTES_S = 600  # ten minutes


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory, demo_clips: Path, weights: Path) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("edges")
    clips = folder / "clips"
    clips.mkdir()
    ffmpeg.decode(demo_clips / "english_quick.mp4", folder / "speech.wav", 60)
    speech = audio.read_audio(folder / "speech.wav")
    rate = audio.SAMPLE_RATE
    write_wav(clips / "short.wav", speech[2 * rate : 2 * rate + round(0.3 * rate)])
    write_wav(clips / "digital silence.wav", np.zeros(3 * rate))
    write_wav(clips / "one sample.wav", np.array([0.5]))
    write_wav(clips / "clipped.wav", np.clip(20 * speech, -1, 1))
    write_wav(clips / "telephone.wav", speech[::2], 8_000)
    write_wav(clips / "faint.wav", speech * 0.001)
    ten_minutes = np.zeros(MINUTES_S * rate, dtype=np.float32)
    ten_minutes[: speech.size] = speech
    ten_minutes[-speech.size :] = speech
    write_wav(clips / "ten minutes.wav", ten_minutes)
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc=duration=2:size=90x160", "-pix_fmt", "yuv420p", str(clips / "picture only.mp4")
    )
    (clips / "empty.mp4").touch()
    (clips / "page.mp4").write_text("<html>Please log in</html>" * 40)
    (clips / "naïve 👜 #1 '.wav").write_bytes((clips / "short.wav").read_bytes())
    (folder / "posts.csv").write_text(
        "file,platform,id,caption\n"
        f'short.wav,tiktok,7312345678901234567,"{CAPTION}"\n'
        f'clipped.wav,tiktok,7312345678901234568,"{LONG_CAPTION}"\n',
        encoding="utf-8",
    )
    study = load_study(write_study(folder, '[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\n'), BY_NAME)
    report = run_study(study)
    assert not any("internal_error" in reasons for reasons in report.failed.values()), report.failed
    frame = open_study(study.folder.root).query("clip_overview")
    records = frame.to_dict("records")
    return {row["file_name"] if isinstance(row["file_name"], str) else row["clip_id"]: row for row in records}


def test_every_file_is_there_and_done_or_failed(overview: dict[str, Any]) -> None:
    assert len(overview) == 11
    assert {row["status"] for row in overview.values()} == {"ok", "failed"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("picture only.mp4", "audio: no_audio"),
        ("file:empty.mp4", "download: empty_file"),
        ("page.mp4", "audio: not_media"),
    ],
)
def test_what_cannot_be_heard_says_why(overview: dict[str, Any], name: str, problem: str) -> None:
    assert overview[name]["problem"] == problem


@pytest.mark.parametrize("name", ["digital silence.wav", "one sample.wav"])
def test_nothing_comes_from_nothing(overview: dict[str, Any], name: str) -> None:
    row = overview[name]
    assert row["status"] == "ok"
    assert row["speech_s"] == 0
    assert row["tone_reason"] == row["text_reason"] == "no_speech"


def test_a_third_of_a_second_has_no_tone(overview: dict[str, Any]) -> None:
    row = overview["short.wav"]
    assert row["clip_id"] == "tiktok:7312345678901234567"
    assert row["status"] == "ok"
    assert row["tone_reason"] in {"too_short", "no_speech"}


def test_ten_minutes_with_speech_at_both_ends(overview: dict[str, Any]) -> None:
    row = overview["ten minutes.wav"]
    assert row["duration_s"] == pytest.approx(MINUTES_S, abs=0.1)
    assert row["text"].lower().count("dashwood") == 2
    assert row["speech_s"] == pytest.approx(2 * overview["clipped.wav"]["speech_s"], rel=0.3)


def test_telephone_sound_and_clipping_are_still_understood(overview: dict[str, Any]) -> None:
    for name in ("telephone.wav", "clipped.wav"):
        assert overview[name]["language"] == "en"
        assert "Dashwood" in overview[name]["text"]


def test_faint_speech_is_not_scored(overview: dict[str, Any]) -> None:
    assert overview["faint.wav"]["tone_reason"] in {"too_quiet", "no_speech"}


def test_hostile_captions_are_stored_as_they_are(overview: dict[str, Any]) -> None:
    assert overview["short.wav"]["caption"] == CAPTION
    assert overview["clipped.wav"]["caption"] == LONG_CAPTION.strip()
    assert len(overview) == 11, "the table is still there"
