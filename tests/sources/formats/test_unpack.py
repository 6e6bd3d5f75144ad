"""Packed exports read as what they hold; what is damaged, locked or made to fill a disk ends in one sentence."""

from __future__ import annotations

import bz2
import datetime
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.sources.formats import Hints, ImportResult, read
from pipeline.sources.formats import unpack as unpack_module
from pipeline.sources.formats.unpack import text_files, unpacked
from tests.sources.formats.test_formats import FIXTURES, line, written
from tests.support.hostile_strategies import FUZZING, check_sentence

LINES = "\n".join((line(1), "{broken", line(2)))
NAMES = sorted(path.name for path in FIXTURES.iterdir() if path.is_file() and ".expected" not in path.name)


def zipped(**files: str | bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def placed(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def summary(result: ImportResult) -> object:
    return result.format, result.unit, result.posts, result.exposures, result.rejects


PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    gzip.compress,
    lzma.compress,
    bz2.compress,
    lambda content: zipped(**{"export/posts": content}),
    lambda content: gzip.compress(zipped(posts=content)),
)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("name", NAMES)
def test_a_packed_export_is_read_as_if_it_were_not(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    plain = FIXTURES / name
    packed = placed(tmp_path / "posts", pack(plain.read_bytes()))
    result = read(packed, Hints(donor="p01"))
    assert summary(result) == summary(read(plain, Hints(donor="p01")))
    assert result.path == packed


def test_several_exports_in_one_archive_are_read_together(tmp_path: Path) -> None:
    content = zipped(
        **{"b.ndjson": line(2) + "\n{broken", "a.ndjson": line(1), "readme.txt": "hello", "v.mp4": b"\0" * 9}
    )
    result = read(placed(tmp_path / "posts.zip", content))
    assert (result.format, result.unit) == ("zeeschuimer", "record")
    assert [(found.number, found.post.post_id) for found in result.posts] == [
        (1, "7312345678901230001"),
        (2, "7312345678901230002"),
    ]
    (reject,) = result.rejects
    assert reject.number == 3
    assert "b.ndjson" in reject.reason


def test_what_is_in_another_format_or_damaged_is_said(tmp_path: Path) -> None:
    tables = (FIXTURES / "4cat_tiktok_csv.csv").read_bytes()
    content = zipped(**{"a.ndjson": line(1), "b.csv": tables, "c.json": '{\n"id": '})
    result = read(placed(tmp_path / "posts.zip", content))
    assert [found.post.post_id for found in result.posts] == ["7312345678901230001"]
    assert [next(name for name in ("b.csv", "c.json") if name in reject.reason) for reject in result.rejects] == [
        "b.csv",
        "c.json",
    ]
    assert not any("cliptone-" in reject.reason for reject in result.rejects), "no temporary place is named"


def test_a_folder_of_exports_is_read_like_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    (folder / "second").mkdir(parents=True)
    written(folder / "one.ndjson", line(1))
    written(folder / "second" / "two.ndjson", line(2))
    placed(folder / "clip.mp4", b"\0\0ftyp")
    result = read(folder)
    assert [found.post.post_id for found in result.posts] == ["7312345678901230001", "7312345678901230002"]
    before = result.sha256
    written(folder / "one.ndjson", line(1, 11))
    assert read(folder).sha256 != before


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    names = (
        "../../up.ndjson",
        "/etc/posts.ndjson",
        "..\\..\\up.ndjson",
        "C:\\posts.ndjson",
        "..",
        "a/\x07b",
        "x" * 300,
    )
    content = zipped(**{name: line(number) for number, name in enumerate(names, start=1)})
    with unpacked(placed(tmp_path / "posts.zip", content)) as members:
        folders = {member.path.resolve().parents[1] for member in members}
        assert len(members) == len(names)
        assert len(folders) == 1
        assert folders.pop().is_relative_to(Path(tempfile.gettempdir()).resolve())
    assert len(read(tmp_path / "posts.zip").posts) == len(names)
    assert [path.name for path in tmp_path.iterdir()] == ["posts.zip"]


def test_nothing_of_a_packed_file_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    packed = placed(tmp_path / "posts.gz", gzip.compress(LINES.encode()))
    read(packed)
    assert list(tmp_path.iterdir()) == [packed]


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_file_made_to_fill_a_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(unpack_module, "HARMLESS_BYTES", 10_000)
    bomb = placed(tmp_path / "bomb", pack(b" " * 2_000_000))
    with pytest.raises(UserError, match="bomb"):
        read(bomb)


def test_archives_inside_archives_end_somewhere(tmp_path: Path) -> None:
    content = LINES.encode()
    for _ in range(5):
        content = zipped(inner=content)
    with pytest.raises(UserError, match=r"posts\.zip"):
        read(placed(tmp_path / "posts.zip", content))


@pytest.mark.parametrize("pack", PACKINGS)
def test_an_archive_that_breaks_off_says_so(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = pack(LINES.encode() * 50)
    with pytest.raises(UserError, match="posts"):
        read(placed(tmp_path / "posts", content[: len(content) * 2 // 3]))


def test_an_archive_without_an_export_names_the_formats(tmp_path: Path) -> None:
    for content in (zipped(), zipped(readme="hello"), gzip.compress(b"")):
        with pytest.raises(UserError, match="Zeeschuimer"):
            read(placed(tmp_path / "posts", content))


# ---------------------------------------------------------------- workbooks


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


HEADER = ["id", "body", "author", "plays", "likes", "shares", "comments", "unix_timestamp"]
ROW = ["7312345678901234567", "two\nlines", "ann", 100, 12.0, 0, None, 1714557600]


def test_a_workbook_is_read_as_its_table(tmp_path: Path) -> None:
    rounded = [7.31234567890123e18, "x", "ann", 1, 1, 1, 1, None]
    path = workbook(tmp_path / "posts.xlsx", [[], HEADER, ROW, [None] * 8, rounded])
    result = read(path)
    assert (result.format, result.unit) == ("4cat_tiktok_csv", "record")
    (found,) = result.posts
    assert (found.number, found.post.caption) == (1, "two\nlines")
    assert found.post.counts == {"views": 100, "likes": 12, "shares": 0}
    assert [reject.number for reject in result.rejects] == [2], "digits that the spreadsheet has cut are not guessed"


def test_all_sheets_of_a_workbook_are_read(tmp_path: Path) -> None:
    other = ["7312345678901234568", *ROW[1:]]
    result = read(workbook(tmp_path / "posts.xlsx", [HEADER, ROW], [["notes"], ["hello"]], [HEADER, other], []))
    assert [found.post.post_id for found in result.posts] == ["7312345678901234567", "7312345678901234568"]


def test_a_workbook_in_an_archive_with_a_mapping(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", [["video", "seen"], ["7312345678901234567", datetime.datetime(2026, 1, 2, 3)]])  # noqa: DTZ001
    path = placed(tmp_path / "a.zip", zipped(**{"data/a.xlsx": book.read_bytes()}))
    (found,) = read(path, Hints(columns={"id": "video", "posted_at": "seen"}, platform="tiktok")).posts
    assert str(found.post.posted_at) == "2026-01-02 03:00:00+00:00"


def test_a_damaged_workbook_ends_in_a_sentence(tmp_path: Path) -> None:
    whole = zipfile.ZipFile(workbook(tmp_path / "a.xlsx", [HEADER, ROW]))
    for name in whole.namelist():
        files = {one: whole.read(one) if one != name else whole.read(one)[:20] for one in whole.namelist()}
        try:
            read(placed(tmp_path / "b.xlsx", zipped(**files)))
        except UserError as error:
            check_sentence(error)


@given(st.sampled_from(PACKINGS), st.data())
@FUZZING
def test_no_damage_to_a_packed_file_ends_in_anything_but_a_sentence(
    tmp_path: Path, pack: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    content = bytearray(pack(LINES.encode()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(placed(tmp_path / "posts", bytes(content)))
    except UserError as error:
        check_sentence(error)


def test_hidden_files_links_and_media_are_no_exports(tmp_path: Path) -> None:
    written(tmp_path / ".hidden", line(1))
    placed(tmp_path / "clip.mp4", b"\0ftyp")
    (tmp_path / "link").symlink_to(written(tmp_path / "posts", line(1)))
    assert text_files(tmp_path) == [tmp_path / "posts"]


def test_json_in_a_workbook_of_one_column_is_no_export(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["x"], [json.dumps({"a": 1})]])
    with pytest.raises(UserError, match=r"a\.xlsx"):
        read(path)


def test_formulas_that_were_never_calculated_are_said_instead_of_read_as_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"posts\.xlsx has formulas without their values"):
        read(workbook(tmp_path / "posts.xlsx", [HEADER, ROW, ["7312345678901234568", '="a"&"b"', *ROW[2:]]]))
