"""Hostile and damaged files: a reject with its line, a text as it stands, or a sentence, and never a crash."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.records.post import Post
from pipeline.sources.formats import BY_NAME, Exposure, Hints, read, records
from pipeline.sources.formats.notes import Rejected
from tests.sources.formats.test_formats import FIXTURES, line, written

PATHS = (
    "../../etc/passwd",
    "..\\\\up",
    "C:\\\\x",
    "/etc/passwd",
    "a/b",
    "a:b",
    "..",
    "7\\u0000312345678901234567",
    "７３",
)


@pytest.mark.parametrize("post_id", PATHS)
@pytest.mark.parametrize("platform", ["tiktok", "instagram", "youtube", "vimeo"])
def test_an_id_with_a_path_in_it_is_rejected(tmp_path: Path, platform: str, post_id: str) -> None:
    if (platform, post_id) == ("vimeo", PATHS[-1]):
        return  # digits of another script name no path, and another site may have such ids
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("platform", "id"), (platform, json.loads(f'"{post_id}"'))])
    result = read(path)
    assert not result.posts
    assert [reject.number for reject in result.rejects] == [2]


@pytest.mark.parametrize("platform", ["file", "url", "../x", "tik tok", "x" * 50])
def test_a_platform_cannot_pass_for_a_local_file_or_a_path(tmp_path: Path, platform: str) -> None:
    assert not read(written(tmp_path / "x", "platform,id", f"{platform},a.mp4")).posts


def test_long_texts_and_texts_from_right_to_left_stay_as_they_are(tmp_path: Path) -> None:
    captions = ["x" * 10_000, "\u202eحقيبة\u202c #حقيبة", "👩‍👩‍👧" * 1000, "a\x1b[2Jb", '";DROP TABLE clips;--']
    lines = [json.dumps({"source_platform": "tiktok.com", "data": {"id": str(number), "desc": text}})
             for number, text in enumerate(captions, start=1)]  # fmt: skip
    assert [found.post.caption for found in read(written(tmp_path / "x", *lines)).posts] == captions
    zero = json.dumps({"source_platform": "tiktok.com", "data": {"id": "1", "desc": "a\0b\ud800"}})
    assert read(written(tmp_path / "y", zero)).posts[0].post.caption == "ab\ufffd"


def test_thousands_of_brackets_cost_their_line(tmp_path: Path) -> None:
    bombs = ['{"a":' * 50_000, "[" * 100_000, '{"source_platform": "tiktok.com", "data": ' + "[" * 5000]
    result = read(written(tmp_path / "x", line(1), *bombs, line(2)))
    assert [found.number for found in result.posts] == [1, 5]
    assert [reject.number for reject in result.rejects] == [2, 3, 4]


def test_a_header_that_is_damaged_ends_in_a_sentence(tmp_path: Path) -> None:
    for content in (b"url,caf\xe9\n1,2\n", b'"a"b,url\n1,2\n', b"", b"\n\n"):
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            read(path, Hints(platform="tiktok"))
        assert str(caught.value).isprintable()


@pytest.mark.slow
def test_no_damage_to_a_file_ends_in_anything_but_a_sentence(tmp_path: Path) -> None:
    chance = random.Random(3)
    for path in sorted(path for path in FIXTURES.iterdir() if path.is_file() and ".expected" not in path.name):
        whole = path.read_bytes()
        for _ in range(40):
            content = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.5 else whole)
            for _ in range(chance.randrange(4)):
                if content:
                    content[chance.randrange(len(content))] = chance.randrange(256)
            damaged = tmp_path / "damaged"
            damaged.write_bytes(bytes(content))
            try:
                read(damaged, Hints(donor="p01"))
            except UserError as error:
                assert str(error)  # noqa: PT017


SHAPES = {path.stem: path for path in FIXTURES.iterdir() if path.is_file()}
SHAPES["info_json"] = FIXTURES / "info_json" / "a.info.json"
STRANGE = (None, True, 5, -1, 1.5, "", "x", [], [1], {}, {"x": 1}, 10**400)


def changed(value: object, chance: random.Random) -> object:
    """A JSON value with one part of it replaced by something strange."""
    parts = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    if not parts or chance.random() < 0.15:
        return chance.choice(STRANGE)
    key, part = chance.choice(parts)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(part, chance)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, known in BY_NAME.items() if "json" in known.kinds])
def test_no_strange_value_ends_in_anything_but_a_reject(tmp_path: Path, name: str) -> None:
    chance = random.Random(4)
    known = BY_NAME[name]
    for value in records.first_json(SHAPES[name]):
        for _ in range(100):
            strange = written(tmp_path / "strange", json.dumps(changed(value, chance), indent=1))
            for number, found in known.read(strange, Hints(donor="p01")):
                assert number >= 1
                assert isinstance(found, Post | Exposure | Rejected)


#: What a post is known by, and what says of what kind its record is: without it, there is no post.
IDENTIFYING = {
    "id", "url", "shortcode", "shortCode", "permalink", "postUrl", "aweme_id", "aweme_url", "kind", "platform",
    "category", "source_platform", "extractor_key", "node_type",
}  # fmt: skip
CONTAINERS = {
    "data", "items", "videos", "result", "posts", "node", "instaloader", "__import_meta",
}  # fmt: skip


def places(value: object, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all values inside a JSON value that state something of a post, and not which post it is."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, part in parts:
        place = (*before, name)
        if isinstance(name, str) and name not in IDENTIFYING | CONTAINERS:
            yield place
        if name not in IDENTIFYING:
            yield from places(part, place)


def replaced(value: object, place: tuple[str | int, ...], strange: object) -> object:
    """A copy of a JSON value with something else in one place."""
    copy = json.loads(json.dumps(value))
    part = copy
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = strange
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("strange", ["many", [1], 10**400, {"x": 1}], ids=["text", "list", "number", "object"])
@pytest.mark.parametrize(
    "name", [name for name, known in BY_NAME.items() if "json" in known.kinds and not known.is_donation]
)
def test_a_value_of_another_kind_costs_no_post(tmp_path: Path, name: str, strange: object) -> None:
    known, (whole, *_) = BY_NAME[name], records.first_json(SHAPES[name])
    path = tmp_path / "x"

    def posts(value: object) -> int:
        written(path, json.dumps(value, indent=1))
        return sum(isinstance(found, Post) for _, found in known.read(path, Hints()))

    lost = [place for place in places(whole) if posts(replaced(whole, place, strange)) < posts(whole)]
    assert not lost


@pytest.mark.parametrize("strange", ["many", "7.3E+18", "32/32/2026", "2001-01-01", "1.2K"])
@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.csv") if path.stem != "csv"))
def test_a_cell_of_another_kind_costs_no_row(tmp_path: Path, name: str, strange: str) -> None:
    with (FIXTURES / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        head, row, *_ = csv.reader(file)
    known_by = {"id", "URL", "video_id", "videoId", "aweme_id"}
    rows = [[*row[:place], strange, *row[place + 1 :]] for place, column in enumerate(head) if column not in known_by]
    with (tmp_path / "x.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    result = read(tmp_path / "x.csv")
    assert (len(result.posts), list(result.rejects)) == (len(rows), [])
