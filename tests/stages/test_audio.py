"""The stage `audio`: every time is that of the player, and what a listener hears is in the one channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import Reason, StageError
from pipeline.media.audio import SAMPLE_RATE, read_audio
from pipeline.records import AudioRow, SoundGapRow
from pipeline.stage import Setting
from pipeline.stages.audio import Audio, AudioOptions
from tests.conftest import make_clip, run_ffmpeg, write_wav
from tests.media.bursts import CONTAINERS, LENGTH_S, TIMES_S, bursts, make, onsets

EXACT_S = 0.1
QUICK = ("mp4", "mkv", "ts")
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CONTAINERS]


def heard(path: Path) -> tuple[AudioRow, list[SoundGapRow], list[float]]:
    """The rows of one file, and when its bursts start."""
    clip = make_clip(path, path.parent)
    (result,) = Audio(AudioOptions(), Setting())([clip])
    assert not isinstance(result, StageError), result
    row, *gaps = result
    assert isinstance(row, AudioRow)
    waveform = read_audio(clip.audio_path)
    assert row.duration_s == pytest.approx(waveform.size / SAMPLE_RATE)
    return row, [gap for gap in gaps if isinstance(gap, SoundGapRow)], onsets(waveform)


def moved(by_s: float, after_s: float = 0.0) -> list[float]:
    return [start + by_s if start >= after_s else start for start in TIMES_S]


@pytest.mark.parametrize("container", EACH)
def test_sound_that_starts_late_keeps_its_times(tmp_path: Path, container: str) -> None:
    row, gaps, starts = heard(make(tmp_path, container, before=("-itsoffset", "3")))
    assert starts == pytest.approx(moved(3), abs=EXACT_S)
    assert row.start_s == pytest.approx(3, abs=EXACT_S)
    assert row.duration_s == pytest.approx(3 + LENGTH_S, abs=EXACT_S)
    assert row.decoded_ratio == 1.0
    assert (row.gap_s, row.damaged_s) == (0.0, 0.0)
    (gap,) = gaps
    assert gap.reason == Reason.LATE_SOUND
    assert (gap.start_s, gap.end_s) == pytest.approx((0, 3), abs=EXACT_S)


@pytest.mark.parametrize("container", EACH)
def test_sound_from_the_beginning_has_no_gap(tmp_path: Path, container: str) -> None:
    row, gaps, starts = heard(make(tmp_path, container))
    assert starts == pytest.approx(TIMES_S, abs=EXACT_S)
    assert row.start_s == pytest.approx(0, abs=EXACT_S)
    assert (gaps, row.gap_s, row.damaged_s, row.decoded_ratio) == ([], 0.0, 0.0, 1.0)


@pytest.mark.parametrize("container", EACH)
def test_a_hole_in_the_timestamps_is_silence_with_a_reason(tmp_path: Path, container: str) -> None:
    stalls = "asetnsamples=441,asetpts='if(gt(T,3),PTS+5/TB,PTS)'"
    row, gaps, starts = heard(make(tmp_path, container, filters=stalls))
    assert starts == pytest.approx(moved(5, after_s=3), abs=EXACT_S)
    assert row.gap_s == pytest.approx(5, abs=EXACT_S)
    assert row.decoded_ratio == 1.0
    assert [gap.reason for gap in gaps] == [Reason.NO_PACKETS]
    assert (gaps[0].start_s, gaps[0].end_s) == pytest.approx((3, 8), abs=EXACT_S)


@pytest.mark.slow
@pytest.mark.parametrize("container", sorted(set(CONTAINERS) - {"mp4", "mov"}))
def test_lost_packets_move_nothing(tmp_path: Path, container: str) -> None:
    whole = make(tmp_path, container)
    lossy = tmp_path / f"lossy{whole.suffix}"
    lost = ("-c", "copy", "-bsf:a", r"noise=drop=between(n\,20\,70)")
    run_ffmpeg("-i", str(whole), *lost, *CONTAINERS[container][1][4:], str(lossy))
    row, gaps, starts = heard(lossy)
    kept = [at for at in TIMES_S if not any(gap.start_s - 0.3 < at < gap.end_s for gap in gaps)]
    assert 2 <= len(kept) < len(TIMES_S) + 1
    assert [at for at in starts if any(abs(at - true) < EXACT_S for true in TIMES_S)] == pytest.approx(
        kept, abs=EXACT_S
    )
    assert starts[-1] == pytest.approx(TIMES_S[-1], abs=EXACT_S)
    assert row.gap_s == pytest.approx(51 * (0.02 if container == "webm" else 1024 / 44_100), abs=EXACT_S)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_damaged_packets_are_silence_and_move_nothing(tmp_path: Path, container: str) -> None:
    whole = make(tmp_path, container)
    broken = tmp_path / f"broken{whole.suffix}"
    run_ffmpeg("-i", str(whole), "-c", "copy", "-bsf:a", r"noise=amount=between(n\,100\,150)", str(broken))
    row, gaps, starts = heard(broken)
    # Packets of .ts have no frames of their own: damaged ones are no packets any more.
    damaged_s, reason = (row.gap_s, "no_packets") if container == "ts" else (row.damaged_s, "damaged_sound")
    assert {gap.reason for gap in gaps} == {reason}
    assert damaged_s == pytest.approx(51 * 1024 / 44_100, abs=EXACT_S)
    assert row.decoded_ratio == (1.0 if container == "ts" else pytest.approx(1 - damaged_s / LENGTH_S, abs=0.02))
    assert starts[:2] == pytest.approx(TIMES_S[:2], abs=EXACT_S)
    assert starts[-1] == pytest.approx(TIMES_S[-1], abs=EXACT_S)


@pytest.mark.slow
def test_an_edit_list_cuts_what_players_do_not_play(tmp_path: Path) -> None:
    whole, cut = make(tmp_path, "mp4"), tmp_path / "cut.mp4"
    run_ffmpeg("-ss", "3", "-i", str(whole), "-c", "copy", str(cut))
    row, _, starts = heard(cut)
    assert starts == pytest.approx([at - 3 for at in TIMES_S if at >= 3], abs=EXACT_S)
    assert row.decoded_ratio == 1.0


@pytest.mark.parametrize(
    ("suffix", "late_s", "expected_s"),
    [(".m4a", 3, 3), (".mkv", 3, 3), (".weba", 3, 3), (".mkv", 3600, 0), (".ts", 3, 0), (".wav", 3, 0)],
)
def test_sound_alone_has_the_clock_of_its_file(tmp_path: Path, suffix: str, late_s: int, expected_s: int) -> None:
    sound = write_wav(tmp_path / "bursts.wav", bursts(48_000), 48_000)
    codec = {".wav": "pcm_s16le", ".weba": "libopus"}.get(suffix, "aac")
    muxer = ("-f", "webm") if suffix == ".weba" else ()
    path = tmp_path / f"late{suffix}"
    run_ffmpeg("-itsoffset", str(late_s), "-i", str(sound), "-c:a", codec, *muxer, str(path))
    row, _, starts = heard(path)
    assert starts == pytest.approx(moved(expected_s), abs=EXACT_S)
    assert row.start_s == pytest.approx(expected_s, abs=EXACT_S)


@pytest.mark.slow
def test_a_stream_that_begins_anew_goes_on(tmp_path: Path) -> None:
    """Live recordings are joined from pieces whose clocks start again."""
    piece = make(tmp_path, "ts", before=("-itsoffset", "1")).read_bytes()
    (tmp_path / "joined.ts").write_bytes(piece + piece)
    _, gaps, starts = heard(tmp_path / "joined.ts")
    assert starts == pytest.approx([*moved(1), *moved(17)], abs=EXACT_S)
    assert [gap.reason for gap in gaps] == [Reason.LATE_SOUND, Reason.NO_PACKETS]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".aac", ".ts"])
def test_a_sample_rate_that_changes_on_the_way(tmp_path: Path, suffix: str) -> None:
    sound = write_wav(tmp_path / "bursts.wav", bursts(44_100), 44_100)
    pieces = []
    for name, options in (("mono", ("-ac", "1", "-ar", "44100")), ("stereo", ("-ac", "2", "-ar", "48000"))):
        run_ffmpeg("-i", str(sound), *options, "-c:a", "aac", str(tmp_path / f"{name}{suffix}"))
        pieces.append((tmp_path / f"{name}{suffix}").read_bytes())
    (tmp_path / f"joined{suffix}").write_bytes(b"".join(pieces))
    _, gaps, starts = heard(tmp_path / f"joined{suffix}")
    assert starts == pytest.approx([*moved(0), *moved(LENGTH_S)], abs=EXACT_S)
    assert gaps == []


def with_tracks(path: Path, sounds: list[np.ndarray], default: int) -> Path:
    inputs, maps = [], ["-map", "0:v"]
    for number, sound in enumerate(sounds):
        inputs += ["-i", str(write_wav(path.parent / f"track{number}.wav", sound))]
        maps += ["-map", f"{number + 1}:a", f"-disposition:a:{number}", "default" if number == default else "0"]
    picture = ("-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=8")
    run_ffmpeg(*picture, *inputs, *maps, "-c:v", "libx264", "-c:a", "aac", str(path))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_track_that_players_take(tmp_path: Path, suffix: str) -> None:
    voice, other = bursts(), np.roll(bursts(), SAMPLE_RATE)
    row, _, starts = heard(with_tracks(tmp_path / f"two{suffix}", [other, voice], default=1))
    assert (row.audio_tracks, row.audio_track) == (2, 1)
    assert starts == pytest.approx(TIMES_S, abs=EXACT_S)


@pytest.mark.slow
def test_a_silent_track_is_not_taken_where_another_has_sound(tmp_path: Path) -> None:
    silence = np.zeros_like(bursts())
    row, _, starts = heard(with_tracks(tmp_path / "two.mp4", [silence, silence, bursts()], default=0))
    assert (row.audio_tracks, row.audio_track) == (3, 2)
    assert starts == pytest.approx(TIMES_S, abs=EXACT_S)
    row, _, starts = heard(with_tracks(tmp_path / "silent.mp4", [silence, silence], default=1))
    assert (row.audio_tracks, row.audio_track, row.loudness_lufs, starts) == (2, 1, None, [])


@pytest.mark.slow
def test_the_ratio_is_that_of_the_sound_and_not_of_the_picture(tmp_path: Path) -> None:
    whole, cut = make(tmp_path, "mp4"), tmp_path / "cut.mp4"
    assert heard(whole)[0].decoded_ratio == 1.0
    run_ffmpeg("-i", str(whole), "-map", "0:a", "-c", "copy", "-movflags", "+faststart", str(tmp_path / "first.mp4"))
    content = (tmp_path / "first.mp4").read_bytes()
    cut.write_bytes(content[: len(content) * 6 // 10])
    lost = heard(cut)[0].decoded_ratio
    assert lost is not None
    assert 0.4 < lost < 0.8


def test_mono_is_as_loud_as_the_same_sound_in_stereo(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "mono.wav", bursts())
    run_ffmpeg("-i", str(sound), "-af", "pan=stereo|c0=c0|c1=c0", str(tmp_path / "stereo.wav"))
    (mono, _, _), (stereo, _, _) = heard(sound), heard(tmp_path / "stereo.wav")
    assert mono.loudness_lufs == pytest.approx(stereo.loudness_lufs, abs=0.1)
    assert (mono.mix, stereo.mix) == ("mono", "mean")


@pytest.mark.parametrize(
    ("pan", "mix", "peak"),
    [
        ("stereo|c0=c0|c1=-1*c0", "difference", 0.5),
        ("stereo|c0=c0|c1=-0.4*c0", "left", 0.5),
        ("stereo|c0=0*c0|c1=c0", "right", 0.5),
        ("stereo|c0=c0|c1=0.5*c0", "mean", 0.375),
        ("5.1|FC=c0|FL=0.001*c0", "centre", 0.5),
        ("7.1|FC=c0|FL=0.001*c0", "centre", 0.5 / (1 + 0.707)),
        ("quad|FL=c0|FR=-1*c0", "difference", 0.5),
        ("3.0|FC=c0", "mean", 0.5 * 0.707 / (1 + 0.707)),
        ("5.1(side)|FL=c0|FR=-1*c0", "difference", 0.5),
    ],
)
def test_a_voice_is_heard_wherever_it_is(tmp_path: Path, pan: str, mix: str, peak: float) -> None:
    sound = write_wav(tmp_path / "mono.wav", bursts())
    run_ffmpeg("-i", str(sound), "-af", f"pan={pan}", str(tmp_path / "wide.wav"))
    row, _, starts = heard(tmp_path / "wide.wav")
    assert row.mix == mix
    assert starts == pytest.approx(TIMES_S, abs=EXACT_S)
    assert np.abs(read_audio(make_clip(Path(), tmp_path).audio_path)).max() == pytest.approx(peak, abs=0.02)


ENDINGS = {
    ".flv": ("aac",), ".wma": ("wmav2",), ".asf": ("wmav2",), ".aiff": ("pcm_s16be",), ".aif": ("pcm_s16be",),
    ".amr": ("libopencore_amrnb", "-ar", "8000", "-b:a", "12200"), ".caf": ("pcm_s16le",), ".m4b": ("aac",),
    ".oga": ("flac",), ".ogv": ("libvorbis",), ".weba": ("libopus",), ".mka": ("libopus",), ".mp2": ("mp2",),
    ".ac3": ("ac3",), ".au": ("pcm_s16be",), ".w64": ("pcm_s16le",), ".wv": ("wavpack",), ".tta": ("tta",),
    ".voc": ("pcm_s16le",), ".mts": ("aac",), ".vob": ("mp2",), ".mpg": ("mp2",), ".3g2": ("aac",),
    ".mxf": ("pcm_s16le", "-ar", "48000"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", ENDINGS)
def test_what_people_have_is_read(tmp_path: Path, suffix: str) -> None:
    codec, *options = ENDINGS[suffix]
    sound = write_wav(tmp_path / "mono.wav", bursts())
    picture = ("-f", "lavfi", "-i", "color=black:s=352x288:r=25:d=8", "-shortest") if suffix == ".mxf" else ()
    muxer = {".m4b": ("-f", "mp4"), ".weba": ("-f", "webm"), ".oga": ("-f", "ogg")}.get(suffix, ())
    path = tmp_path / f"voice{suffix}"
    run_ffmpeg("-i", str(sound), *picture, "-c:a", codec, *options, *muxer, str(path))
    row, gaps, starts = heard(path)
    assert starts == pytest.approx(TIMES_S, abs=EXACT_S)
    assert gaps == []
    assert row.decoded_ratio == 1.0
