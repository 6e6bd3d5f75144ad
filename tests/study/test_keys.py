"""Keys are shown by a digest, moved whole, and destroyed for good; in their place no other is made."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.study.keys import destroy_key, key_for, key_state, move_key


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


def test_showing_a_key_makes_none_and_tells_no_byte_of_it(folder: Path) -> None:
    assert key_state("one").state == "none"
    assert not folder.exists()
    key = key_for("one")
    found = key_state("one")
    assert found.state == "here"
    assert found.digest is not None
    assert key.hex() not in repr(found)
    assert found.digest not in key.hex()


def test_a_moved_key_is_the_same_and_the_study_finds_it_where_it_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_for("one")
    goal = move_key("one", tmp_path / "safe")
    assert goal.read_bytes() == key
    assert stat.S_IMODE(goal.stat().st_mode) == 0o600
    assert not (folder / "one.key").exists()
    with pytest.raises(UserError, match=r"safe .*CLIPTONE_KEYS"):
        key_for("one")
    assert key_state("one").state == "moved"
    with pytest.raises(UserError, match=r"safe .*CLIPTONE_KEYS"):
        move_key("one", tmp_path / "other")
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "safe"))
    assert key_for("one") == key
    move_key("one", folder)
    monkeypatch.setenv("CLIPTONE_KEYS", str(folder))
    assert key_for("one") == key, "and back again"


def test_a_key_is_never_moved_over_another(folder: Path, tmp_path: Path) -> None:
    key_for("one")
    (tmp_path / "safe").mkdir()
    (tmp_path / "safe" / "one.key").write_bytes(b"another")
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "safe" / "one.key"))):
        move_key("one", tmp_path / "safe")
    assert key_state("one").state == "here"


def test_a_destroyed_key_is_gone_and_no_other_takes_its_place(folder: Path) -> None:
    key = key_for("one")
    digest = key_state("one").digest
    found = destroy_key("one")
    assert (found.state, found.digest) == ("destroyed", digest)
    assert not [path for path in folder.iterdir() if key in path.read_bytes()]
    with pytest.raises(UserError, match=re.escape(str(found.since))):
        key_for("one")
    with pytest.raises(UserError, match=re.escape(str(found.since))):
        destroy_key("one")
    assert key_for("two"), "another study has its own"


def test_a_key_that_was_never_made_cannot_be_destroyed() -> None:
    with pytest.raises(UserError, match="'one'"):
        destroy_key("one")
    assert key_state("one").state == "none"
