"""Whatever bytes an import is given: posts, rejected rows with their numbers, or one sentence; never anything else."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.sources.formats import FORMATS, Hints, read
from pipeline.sources.formats.plain_csv import COLUMNS
from pipeline.sources.formats.result import ImportResult
from pipeline.sources.formats.tables import header
from tests.sources.formats.test_formats import FIXTURES
from tests.support.hostile_strategies import FUZZING, TEXTS, check_sentence, documents, tables, texts

WHOLE = [path.read_bytes() for path in sorted(FIXTURES.iterdir()) if path.is_file() and ".expected" not in path.name]
KEYS = tuple(
    sorted({name for content in WHOLE for name in re.findall(r'"(\w{1,30})"\s*:', content.decode("utf-8", "replace"))})
)
WORDS = ("tiktok.com", "instagram.com", "youtube#video", "youtube#videoListResponse", "7312345678901234567")
#: The header of each table among the fixtures.
HEADERS = [header(path) for path in sorted(FIXTURES.glob("*.csv")) if ".expected" not in path.name]
SAFE_ID = re.compile(r"[^/\\\0\x00-\x1f\ud800-\udfff]+")


def imported(path: Path, content: bytes, hints: Hints | None = None) -> ImportResult | None:
    """What an import makes of a file; None where it says in a sentence that it cannot be read."""
    path.write_bytes(content)
    try:
        result = read(path, hints or Hints(donor="p01"))
    except UserError as error:
        check_sentence(error)
        return None
    for found in result.posts:
        assert found.number >= 1
        post = found.post
        assert post.post_id is None or (SAFE_ID.fullmatch(post.post_id) and ".." not in post.post_id.split("/"))
        assert post.platform is None or re.fullmatch(r"[a-z0-9_.-]+", post.platform)
        for text in (post.caption, post.author, post.author_id, post.url, post.sound_id):
            assert text is None or (text.encode("utf-8") and "\0" not in text)
        assert all(0 <= count < 2**63 for count in post.counts.values())
        assert post.duration_s is None or 0 < post.duration_s < float("inf")
    assert all(reject.number >= 1 and reject.reason for reject in result.rejects)
    return result


@given(st.binary(max_size=2_000))
@FUZZING
def test_plain_bytes(tmp_path: Path, content: bytes) -> None:
    imported(tmp_path / "file", content)
    imported(tmp_path / "file", content, Hints(platform="tiktok", columns={"id": "id"}))


@pytest.mark.slow
@given(st.sampled_from(WHOLE), st.data())
@FUZZING
def test_exports_with_hostile_texts_inside(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    content = whole
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        put = data.draw(
            st.one_of(st.binary(max_size=20), texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
        )
        content = content[:start] + put + content[end:]
    imported(tmp_path / "file", content)


@given(st.lists(documents(KEYS, WORDS), min_size=1, max_size=4), st.booleans())
@FUZZING
def test_json_that_is_nearly_an_export(tmp_path: Path, values: list[object], by_line: bool) -> None:
    content = "\n".join(map(json.dumps, values)) if by_line else json.dumps(values, indent=1)
    imported(tmp_path / "file", content.encode())


@given(st.sampled_from([known.name for known in FORMATS if "json" in known.kinds]), documents(KEYS, WORDS))
@FUZZING
def test_every_reader_by_name(tmp_path: Path, name: str, value: object) -> None:
    """A format that was told by its first record meets others in the same file."""
    known = next(known for known in FORMATS if known.name == name)
    path = tmp_path / ("a.info.json" if name == "info_json" else "file")
    path.write_text(json.dumps(value), encoding="utf-8")
    try:
        for number, found in known.read(path, Hints(donor="p01")):
            assert number >= 1
            assert str(found)
    except UserError as error:
        check_sentence(error)


@given(st.one_of(tables(COLUMNS), *(tables(names, whole=True) for names in HEADERS)))
@FUZZING
def test_tables_that_are_nearly_an_export(tmp_path: Path, rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    imported(tmp_path / "file", written.getvalue().encode("utf-8", "surrogatepass"))


@pytest.mark.slow
def test_every_hostile_text_as_every_column(tmp_path: Path) -> None:
    base = {
        "platform": "tiktok",
        "id": "7312345678901234567",
        "url": "https://www.tiktok.com/@a/video/7312345678901234567",
    }
    kept = 0
    for column in COLUMNS:
        for text in TEXTS:
            row = base | {column: text}
            written = io.StringIO()
            csv.writer(written).writerows([list(row), list(row.values())])
            result = imported(tmp_path / "file", written.getvalue().encode("utf-8", "surrogatepass"))
            kept += bool(result and result.posts)
    assert kept, "hostile captions are kept as they are"
