"""Rows of files: numbers of lines are those of an editor, and one broken row costs no other."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import document, first_json, is_by_line, json_lines, json_records
from pipeline.sources.formats.tables import csv_records, header


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def broken(rows: list[tuple[int, object]]) -> list[int]:
    return [number for number, row in rows if isinstance(row, Rejected)]


def test_a_row_of_several_lines_has_the_number_of_its_first(tmp_path: Path) -> None:
    path = written(tmp_path / "x", 'id,body\n1,"a\nb\nc"\n2,d\n')
    assert list(csv_records(path)) == [(2, {"id": "1", "body": "a\nb\nc"}), (5, {"id": "2", "body": "d"})]


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    assert [number for number, _ in csv_records(written(tmp_path / "x", "id\r\n\r\n1\r\n"))] == [3]


def test_an_open_quote_costs_its_row_and_not_the_rest(tmp_path: Path) -> None:
    lines = ["id,body", '1,"open', *(f'{number},"text {number}"' for number in range(2, 40))]
    rows = list(csv_records(written(tmp_path / "x", "\n".join(lines))))
    assert broken(rows)[0] == 2
    assert len(rows) - len(broken(rows)) >= 36


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path / "x", f"id{delimiter}body\n1{delimiter}a\n")
    assert list(csv_records(path)) == [(2, {"id": "1", "body": "a"})]


def test_bytes_that_are_not_utf8_cost_their_row(tmp_path: Path) -> None:
    rows = list(csv_records(written(tmp_path / "x", b"id,body\n1,caf\xe9\n2,ok\n")))
    assert broken(rows) == [2]
    lines = list(json_lines(written(tmp_path / "y", b'{"a": "caf\xe9"}\n{"a": "ok"}\n')))
    assert broken(lines) == [1]


def test_utf16_of_a_spreadsheet_says_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path / "x", "id,body\n".encode("utf-16"))
    with pytest.raises(UserError, match=r"UTF-16.*UTF-8"):
        list(csv_records(path))


@pytest.mark.parametrize("content", [gzip.compress(b"id,body\n1,a\n", mtime=0), b"PK\x03\x04rest"], ids=["gzip", "zip"])
def test_a_workbook_where_a_text_is_read_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"x .*CSV"):
        header(written(tmp_path / "x", content))


def test_lines_and_documents_are_told_apart(tmp_path: Path) -> None:
    assert is_by_line(written(tmp_path / "a", 'broken\n{"a": 1}\n{"a": 2'))
    assert is_by_line(written(tmp_path / "b", '{"a": {"b": 1}}'))
    assert not is_by_line(written(tmp_path / "c", '{\n "a": 1\n}'))
    assert not is_by_line(written(tmp_path / "d", '[\n {"a": 1},\n {"a": 2}\n]'))
    assert first_json(written(tmp_path / "e", "id,body\n1,a\n")) == []
    assert first_json(written(tmp_path / "f", "")) == []


def test_a_line_separator_inside_a_caption_ends_no_line(tmp_path: Path) -> None:
    path = written(tmp_path / "x", '{"a": "one\u2028two\u0085three"}\n{"a": "b"}\n')
    assert [number for number, _ in json_lines(path)] == [1, 2]


def test_records_of_a_document_are_numbered_from_1(tmp_path: Path) -> None:
    path = written(tmp_path / "x", '[\n{"a": 1},\n[],\n{"a": 2}]')
    rows = list(json_records(path, lambda page: [page]))
    assert [number for number, _ in rows] == [1, 2, 3]
    assert broken(rows) == [2]


@pytest.mark.parametrize("content", ['[\n{"a": 1},\n{"a"', "[" * 100_000, "[" + "9" * 5000 + "]"])
def test_a_damaged_document_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match="x "):
        document(written(tmp_path / "x", content))
