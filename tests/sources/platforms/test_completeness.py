"""What counts as the post's media: whole files of any length pass, everything else is bad media."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.errors import Reason, StageError
from pipeline.sources.platforms.completeness import prove
from tests.conftest import run_ffmpeg


def made(path: Path, seconds: float, *coding: str) -> Path:
    """A test picture with a tone."""
    sources = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=25", "-f", "lavfi", "-i", "sine=440"]
    run_ffmpeg(*sources, "-t", str(seconds), "-shortest", "-threads", "1", *coding, str(path))
    return path


def refusal(path: Path, declared_s: float | None = None) -> str:
    with pytest.raises(StageError) as caught:
        prove(path, declared_s)
    assert caught.value.reason == Reason.BAD_MEDIA
    return caught.value.message


@pytest.mark.parametrize("seconds", [0.3, 1.0, 7.35])
@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("a.mp4", ("-c:v", "libx264", "-c:a", "aac")),
        ("a.webm", ("-c:v", "libvpx", "-c:a", "libopus")),
        ("a.ts", ("-c:v", "libx264", "-c:a", "aac")),
        ("a.m4a", ("-vn",)),
        ("a.mp3", ("-vn",)),
    ],
)
def test_a_whole_file_of_any_length_passes(tmp_path: Path, name: str, coding: tuple[str, ...], seconds: float) -> None:
    proof = prove(made(tmp_path / name, seconds, *coding), seconds)
    assert proof.has_audio
    assert proof.audio_s == pytest.approx(seconds, abs=0.1)


def test_every_clip_of_the_demo_but_the_broken_one_passes(demo_clips: Path) -> None:
    for path in demo_clips.glob("*.mp4"):
        if path.name == "broken.mp4":
            assert "cannot be read" in refusal(path)
        else:
            assert prove(path, None).has_audio == (path.name != "no_audio.mp4")


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>", b"\n <HTML><body>log in", b'{"error": 1}', b"\xef\xbb\xbf<html>"]
)
def test_a_page_is_no_media(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(body)
    assert "page" in refusal(tmp_path / "a.mp4")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert "empty" in refusal(tmp_path / "a.mp4")


def test_a_file_that_ends_early(demo_clips: Path, tmp_path: Path) -> None:
    whole = (demo_clips / "english_quick.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[:-9_000])
    assert re.search(r"12\.0 s .*13\.0 s .*file", refusal(tmp_path / "a.mp4"))


def test_a_splice_of_two_files_is_heard(demo_clips: Path, tmp_path: Path) -> None:
    first, second = ((demo_clips / f"{name}.mp4").read_bytes() for name in ("english_quick", "french"))
    (tmp_path / "a.mp4").write_bytes(first[:50_000] + second[50_000:])
    assert "sound" in refusal(tmp_path / "a.mp4")


@pytest.mark.parametrize(("declared_s", "passes"), [(13, True), (14, True), (13.2, True), (13.6, False), (15, False)])
def test_the_declared_length_with_its_rounding(demo_clips: Path, declared_s: float, passes: bool) -> None:
    path = demo_clips / "english_quick.mp4"  # 13.04 s
    if passes:
        prove(path, declared_s)
    else:
        assert "platform" in refusal(path, declared_s)


def test_a_header_is_not_rounded(demo_clips: Path, tmp_path: Path) -> None:
    whole = (demo_clips / "no_audio.mp4").read_bytes()  # 8.0 s, a whole number by chance
    (tmp_path / "a.mp4").write_bytes(whole[: int(len(whole) * 0.95)])
    assert re.search(r"7\.4 s .*8\.0 s .*file", refusal(tmp_path / "a.mp4"))
