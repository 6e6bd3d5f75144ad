"""How costs are measured and shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import CliptoneError
from pipeline.research.bench import limit, meter, show
from pipeline.research.bench.corpus import Reference

CHILD = "import time; x = bytearray(96 << 20); x[::4096] = b'1' * len(x[::4096]); end = time.process_time() + 0.6\n"
CHILD += "while time.process_time() < end: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}], check=True)"


def test_the_whole_tree_is_measured(tmp_path: Path) -> None:
    cost = meter.run([sys.executable, "-c", PARENT], {}, tmp_path / "log")
    assert cost.cpu_s >= 0.6
    assert cost.wall_s >= 0.6
    assert 96 <= cost.peak_mib < 400


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(CliptoneError, match="no such thing"):
        meter.run([sys.executable, "-c", "raise SystemExit('no such thing')"], {}, tmp_path / "log")


def test_the_encoder_needs_what_is_known_of_it() -> None:
    """87.4 GFLOP for 30 s: 56.6 in linear layers, 27.6 in attention, 3.1 in convolutions."""
    assert limit.encoder_gflop(30.0) == pytest.approx(87.4, abs=0.1)
    assert limit.encoder_gflop(10.0) < 87.4 / 3, "attention grows with the square"


@pytest.mark.slow
def test_the_limit_counts_clips_with_speech_alone() -> None:
    speech = Reference("a.mp4", "speech", "en", 1, 35.0, "Hello.")
    found = limit.limit_of([speech, Reference("b.mp4", "music", "", 0, 20.0, "")])
    assert found.gflop == pytest.approx(limit.encoder_gflop(30) + limit.encoder_gflop(5))
    assert found.gflop_padded == pytest.approx(2 * limit.encoder_gflop(30))
    assert found.seconds == pytest.approx(found.gflop / found.gflop_per_s)


@pytest.fixture
def measured() -> dict[str, Any]:
    def one(name: str, wall_s: float, **stages: float) -> dict[str, Any]:
        costs = {"wall_s": wall_s, "cpu_s": 2 * wall_s, "peak_mib": 800.0}
        return {"name": name, "about": f"the {name} way", "wer": 0.1, "stages": stages, "costs": [costs], **costs}

    return {
        "machine": {"cores": 2},
        "clips": 60,
        "audio_s": 1200.0,
        "utterances": 100,
        "limit": {"gflop": 100.0, "gflop_padded": 300.0, "gflop_per_s": 50.0, "seconds": 2.0},
        "contenders": [one("by hand", 600.0), one("balanced", 40.0, transcribe=60.0, audio=20.0, text=0.1)],
    }


def test_ratios_are_those_of_one_measurement(measured: dict[str, Any]) -> None:
    by_hand, balanced = show.rows(measured)
    assert by_hand[:4] == ("by hand", "6.0", "1.0", "")
    assert balanced == ("balanced", "90.0", "15.0", "", "0.033", "4.0", "800", "10.00", "40.0")
    assert list(show.shares(measured)) == ["balanced: transcribe 75 %, audio 25 %"]


def test_the_table_and_the_picture_are_written(measured: dict[str, Any], tmp_path: Path) -> None:
    text = show.markdown(measured)
    assert "| balanced | 90.0 | 15.0 |" in text
    assert "- **by hand**: the by hand way" in text
    show.draw(measured, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")
