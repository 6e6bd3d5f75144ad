"""Estimates: arithmetic of measured rates, and "not measured" with the command that measures where there is none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import UserError
from pipeline.run.estimate.estimate import Estimate, Wish, markdown, size
from pipeline.run.estimate.rates import Rates
from tests.conftest import write_study, write_wav

import numpy as np  # isort: skip

RATES = Rates(
    origin="a run of 10 clips",
    stages={"text": 1.0, "transcribe": 5.0},
    clip_s=30.0,
    row_bytes=10_000.0,
    working_bytes=12_000.0,
    media_bytes_per_s=100_000.0,
    fetch_s=1.0,
    peak_mib=1_000.0,
    peak_cores=2,
    save_clips_per_s=100.0,
)
WISH = Wish(72_000, None, workers=4, gpus=0, shares={"tiktok": 0.5}, paces={"tiktok": (3, 8)}, free_bytes=10**12)


def table(wish: Wish, rates: Rates) -> dict[str, str]:
    return {line.what: line.amount for line in Estimate(wish, rates).lines()}


def test_time_follows_from_the_rates() -> None:
    found = table(WISH, RATES)
    assert found["clips"] == "72,000 of 30.0 s"
    assert found["computing, one worker"] == "60 h (2 days)"  # 600 hours of audio, 6 s a minute
    assert found["computing, 4 workers"] == "15.0 h"
    assert found["of it transcribe"] == "50 h (2 days) of one worker, 83 %"
    assert found["tiktok"] == "36,000 requests, 65 h (3 days)"  # 5.5 s between two, and a second each


def test_longer_clips_take_longer_and_more_disk() -> None:
    longer = table(dataclasses.replace(WISH, seconds_per_clip=60.0), RATES)
    assert longer["computing, 4 workers"] == "30.0 h"
    assert longer["disk: decoded audio"] == "138.2 GB"
    assert table(WISH, RATES)["disk: decoded audio"] == "69.1 GB"  # 600 h of 32,000 bytes a second


def test_disk_by_kind() -> None:
    found = table(WISH, RATES)
    assert found["disk: fetched media"] == "108.0 GB"  # half of the clips
    assert found["disk: working database"] == "864.0 MB"
    assert found["disk: published database"] == "1.4 GB"  # two files in turn
    few = table(dataclasses.replace(WISH, clips=1_000), RATES)
    assert few["disk: published database"] == "10.0 MB"  # one
    nothing_kept = table(dataclasses.replace(WISH, keep_audio=False, keep_media=False), RATES)
    assert not {"disk: decoded audio", "disk: fetched media"} & nothing_kept.keys()


def test_memory_grows_with_workers() -> None:
    assert table(WISH, RATES)["memory"] == "2.1 GB"


def test_what_breaks_first() -> None:
    def said(wish: Wish, rates: Rates = RATES) -> str:
        return " ".join(Estimate(wish, rates).verdict())

    assert "The disk" not in said(WISH)
    assert "The longest wait is fetching from tiktok: 65 h" in said(WISH)
    assert "The disk breaks first: 179.4 GB are needed, 1.0 GB are free." in said(
        dataclasses.replace(WISH, free_bytes=10**9)
    )
    files = dataclasses.replace(WISH, shares={})
    assert "The longest wait is the analysis: 15.0 h" in said(files)
    many = dataclasses.replace(files, workers=1_000)
    assert "The longest wait is storing, by the one process that writes: 12.0 min" in said(many)


def test_unknown_stays_unknown() -> None:
    nothing = Rates("nothing: no run on this machine was found")
    found = table(dataclasses.replace(WISH, shares={}, gpus=2), nothing)
    assert found["clips"] == "72,000"
    unknown = {"computing", "disk: decoded audio", "disk: working database", "disk: published database", "memory"}
    assert {what for what, amount in found.items() if amount == "not measured"} == unknown | {"storing", "with 2 GPUs"}
    text = markdown(Estimate(WISH, nothing))
    assert "Whether the disk holds it is not measured." in text
    assert "Not compared, because it was not measured: the analysis and storing." in text
    for command in (
        "`cliptone demo`",
        "`python -m pipeline.research.bench.speed`",
        "`python -m pipeline.research.bench.growth`",
    ):
        assert command in text
    assert "nan" not in text.lower()


def test_without_a_study_every_platform_is_weighed() -> None:
    found = table(dataclasses.replace(WISH, shares=None, paces={"tiktok": (3, 8), "youtube": (10, 20)}), RATES)
    assert found["if all come from tiktok"] == "72,000 requests, 130 h (5 days)"
    assert found["if all come from youtube"] == "72,000 requests, 320 h (13 days)"


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (5e18, "5000.0 PB")]
)
def test_sizes(amount: float, text: str) -> None:
    assert size(amount) == text


# ------------------------------------------------------------ the command


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates come from the demo where one was run: not so here."""
    monkeypatch.chdir(tmp_path)


def ask(*words: str) -> str:
    result = CliRunner().invoke(app, ["plan", *words], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_ten_million_clips_without_a_study() -> None:
    said = ask("--clips", "10e6", "--seconds-per-clip", "20")
    assert "| clips | 10,000,000 of 20.0 s | as you say |" in said
    assert "| disk: decoded audio | 6.4 TB |" in said
    assert "| computing | not measured | measure it: `cliptone demo` |" in said


def test_a_study_before_its_first_run(tmp_path: Path) -> None:
    for number in range(3):
        write_wav(tmp_path / "clips" / f"{number}.wav", np.zeros(160))
    post_urls = ", ".join(f'"https://www.tiktok.com/@a/video/{n}"' for n in range(6))
    body = f'[[sources]]\nfolder = "clips"\n[[sources]]\nurls = [{post_urls}]\n[download.paces]\ntiktok = [1, 1]\n'
    study = write_study(tmp_path, body)
    said = ask(str(study), "--workers", "3")
    assert "| clips | 9 |" in said
    assert "| tiktok | 6 requests, 0.1 min | one every 1 to 1 s" in said
    assert "| tiktok | 6,000 requests, 1.7 h |" in ask(str(study), "--clips", "9000")
    assert not (tmp_path / "outputs").exists()  # asking makes nothing


def test_a_study_of_listings_alone(tmp_path: Path) -> None:
    study = write_study(tmp_path, '[[sources]]\nlisting = "https://www.tiktok.com/@anna"\nmax_posts = 50\n')
    assert "| tiktok | 50 requests," in ask(str(study))


@pytest.mark.parametrize("clips", ["0", "-5", "1.5"])
def test_clips_are_whole(clips: str) -> None:
    with pytest.raises(UserError, match=f"--clips .*{clips}$"):
        ask("--clips", clips)


def test_a_number_or_a_study_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="cliptone plan --clips 10e6"):
        ask()
    with pytest.raises(UserError, match=r"gone\.toml"):
        ask("gone.toml", "--clips", "5")
    with pytest.raises(UserError, match="--seconds-per-clip"):
        ask("--clips", "5", "--seconds-per-clip", "0")
