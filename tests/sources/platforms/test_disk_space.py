"""Room on the disk is looked at before each fetch, and the want of it is a pause."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.sources.platforms import disk_space
from pipeline.sources.platforms.disk_space import GIB, lack_of_room
from tests.support.platform.crowd import collect, collecting_study, crowd, post_urls


@pytest.mark.parametrize(
    ("free", "max_megabytes", "enough"),
    [(2 * GIB, 200, True), (2 * GIB - 1, 200, False), (2 * GIB, 205, False), (10 * GIB, 1_024, True)],
)
def test_room_for_two_gib_and_ten_of_the_largest_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, max_megabytes: int, enough: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 0, free))  # type: ignore[attr-defined]
    why = lack_of_room(tmp_path / "not" / "there" / "yet", max_megabytes)
    assert (why is None) is enough
    if why:
        assert f"{free / GIB:.1f} GiB" in why
        assert " 2.0" in why, "what is needed"


@pytest.mark.slow
def test_a_full_disk_pauses_the_fetches_and_they_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(["the disk has 1.0 GiB free"] * 2)
    asked: list[str] = []

    def look(folder: Path, max_megabytes: int) -> str | None:
        asked.append(f"{folder.name} {max_megabytes}")
        return next(looks, None)

    monkeypatch.setattr("pipeline.run.collector.lack_of_room", look)
    with crowd(tmp_path) as (_, way):
        report = collect(collecting_study(tmp_path / "study", way["proxy"], post_urls(2)))
    assert report.passed == {"download": 2, "audio": 2}
    assert not report.failed
    assert asked == ["media 200"] * 4, "twice without room, then once before each fetch"
    assert disk_space.LEAST_FREE_BYTES == 2 * GIB
