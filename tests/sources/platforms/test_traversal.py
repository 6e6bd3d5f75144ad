"""Whatever a platform calls a post, nothing is written outside the folder of its attempt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.platform import fake_platform as platforms
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import Server, fetch

UP = "../../../../"
HOSTILE: dict[str, dict[str, Any]] = {
    "id": {"id": f"{UP}evil"},
    "caption": {"desc": f"{UP}evil\x00\n$(touch evil) %(id)s"},
    "author": {"author": {"id": f"{UP}evil", "uniqueId": f"{UP}evil", "nickname": f"{UP}evil"}},
    "media": {"video": platforms._video(f"x.mp4/{UP}evil")},
    "extension": {"video": platforms._video(f"evil.mp4%2f{UP}evil.exe")},
    "long id": {"id": "9" * 4_000},
}


@pytest.fixture
def platform(
    demo_clips: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Server, dict[str, Any]]]:
    pages = {
        str(70 + number): platforms._shown(changes.pop("id", "1"), **changes)
        for number, changes in enumerate(map(dict, HOSTILE.values()))
    }
    monkeypatch.setattr(platforms, "TIKTOK", {**platforms.TIKTOK, **pages})
    with fake_platform(demo_clips / "english_quick.mp4", tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=list(HOSTILE))
def test_nothing_is_written_elsewhere(
    platform: tuple[Server, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    home = tmp_path / "a" / "b" / "c" / "d" / "study"
    home.mkdir(parents=True)
    monkeypatch.chdir(home)
    outcome = fetch(home, f"https://www.tiktok.com/@ann/video/{70 + number}", platform[1], socket_timeout_s=3)
    written = {path.relative_to(home).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {"media/test/media.mp4"}
    if outcome.ok:
        assert written == {"media/test/media.mp4"}
