"""A file in no known format: what it holds, the command that would read it, and that the command does."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.collect import _column_mapping
from pipeline.errors import UserError
from pipeline.sources.formats import Hints, read
from pipeline.sources.formats.unknown import command, first_record
from tests.support.hostile_strategies import FUZZING, check_sentence, documents

URL = "https://www.tiktok.com/@ann/video/7312345678901234567"
POST = {"meta": {"address": URL, "seen": 12}, "words": "a #bag", "views": 10, "tags": ["x"]}


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value)


def hints_of(message: str) -> Hints:
    """What the command in a message says."""
    start = message.index("cliptone import")
    words = shlex.split(message[start : message.index(".\n")])
    options = list(zip(words[3::2], words[4::2], strict=True))
    platform = next((value for name, value in options if name == "--platform"), None)
    return Hints(columns=_column_mapping([value for name, value in options if name == "--map"]), platform=platform)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([POST, POST], indent=1),
        json.dumps(POST) + "\n" + json.dumps(POST) + "\n",
        json.dumps({"status": "ok", "result": {"items": [POST, POST]}}),
    ],
)
def test_json_shows_its_first_record_and_the_mapping_that_reads_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "my posts.json"
    path.write_text(content)
    message = refusal(path)
    assert "meta.seen = 12" in message
    result = read(path, hints_of(message))
    assert (result.format, result.unit, [found.number for found in result.posts]) == ("csv", "record", [1, 2])
    assert result.posts[0].post.post_id == "7312345678901234567"
    assert result.posts[0].post.counts == {"views": 10}


def test_a_mapping_may_name_what_lies_inside(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"rows": [POST, "no record", {"other": 1}]}))
    result = read(path, Hints(columns={"url": "meta.address", "caption": "words"}))
    assert [(found.number, found.post.caption) for found in result.posts] == [(1, "a #bag")]
    assert [reject.number for reject in result.rejects] == [2, 3], "each row is accounted for"


def test_a_table_shows_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"clip,where,plays\none,{URL},3\n")
    message = refusal(path)
    assert "clip = one" in message
    (found,) = read(path, hints_of(message)).posts
    assert (found.post.post_id, found.post.counts) == ("7312345678901234567", {"views": 3})


def test_where_no_column_is_known_the_command_says_what_to_fill_in(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert "--map url=COLUMN" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\0\1\2", b"[]", b"{}"])
def test_what_has_no_record_shows_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert "first record" not in refusal(path)


def test_what_a_donor_gave_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"messages": [{"sender": "friend", "words": "a secret"}]}))
    with pytest.raises(UserError, match="sender") as caught:
        read(path, Hints(donor="p01"))
    assert "a secret" not in str(caught.value)


def test_a_known_format_is_not_made_a_table(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text(json.dumps({"source_platform": "tiktok.com", "data": {"id": "1"}}))
    with pytest.raises(UserError, match="Zeeschuimer"):
        read(path, Hints(columns={"url": "data.id"}))


@pytest.mark.slow
@given(documents(("url", "id", "a"), (URL, "x")))
@FUZZING
def test_whatever_json_holds_the_refusal_is_a_sentence_and_a_mapping_reads_or_refuses(
    tmp_path: Path, value: Any
) -> None:
    path = tmp_path / "x"
    path.write_text(json.dumps(value), encoding="utf-8")
    record = first_record(path)
    assert not record or command(path, record).startswith("cliptone import ")
    for hints in (
        Hints(),
        Hints(columns={"url": "a"}),
        Hints(platform="tiktok"),
        Hints(columns={"id": "id"}, platform="x"),
    ):
        try:
            result = read(path, hints)
            assert all(reject.reason for reject in result.rejects)
        except UserError as error:
            check_sentence(error)


@given(st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=20), max_size=5))
@FUZZING
def test_the_command_can_be_pasted(tmp_path: Path, record: dict[str, str]) -> None:
    words = shlex.split(command(tmp_path / "my posts.json", record))
    assert words[:3] == ["cliptone", "import", str(tmp_path / "my posts.json")]
