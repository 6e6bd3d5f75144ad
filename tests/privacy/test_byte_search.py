"""Texts are found in every form and at every place of a file, and nothing is found where there is none."""

from __future__ import annotations

import json
import random
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.privacy import byte_search
from pipeline.privacy.byte_search import FORMS, SearchTexts, files_below, forms

TEXT = 'a "secret" täxt/with ☂'


def test_a_text_is_found_in_every_form(tmp_path: Path) -> None:
    written = {
        "raw": TEXT.encode(),
        "json": json.dumps({"x": TEXT}).encode(),
        "percent": f"https://example.org/?q={quote(TEXT, safe='')}".encode(),
        "hex": TEXT.encode().hex().encode(),
        "HEX": TEXT.encode().hex().upper().encode(),
    }
    assert set(written) == set(FORMS)
    for form, content in written.items():
        path = tmp_path / form
        path.write_bytes(b"\xff\x00 before " + content + b" after")
        assert SearchTexts({"text": [TEXT]}).in_file(path) == {f"text, {form}": 1}


def test_forms_that_are_alike_are_looked_for_once() -> None:
    assert forms("abcdefgh1") == {"raw": b"abcdefgh1", "hex": b"616263646566676831"}


@pytest.mark.parametrize("length", [8, 9, 15, 16, 17, 40, 300])
def test_every_place_of_a_file_is_looked_at(length: int) -> None:
    source = random.Random(length)
    text = "".join(source.choices("abcdefghijklmnop", k=length))
    looking = SearchTexts({"text": [text]})
    for start in range(40):
        content = source.randbytes(start) + text.encode() + source.randbytes(start % 9)
        assert sum(looking.in_bytes(content).values()) == 1, start


def test_texts_across_the_edge_of_a_block_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_search, "BLOCK_BYTES", 64)
    text = "a text of some thirty characters"
    path = tmp_path / "file"
    looking = SearchTexts({"text": [text]})
    for start in range(140):
        path.write_bytes(b"." * start + text.encode() + b"." * 70)
        assert looking.in_file(path) == {"text, raw": 1}, start


@pytest.mark.slow
def test_it_finds_what_a_plain_search_finds() -> None:
    source = random.Random(1)
    texts = ["".join(source.choices("ab", k=source.randint(8, 24))) for _ in range(300)]
    content = "".join(source.choices("ab", k=60_000)).encode()
    found = SearchTexts({"text": texts}).in_bytes(content)
    expected = sum(content.startswith(text.encode(), place) for text in set(texts) for place in range(len(content) - 7))
    assert expected > 1_000
    assert found["text, raw"] == expected


def test_texts_too_short_to_tell_are_not_counted() -> None:
    looking = SearchTexts({"handle": ["bob", "robert_the_bold"]})
    assert looking.count == 1
    assert not looking.in_bytes(b"bob bob bob")


def test_nothing_to_look_for_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    scan = SearchTexts({}).scan(files_below(tmp_path), tmp_path)
    assert (scan.needles, scan.files, scan.bytes, scan.total) == (0, 1, 7, 0)


def test_a_scan_names_places_but_never_a_file_that_bears_the_text(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "plain.txt").write_text(f"{TEXT} and {TEXT}")
    (tmp_path / "a_secret_name.wav").write_text("sound")
    (tmp_path / "clean.txt").write_text("nothing")
    scan = SearchTexts({"text": [TEXT], "name": ["a_secret_name"]}).scan(files_below(tmp_path), tmp_path)
    assert {place: dict(counts) for place, counts in scan.found.items()} == {
        "inner/plain.txt": {"text, raw": 2},
        "names of files": {"name, raw": 1},
    }
    assert (scan.files, scan.total) == (3, 3)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").write_text(TEXT)
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    assert list(files_below(tmp_path / "inside")) == []
