"""Converted weights are made once, checked before the first use in a process, and made again when they changed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.cache import SEAL, converted

WEIGHTS = b"weights of a toy"


class Making:
    """Writes the weights, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / "toy.bin").write_bytes(WEIGHTS)
        (folder / "toy.json").write_text("{}", encoding="utf-8")


@pytest.fixture(autouse=True)
def _nothing_checked_yet() -> Iterator[None]:
    model_cache._intact.cache_clear()
    yield
    model_cache._intact.cache_clear()


def next_process() -> None:
    model_cache._intact.cache_clear()


def test_they_are_made_once_with_their_digests_beside_them(tmp_path: Path) -> None:
    make, target = Making(), tmp_path / "cache" / "toy"
    assert converted(target, make) == converted(target, make) == target
    next_process()
    converted(target, make)
    assert make.times == 1
    assert f"{hashlib.sha256(WEIGHTS).hexdigest()}  toy.bin" in (target / SEAL).read_text(encoding="utf-8").splitlines()
    assert [path.name for path in target.parent.iterdir()] == ["toy"], "nothing else is left in the cache"


@pytest.mark.parametrize("name", ["toy.bin", "toy.json", SEAL])
@pytest.mark.parametrize("content", [b"weights of a tox", b"", None], ids=["changed", "cut", "gone"])
def test_what_changed_is_made_again_and_one_line_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes | None
) -> None:
    make, target = Making(), tmp_path / "toy"
    converted(target, make)
    (target / name).unlink()
    if content is not None:
        (target / name).write_bytes(content)
    next_process()
    with caplog.at_level(logging.WARNING):
        converted(target, make)
    assert make.times == 2
    assert (target / "toy.bin").read_bytes() == WEIGHTS
    assert caplog.messages == [
        f"the converted weights in {target} are not the bytes that were written: they are converted again"
    ]
    caplog.clear()
    next_process()
    converted(target, make)
    assert (make.times, caplog.messages) == (2, [])


def test_a_file_that_nobody_wrote_there_is_not_loaded_with_them(tmp_path: Path) -> None:
    make, target = Making(), tmp_path / "toy"
    converted(target, make)
    (target / "more.bin").write_bytes(b"x")
    next_process()
    converted(target, make)
    assert {path.name for path in target.iterdir()} == {"toy.bin", "toy.json", SEAL}


def test_digests_are_read_once_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, target = Making(), tmp_path / "toy"
    converted(target, make)
    monkeypatch.setattr(model_cache, "sha256_of", lambda path: pytest.fail(f"{path} was read again"))
    assert converted(target, make) == target


def test_another_process_that_came_first_is_believed_after_a_look(tmp_path: Path) -> None:
    first, target = Making(), tmp_path / "toy"

    def late(folder: Path) -> None:
        first(folder)
        if not target.exists():
            converted(target, first)

    assert converted(target, late) == target
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.bin").write_bytes(b"ha")
        raise ValueError("no block 9")

    with pytest.raises(ValueError, match="no block 9"):
        converted(tmp_path / "toy", fail)
    assert list(tmp_path.iterdir()) == []
