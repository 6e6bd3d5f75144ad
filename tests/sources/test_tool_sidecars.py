"""Media that instaloader and gallery-dl saved: the records beside them tell which posts they are."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.post import SourcedPost
from pipeline.sources.read import read_sources
from pipeline.stages import BY_NAME
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.paths import EXPORT_FIXTURES

NAME = "2024-05-01_10-00-00_UTC"
LOADED = json.loads((EXPORT_FIXTURES / "instaloader.json").read_text().splitlines()[0])
GALLERY = [json.loads(line) for line in (EXPORT_FIXTURES / "gallery_dl.json").read_text().splitlines()]


def test_files_that_have_an_id_for_a_name_are_said_to(tmp_path: Path) -> None:
    files = ("@ann.clips_video_7312345678901234567.mp4", "7312345678901234568.mp4", "a.mp4", "20240501.mp4")
    study = study_of(tmp_path, **dict.fromkeys(files, b"x"))
    (note,) = (note for note in read_sources(study).notes if "TikTok" in note)
    assert [name in note for name in files] == [True, True, False, False]


def clips_of(folder: Path, **files: bytes | str | dict[str, Any]) -> list[SourcedPost]:
    return list(read_sources(study_of(folder, **files)).sourced_posts)


def study_of(folder: Path, **files: bytes | str | dict[str, Any]) -> Study:
    (folder / "clips").mkdir()
    for name, content in files.items():
        written = json.dumps(content) if isinstance(content, dict) else content
        (folder / "clips" / name).write_bytes(written.encode() if isinstance(written, str) else written)
    return load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n'), BY_NAME)


@pytest.mark.parametrize("is_packed", [False, True])
def test_instaloader(tmp_path: Path, is_packed: bool) -> None:
    record = json.dumps(LOADED).encode()
    beside = {f"{NAME}.json.xz": lzma.compress(record)} if is_packed else {f"{NAME}.json": record}
    (clip,) = clips_of(tmp_path, **{f"{NAME}.mp4": b"x", f"{NAME}.txt": "Reel #bag"}, **beside)
    assert (clip.clip_id, clip.source.kind) == ("instagram:C6aBcDeFgH1", "file")
    assert (clip.post.caption, clip.post.author, clip.post.counts["likes"]) == ("Reel #bag", "ann.reels", 12)
    assert clip.place.file_sha256 is not None


def test_one_of_several_files_of_a_post_has_its_words_alone(tmp_path: Path) -> None:
    clips = clips_of(tmp_path, **{f"{NAME}_1.mp4": b"x", f"{NAME}_2.mp4": b"y", f"{NAME}.json": LOADED})
    assert [clip.clip_id for clip in clips] == [f"file:{NAME}_1.mp4", f"file:{NAME}_2.mp4"]
    assert {(clip.post.caption, clip.post.author, len(clip.post.counts)) for clip in clips} == {
        ("Reel #bag", "ann.reels", 0)
    }


def test_a_caption_without_a_record_has_the_time_of_its_name(tmp_path: Path) -> None:
    (clip,) = clips_of(tmp_path, **{f"{NAME}.mp4": b"x", f"{NAME}.txt": "Reel #bag\n"})
    assert (clip.clip_id, clip.post.caption) == (f"file:{NAME}.mp4", "Reel #bag")
    assert str(clip.post.posted_at) == "2024-05-01 10:00:00+00:00"


def test_gallery_dl(tmp_path: Path) -> None:
    tiktok, reel, part, *_ = GALLERY
    clips = clips_of(
        tmp_path,
        **{"a.mp4": b"x", "a.mp4.json": tiktok, "b.mp4": b"y", "b.mp4.json": reel, "c.mp4": b"z", "c.mp4.json": part},
    )
    assert [clip.clip_id for clip in clips] == ["tiktok:7312345678901234511", "instagram:C6aBcDeFgH1", "file:c.mp4"]
    assert clips[2].post.caption == "Reel #bag"


@pytest.mark.parametrize("content", ["{}", "[]", "hello", '{"segments": []}', '{"id": 1', ""])
def test_files_of_something_else_beside_a_clip_are_left_alone(tmp_path: Path, content: str) -> None:
    (clip,) = clips_of(tmp_path, **{"a.mp4": b"x", "a.json": content, "a.mp4.json": content, "a.txt": content})
    assert (clip.clip_id, clip.post.caption) == ("file:a.mp4", None)


def test_a_damaged_record_costs_the_file_no_more_than_that(tmp_path: Path) -> None:
    broken = {**LOADED, "node": {**LOADED["node"], "shortcode": "../x"}}
    (clip,) = clips_of(tmp_path, **{f"{NAME}.mp4": b"x", f"{NAME}.json": broken})
    assert clip.clip_id == f"file:{NAME}.mp4"
