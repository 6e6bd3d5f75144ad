"""Sidecars: each row and each file is accounted for, however the file is written, and all mistakes are told at once."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from tests.sources.test_read import sources_of, touch

BODY = '[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\n'


def ids(folder: Path, *rows: str, files: tuple[str, ...] = ("a.mp4",), head: str = "file,platform,id") -> list[str]:
    """The clips of a folder of files with a sidecar of these rows."""
    for number, name in enumerate(files):
        touch(folder / "clips" / name)
        (folder / "clips" / name).write_bytes(b"x" * (number + 1))
    (folder / "posts.csv").write_text("\n".join((head, *rows, "")), encoding="utf-8")
    return [one.clip_id for one in sources_of(folder, BODY).sourced_posts]


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (unicodedata.normalize("NFD", "café.mp4"), unicodedata.normalize("NFC", "café.mp4")),
        (unicodedata.normalize("NFC", "café.mp4"), unicodedata.normalize("NFD", "café.mp4")),
        ("sub/a.mp4", "sub\\a.mp4"),
        ("sub/a.mp4", "clips\\sub\\a.mp4"),
        ("a.mp4", "clips/a.mp4"),
        ("a.mp4", "./a.mp4"),
    ],
)
def test_a_file_is_found_however_its_name_is_written(tmp_path: Path, file: str, named: str) -> None:
    assert ids(tmp_path, f"{named},tiktok,7312345678901234567", files=(file,)) == ["tiktok:7312345678901234567"]
    assert sources_of(tmp_path, BODY).notes == ()


def test_what_does_not_fit_together_is_said(tmp_path: Path) -> None:
    files = ("a.mp4", "b.mp4", "c.mp4")
    rows = ("A.MP4,tiktok,1", "b.mp4,tiktok,2", "b.mp4,tiktok,3", "d.mp4,tiktok,3")
    assert ids(tmp_path, *rows, files=files) == ["file:a.mp4", "tiktok:3", "file:c.mp4", "tiktok:1"]
    notes = "\n".join(sources_of(tmp_path, BODY).notes)
    assert "1 of 3 rows match a file" in notes
    assert "A.MP4" in notes
    assert "lines 3 and 4 name the file b.mp4" in notes
    assert "lines 4 and 5 name one post" in notes


def test_files_of_the_same_bytes_are_named(tmp_path: Path) -> None:
    ids(tmp_path, "a.mp4,tiktok,1", "b.mp4,tiktok,2", files=("a.mp4", "b.mp4"))
    (tmp_path / "clips" / "b.mp4").write_bytes((tmp_path / "clips" / "a.mp4").read_bytes())
    (note,) = sources_of(tmp_path, BODY).notes
    assert "a.mp4, b.mp4" in note


def test_all_wrong_rows_are_told_at_once_and_a_mistyped_column_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2: .*; line 4: "):
        ids(tmp_path, "a.mp4,01/02/2026", "a.mp4,2026-01-02", "a.mp4,03/02/2026", head="file,posted_at")
    body = BODY + 'date_format = "%d/%m/%Y"\n'
    (tmp_path / "posts.csv").write_text("file,posted_at\na.mp4,03/02/2026\n", encoding="utf-8")
    (found,) = sources_of(tmp_path, body).sourced_posts
    assert found.post.posted_at is not None
    assert (found.post.posted_at.day, found.post.posted_precision) == (3, "day")
    with pytest.raises(ConfigError, match=r"captoin.*caption.*diggCount.*likes"):
        ids(tmp_path, "a.mp4,x,1", head="file,captoin,diggCount")


def test_a_cell_that_says_unknown_is_unknown_here_too(tmp_path: Path) -> None:
    ids(tmp_path, "a.mp4,NA,NaN,null", head="file,author,likes,caption")
    (found,) = sources_of(tmp_path, BODY).sourced_posts
    assert (found.post.author, dict(found.post.counts), found.post.caption) == (None, {}, None)


def test_a_sidecar_in_another_encoding_is_read_when_that_is_said(tmp_path: Path) -> None:
    ids(tmp_path, "a.mp4,x", head="file,caption")
    (tmp_path / "posts.csv").write_bytes("file,caption\na.mp4,schön\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="encoding"):
        sources_of(tmp_path, BODY)
    (found,) = sources_of(tmp_path, BODY + 'encoding = "latin-1"\n').sourced_posts
    assert found.post.caption == "schön"
    with pytest.raises(ConfigError, match="klingon"):
        sources_of(tmp_path, BODY + 'encoding = "klingon"\n')


def test_a_row_with_a_url_and_no_id_leaves_the_clip_known_by_its_file(tmp_path: Path) -> None:
    url = "https://www.tiktok.com/@ann/video/7312345678901234567"
    assert ids(tmp_path, f"a.mp4,{url}", head="file,url") == ["file:a.mp4"]
    assert ids(tmp_path, f"a.mp4,{url},7312345678901230000", head="file,url,id") == ["tiktok:7312345678901234567"]


def test_a_folder_that_is_a_link_to_another_disk_has_its_rows(tmp_path: Path) -> None:
    touch(tmp_path / "disk" / "a.mp4")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "clips").symlink_to(tmp_path / "disk")
    (tmp_path / "study" / "posts.csv").write_text("file,platform,id\nclips/a.mp4,tiktok,1\n", encoding="utf-8")
    assert [one.clip_id for one in sources_of(tmp_path / "study", BODY).sourced_posts] == ["tiktok:1"]


def test_a_description_in_the_wrong_form_is_no_obstacle_for_others(tmp_path: Path) -> None:
    for name in ("a", "b"):
        touch(tmp_path / "clips" / f"{name}.mp4")
        info = {"id": "7312345678901234567", "extractor_key": "TikTok"}
        (tmp_path / "clips" / f"{name}.info.json").write_text(json.dumps(info)[: 9 if name == "a" else None])
    found = sources_of(tmp_path, '[[sources]]\nfolder = "clips"\n')
    assert [one.clip_id for one in found.sourced_posts] == ["file:a.mp4", "tiktok:7312345678901234567"]


def test_a_shown_name_in_place_of_a_handle_is_said(tmp_path: Path) -> None:
    head = "file,platform,id,author"
    ids(tmp_path, 'a.mp4,tiktok,1,"Bob, The Man"', "b.mp4,tiktok,2,bob", files=("a.mp4", "b.mp4"), head=head)
    found = sources_of(tmp_path, BODY)
    assert [one.post.author for one in found.sourced_posts] == [None, "bob"]
    (note,) = found.notes
    assert "posts.csv" in note
    assert "`author`" in note


def test_a_value_of_a_description_costs_no_description(tmp_path: Path) -> None:
    ids(tmp_path, "a.mp4,tiktok,1", files=("a.mp4", "b.mp4"))
    info = {"id": "2", "extractor_key": "TikTok", "description": "words", "timestamp": 5, "view_count": 2**70}
    (tmp_path / "clips" / "b.info.json").write_text(json.dumps(info))
    found = sources_of(tmp_path, BODY)
    (_, post) = (one.post for one in found.sourced_posts)
    assert (post.caption, post.posted_at, post.counts) == ("words", None, {})
    assert sum("descriptions" in note for note in found.notes) == 2


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n"])
def test_an_empty_sidecar_is_said_to_be_empty(tmp_path: Path, content: str) -> None:
    touch(tmp_path / "clips" / "a.mp4")
    (tmp_path / "posts.csv").write_text(content)
    with pytest.raises(ConfigError, match="is empty"):
        sources_of(tmp_path, BODY)
