"""Files reach the disk before what names them: bytes, then the name, then the row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.media import ffmpeg
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stages.download import Download
from pipeline.study import files, keys
from tests.conftest import make_clip
from tests.support.rig import STAGES, study_of


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the system, in order."""
    found: list[str] = []
    names = {"fsync": os.fsync, "replace": os.replace}

    def fsync(descriptor: int) -> None:
        found.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        names["fsync"](descriptor)

    def replace(source: Any, target: Any) -> None:
        found.append(f"rename {Path(source).name} {Path(target).name}")
        names["replace"](source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads names of open files in /proc")


@needs_proc
def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_the_call_returns(
    tmp_path: Path, seen: list[str]
) -> None:
    files.write(tmp_path / "note.json", "{}")
    assert seen == ["sync note.json.part", "rename note.json.part note.json", f"sync {tmp_path.name}"]
    assert [path.name for path in tmp_path.iterdir()] == ["note.json"]


@needs_proc
def test_a_folder_goes_with_all_that_is_below_it(tmp_path: Path, seen: list[str]) -> None:
    (tmp_path / "part" / "below").mkdir(parents=True)
    (tmp_path / "part" / "below" / "a").touch()
    files.put(tmp_path / "part", tmp_path / "export")
    assert seen == ["sync a", "sync below", "sync part", "rename part export", f"sync {tmp_path.name}"]


def test_what_breaks_off_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tmp_path / "note", "old")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"Input/output error: .*note\.part"):
        files.write(tmp_path / "note", "new")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("note", "old")]


@needs_proc
def test_audio_and_the_database_for_readers(tmp_path: Path, seen: list[str], tone_wav: Any) -> None:
    source = tone_wav()
    clip = make_clip(source, tmp_path)
    ffmpeg.decode(source, clip.audio_path, 10.0, loudness=False)
    assert seen == ["sync test.part", "rename test.part test.wav", "sync audio"]
    seen.clear()
    study = study_of(tmp_path / "study", 1)
    run_study(study, executor=LocalExecutor(0), stages=STAGES)
    name = seen.index("rename study.part study.duckdb")
    assert "sync study.part" in seen[:name]
    assert seen[name + 1] == f"sync {study.folder.root.name}"


@needs_proc
def test_media_of_a_post(tmp_path: Path, seen: list[str], demo_clips: Path) -> None:
    from tests.support.platform.rig import fetch
    from tests.support.site import serving

    with serving(demo_clips) as url:
        outcome = fetch(tmp_path, f"{url}/english_quick.mp4", extractors=("generic",))
    assert outcome.ok, outcome.message
    assert seen[-3:] == ["sync media.mp4", "sync test", "sync media"], "before the stage gives the row"
    assert Download.tables[0].table == "media"


def test_a_key_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(files, "put", crash)
        with pytest.raises(KeyboardInterrupt):
            keys.key_for("test")
    assert not (tmp_path / "test.key").exists()
    key = keys.key_for("test")
    assert (len(key), keys.key_for("test")) == (keys.KEY_BYTES, key)
    assert (tmp_path / "test.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "test.key").write_bytes(b"")
    with pytest.raises(UserError, match=r"test\.key"):
        keys.key_for("test")
