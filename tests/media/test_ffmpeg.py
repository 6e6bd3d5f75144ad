"""The door to ffmpeg: what is measured is true, and what is not media has its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.errors import Reason, StageError, UserError
from pipeline.media import audio, ffmpeg
from tests.conftest import run_ffmpeg, write_wav

Maker = Callable[..., Path]


def refused(path: Path, target: Path, limit: float = 60.0) -> Reason:
    def both() -> None:
        ffmpeg.probe(path)
        ffmpeg.decode(path, target, limit)

    with pytest.raises(StageError) as caught:
        both()
    assert not target.exists()
    assert not target.with_suffix(".part").exists()
    return caught.value.reason


def test_length_loudness_and_peak_of_a_known_tone(tone_wav: Maker, tmp_path: Path) -> None:
    decoded = ffmpeg.decode(tone_wav(seconds=3.0, amplitude=0.5, rate=44_100), tmp_path / "out.wav", 60)
    assert decoded.duration_s == pytest.approx(3.0, abs=0.01)
    assert decoded.true_peak_dbtp == pytest.approx(-6.0, abs=0.2)
    # A sine of amplitude a on two loudspeakers, as players play mono: 20 log10(a) - 3.01 (mean square) + 3.01 (two
    # channels) - 0.69 + K-weighting near 0 at 440 Hz.
    assert decoded.loudness_lufs == pytest.approx(-6.7, abs=0.7)
    waveform = audio.read_audio(tmp_path / "out.wav")
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() == pytest.approx(0.5, abs=0.02)


def test_silence_has_no_loudness_and_no_peak(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "silence.wav", np.zeros(32_000))
    decoded = ffmpeg.decode(path, tmp_path / "out.wav", 60)
    assert decoded.loudness_lufs is None
    assert decoded.true_peak_dbtp is None
    assert decoded.duration_s == pytest.approx(2.0, abs=0.01)


def test_loudness_can_be_left_out_and_the_samples_stay(tone_wav: Maker, tmp_path: Path) -> None:
    path = tone_wav(seconds=3.0, amplitude=0.5, rate=44_100)
    ffmpeg.decode(path, tmp_path / "with.wav", 60)
    decoded = ffmpeg.decode(path, tmp_path / "without.wav", 60, loudness=False)
    assert (decoded.loudness_lufs, decoded.true_peak_dbtp) == (None, None)
    assert decoded.duration_s == pytest.approx(3.0, abs=0.01)
    with_it, without = (audio.read_audio(tmp_path / name) for name in ("with.wav", "without.wav"))
    assert np.allclose(with_it, without, atol=2 / 32_768, rtol=0), "the same but for rounding"


def test_a_clip_of_a_third_of_a_second(tone_wav: Maker, tmp_path: Path) -> None:
    decoded = ffmpeg.decode(tone_wav(seconds=0.3), tmp_path / "out.wav", 60)
    assert decoded.duration_s == pytest.approx(0.3, abs=0.01)
    assert decoded.loudness_lufs is None, "shorter than one gating block of 0.4 s"


@pytest.mark.slow
def test_ten_minutes(tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=300:duration=600", "-c:a", "aac", str(tmp_path / "long.m4a"))
    assert ffmpeg.decode(tmp_path / "long.m4a", tmp_path / "out.wav", 900).duration_s == pytest.approx(600, abs=0.2)


def test_two_channels_become_their_mean(tmp_path: Path) -> None:
    run_ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=300:duration=1",
        "-af",
        "pan=stereo|c0=c0|c1=0.5*c0",
        str(tmp_path / "s.wav"),
    )
    ffmpeg.decode(tmp_path / "s.wav", tmp_path / "out.wav", 60)
    probe = ffmpeg.probe(tmp_path / "s.wav")
    assert [track.channels for track in probe.tracks] == [2]
    assert np.abs(audio.read_audio(tmp_path / "out.wav")).max() == pytest.approx(0.125 * 0.75, abs=0.01)


def test_probe_of_a_vertical_video(demo_clips: Path) -> None:
    probe = ffmpeg.probe(demo_clips / "english_clear.mp4")
    assert probe.video_codec == "h264"
    assert (probe.height or 0) > (probe.width or 0)
    assert [track.codec for track in probe.tracks] == ["aac"]
    assert probe.duration_s is not None
    assert ffmpeg.probe(demo_clips / "no_audio.mp4").tracks == ()


def test_empty_text_and_broken_files(tmp_path: Path, demo_clips: Path) -> None:
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    text.write_text("<html>log in</html>" * 50)
    assert refused(empty, tmp_path / "out.wav") == Reason.EMPTY_FILE
    assert refused(text, tmp_path / "out.wav") == Reason.NOT_MEDIA
    assert refused(demo_clips / "broken.mp4", tmp_path / "out.wav") == Reason.NOT_MEDIA


def test_a_playlist_dressed_as_a_clip_is_refused(tmp_path: Path, tone_wav: Maker) -> None:
    secret = tone_wav("secret.wav")
    concat = tmp_path / "clip.mp4"
    concat.write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    assert refused(concat, tmp_path / "out.wav") == Reason.NOT_MEDIA
    with pytest.raises(StageError):
        ffmpeg.decode(concat, tmp_path / "out.wav", 60)
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(StageError):
        ffmpeg.decode(playlist, tmp_path / "out.wav", 60)


def test_longer_than_the_limit(tone_wav: Maker, tmp_path: Path) -> None:
    path = tone_wav(seconds=5)
    with pytest.raises(StageError) as caught:
        ffmpeg.decode(path, tmp_path / "out.wav", 3.0)
    assert caught.value.reason == Reason.TOO_LONG
    assert not (tmp_path / "out.wav").exists()


def test_another_ffmpeg_must_exist() -> None:
    with pytest.raises(UserError, match="no ffmpeg at"):
        ffmpeg.ffmpeg_path("nowhere/ffmpeg")


def test_another_ffmpeg_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study that somebody sends could bring a program along."""
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="whole path"):
        ffmpeg.ffmpeg_path("./ffmpeg")
    assert ffmpeg.ffmpeg_path(str(tmp_path / "ffmpeg")) == str(tmp_path / "ffmpeg")


@pytest.mark.parametrize(
    ("version", "serves"), [("4.4.2-0ubuntu1", False), ("n5.1", False), ("6.0", True), ("N-1-g", True)]
)
def test_another_ffmpeg_must_tell_the_times_of_frames(tmp_path: Path, version: str, serves: bool) -> None:
    named = tmp_path / "ffmpeg"
    named.write_text(f"#!/bin/sh\necho 'ffmpeg version {version} Copyright (c) 2000-2026'\n", encoding="utf-8")
    named.chmod(0o755)
    if serves:
        assert ffmpeg.ffmpeg_version(str(named)) == version
        return
    with pytest.raises(UserError, match=version):
        ffmpeg.ffmpeg_version(str(named))


def test_an_installed_ffmpeg_that_cannot_run_is_a_mistake_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_found() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none_found)
    ffmpeg.ffmpeg_path.cache_clear()
    try:
        with pytest.raises(UserError, match="imageio-ffmpeg"):
            ffmpeg.ffmpeg_path()
    finally:
        ffmpeg.ffmpeg_path.cache_clear()


def test_decoding_is_the_same_every_time(demo_clips: Path, tmp_path: Path) -> None:
    outcomes = []
    for name in ("a.wav", "b.wav"):
        decoded = ffmpeg.decode(demo_clips / "spanish.mp4", tmp_path / name, 60)
        outcomes.append((decoded, (tmp_path / name).read_bytes()))
    assert outcomes[0] == outcomes[1]


def test_a_name_like_an_option(tone_wav: Maker, tmp_path: Path) -> None:
    path = tone_wav("-i http:evil.wav")
    assert ffmpeg.decode(path, tmp_path / "out.wav", 60).duration_s > 0
