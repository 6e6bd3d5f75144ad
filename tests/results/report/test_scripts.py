"""What pages are given: texts stay texts, unknown stays null."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.results.report.scripts import as_script, write_script
from tests.support.report.generated_study import SCRIPT, TURNED


def read(script: str) -> object:
    return json.loads(script.removeprefix('cliptone.receive("name", ').removesuffix(");\n"))


@pytest.mark.parametrize("text", [SCRIPT, TURNED, "</script>", "a\u2028b\u2029c", '"); alert(1); ("', "\\", "\x00"])
def test_a_hostile_text_comes_back_as_it_is_and_never_as_markup(text: str) -> None:
    script = as_script("name", {"text": text})
    assert read(script) == {"text": text}
    assert not set("<>&\u2028\u2029") & set(script)


def test_numbers_times_and_unknown_values() -> None:
    made = as_script("name", [1 / 3, None, Decimal(7), datetime(2026, 3, 2, 1, 2, 3), date(2026, 3, 2), {"a": (1.0,)}])  # noqa: DTZ001
    assert read(made) == [0.3333, None, 7, "2026-03-02T01:02:03Z", "2026-03-02", {"a": [1.0]}]


def test_no_number_that_is_none_is_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        as_script("name", float("nan"))


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_script(tmp_path / "rows" / "a.js", "name", object())
    assert not (tmp_path / "rows" / "a.js").exists()
    write_script(tmp_path / "rows" / "a.js", "name", 1)
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["a.js"]
