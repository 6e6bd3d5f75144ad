"""F7 and F8: damaged clips. What ffmpeg calls fine is caught by length, and no damage costs more than its clip."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import Reason, StageError
from pipeline.media import ffmpeg
from pipeline.media.sandbox.client import Decoder, Ending
from pipeline.media.sandbox.limits import MEMORY_BYTES
from pipeline.records import AudioRow, Clip, Source
from pipeline.sources.platforms.completeness import prove
from pipeline.stage import Setting
from pipeline.stages.audio import Audio, AudioOptions
from tests.conftest import make_clip, write_wav
from tests.support.hostile_media import mutations
from tests.support.hostile_media.make_hostile import tone

SOURCES = ("english_quick.mp4", "spanish.mp4", "silence.mp4", "music_only.mp4", "english_clear.mp4")
EXPLAINED = {Reason.NOT_MEDIA, Reason.NO_AUDIO, Reason.TOO_LONG, Reason.EMPTY_FILE}


def heard(path: Path, work: Path) -> AudioRow | StageError:
    """What the stage makes of one file."""
    stage = Audio(AudioOptions(), Setting())
    result = stage([make_clip(path, work)])
    return result[0] if isinstance(result[0], StageError) else result[0][0]  # type: ignore[return-value]


def refusal(path: Path) -> str | None:
    """Why a fetched file is not the clip, which is as long as the post says; None if it is."""
    try:
        prove(path, 13.04)
    except StageError as error:
        return error.reason
    return None


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch) -> list[Ending]:
    """Every process that has read media in a test."""
    seen: list[Ending] = []
    run = Decoder.run

    def watched(self: Decoder, *arguments: object, **named: object) -> Ending:
        seen.append(run(self, *arguments, **named))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(Decoder, "run", watched)
    return seen


@pytest.mark.slow
def test_f8_mutated_clips_end_within_their_limits(
    tmp_path: Path,
    demo_clips: Path,
    endings: list[Ending],
    size: Callable[[int, int], int],
    tell: Callable[[str], None],
) -> None:
    files = size(40, 500)
    wholes = [(demo_clips / name).read_bytes() for name in SOURCES]
    ends: Counter[str] = Counter()
    longest = 0.0
    for seed in range(files):
        path = tmp_path / f"{seed}.mp4"
        path.write_bytes(mutations.mutated(wholes[seed % len(wholes)], seed))
        started = time.monotonic()
        try:
            found = heard(path, tmp_path)
        except StageError as error:
            found = error
        longest = max(longest, time.monotonic() - started)
        if isinstance(found, StageError):
            assert found.reason in EXPLAINED, f"seed {seed}: {found.reason}: {found.message}"
            ends[found.reason] += 1
        else:
            assert found.duration_s > 0
            assert found.decoded_ratio is None or 0 < found.decoded_ratio <= 1
            ends["rows"] += 1
        path.unlink()
    assert sum(ends.values()) == files
    assert longest < ffmpeg.DEADLINE_CAP_S
    assert not any(ending.late for ending in endings)
    peak = max(ending.peak_kib for ending in endings)
    assert peak < MEMORY_BYTES >> 10
    counts = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    tell(
        f"{files} mutated clips: {counts}; {len(endings)} readers, longest clip {longest:.1f} s, "
        f"largest reader {peak >> 10} MiB, crashes {sum(ending.code < 0 for ending in endings)}"
    )


def test_f7_what_ffmpeg_calls_fine_is_caught(tmp_path: Path, demo_clips: Path, tell: Callable[[str], None]) -> None:
    """Nine files that ffmpeg decodes without complaint, or with one nobody reads, and that are not the clip."""
    whole, other = ((demo_clips / name).read_bytes() for name in ("english_quick.mp4", "french.mp4"))
    middle = whole.index(b"mdat") + 4
    flipped = bytearray(whole)
    for place in range(middle, len(whole), 400):
        flipped[place] ^= 0x55
    short = write_wav(tmp_path / "short.wav", tone(4, 440)).read_bytes()
    kinds = {
        "cut short": whole[: len(whole) // 2],
        "its last second missing": whole[:-16_000],
        "bytes changed all over": bytes(flipped),
        "spliced with another clip": whole[:60_000] + other[60_000:],
        "a hole of zeros": whole[:60_000] + b"\0" * 60_000 + whole[120_000:],
        "a fragment lost": whole[:60_000] + whole[90_000:],
        "only tables": whole[:middle] + b"\0" * (len(whole) - middle),
        "a disk that was full": short,
        "a page": b"<html>" + whole,
    }
    caught = []
    for name, content in kinds.items():
        path = tmp_path / "clip.mp4"
        path.write_bytes(content)
        if refusal(path) == Reason.BAD_MEDIA:
            caught.append(name)
    assert caught == list(kinds)
    tell(f"{len(caught)} of {len(kinds)} files that ffmpeg calls fine, and that are not the clip, are caught")


def test_half_a_local_file_says_how_much_of_it_could_be_decoded(tmp_path: Path, demo_clips: Path) -> None:
    whole = (demo_clips / "english_quick.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    found = heard(tmp_path / "half.mp4", tmp_path)
    assert isinstance(found, AudioRow)
    assert found.decoded_ratio is not None
    assert 0.3 < found.decoded_ratio < 0.98


def test_a_clip_without_its_file_is_a_reason(tmp_path: Path) -> None:
    clip = Clip("file:x", Source("file", str(tmp_path / "x"), ""), None, tmp_path / "x.wav")
    result = Audio(AudioOptions(), Setting()).one(clip)
    assert isinstance(result, StageError)
    assert result.reason == Reason.FILE_MISSING
