"""The clips of the demo: what ships is whole, small, licensed and as it is said to be."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.media import ffmpeg
from pipeline.research.demo_clips.make_clips import CLIPS, MUSIC_KEY_HZ, MUSIC_SEED
from pipeline.research.demo_clips.music import make_music
from pipeline.study.demo.study import SHIPPED

MAX_BYTES = 6_000_000
FOLDER = SHIPPED / "clips"


def rows(name: str) -> list[dict[str, str]]:
    with (SHIPPED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_clip_ships_has_a_post_and_a_licence() -> None:
    files = {path.name for path in FOLDER.iterdir()}
    assert files == {f"{clip.name}.mp4" for clip in CLIPS} == {row["file"] for row in rows("posts.csv")}
    assert 6 <= len(files) <= 10
    assert sum((FOLDER / name).stat().st_size for name in files) < MAX_BYTES
    licences = (SHIPPED / "LICENSES.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in licences for name in files)


def test_posts_are_obviously_invented_and_ids_unique() -> None:
    posts = rows("posts.csv")
    assert len({(post["platform"], post["id"]) for post in posts}) == len(posts)
    assert all(post["author"].startswith("demo_") for post in posts)
    assert all(len(post["id"]) == 19 for post in posts if post["platform"] == "tiktok")
    assert any("حقيبة" in post["caption"] for post in posts), "a right-to-left caption"
    assert any(post["views"] == "" for post in posts), "an unknown count"


def test_transcripts_are_there_just_for_speech() -> None:
    spoken = {f"{clip.name}.mp4" for clip in CLIPS if clip.speech}
    assert {row["file"] for row in rows("transcripts.csv")} == spoken


@pytest.mark.parametrize("clip", [clip for clip in CLIPS if not clip.is_broken], ids=lambda clip: clip.name)
def test_a_clip_is_vertical_and_five_to_forty_seconds(clip: object, tmp_path: Path) -> None:
    name, has_audio = clip.name, clip.has_audio  # type: ignore[attr-defined]
    probe = ffmpeg.probe(FOLDER / f"{name}.mp4")
    assert probe.video_codec == "h264"
    assert (probe.height or 0) > (probe.width or 0)
    assert 5 <= (probe.duration_s or 0) <= 40
    assert [track.codec for track in probe.tracks] == (["aac"] if has_audio else [])


def test_the_broken_one_cannot_be_opened() -> None:
    with pytest.raises(StageError):
        ffmpeg.probe(FOLDER / "broken.mp4")


def test_the_music_is_the_same_each_time() -> None:
    first, second = (make_music(2.0, MUSIC_KEY_HZ, MUSIC_SEED) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, make_music(2.0, MUSIC_KEY_HZ, MUSIC_SEED + 1))
