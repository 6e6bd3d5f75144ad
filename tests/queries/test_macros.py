"""The functions in SQL that queries share: each stands once, and cuts texts as the same function in Python does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.analysis.text.words import APOSTROPHES, tokens_of
from pipeline.records import ClipRow
from pipeline.results.codebook import ORIGINS
from pipeline.store import schema
from pipeline.store.queries import read_macros, read_queries
from pipeline.store.reader import ResultsReader
from tests.support.small_study import row

Value = Callable[..., Any]

TEXTS = (
    "Don't stop, DON’T! co-op 3.5 naïve_one",
    "CAFÉ cafe\u0301 e\u0301\u0301 İstanbul straße",
    "한국어 がぎ 東京タワー हिन्दी १२ ไทย 🙂👩‍👩‍👧 #tag @name",
    "'quoted' rock’n’roll --- ’ '' ",
    "",
)


@pytest.fixture(scope="module")
def value() -> Iterator[Value]:
    with duckdb.connect() as connection:
        schema.create_macros(connection)
        yield lambda sql, **parameters: connection.execute(f"SELECT {sql}", parameters).fetchall()[0][0]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_cut_as_in_python(value: Value, text: str) -> None:
    low = value("lowered($text)", text=text)
    assert value("letter_runs($text)", text=low) == tokens_of(low)
    joined = [token.replace("’", "'") for token in tokens_of(low, joiners=APOSTROPHES)]
    assert value("words_of($text)", text=text) == joined


def test_case_and_accents(value: Value) -> None:
    assert value("lowered('CAFE\u0301') = lowered('café')")
    assert value("lowered('café') = lowered('cafe')") is False
    assert value("unaccented('CAFÉ')") == value("unaccented('cafe\u0301')") == "cafe"
    assert value("words_of('cold-hearted DON’T')") == ["cold", "hearted", "don't"]
    assert value("words_of(NULL)") is None


def test_a_segment_without_trust_is_taken(value: Value) -> None:
    found = [value(f"is_trusted({trust}, $least)", least="0.75") for trust in ("0.7", "0.75", "NULL")]
    assert found == [False, True, True]


def test_the_valence_of_a_voice_is_known_where_a_model_tells_happy(value: Value) -> None:
    assert value("valence_of(MAP {'happy': 0.5, 'angry': 0.25, 'sad': 0.125, 'neutral': 0.125})") == 0.125
    assert value("valence_of(MAP {'happy': 0.5, 'neutral': 0.5})") == 0.5
    assert value("valence_of(MAP {'angry': 0.5, 'neutral': 0.5})") is None
    assert value("valence_of(NULL)") is None


def test_the_quadrant_of_words_and_voice(value: Value) -> None:
    assert value("quadrant(0.05, -0.2)") == "warm words, cold voice"
    assert value("quadrant(-0.05, 0.2)") == "cold words, warm voice"
    assert value("quadrant(0.04, -0.19)") == "even words, even voice"


def test_results_of_a_version_without_these_functions_still_answer(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "study.duckdb")) as connection:
        schema.create_tables(connection, ORIGINS)
        schema.insert(connection, [row(ClipRow, clip_id="a", caption="A soft BÁG")])
    with ResultsReader(tmp_path) as reader:
        assert reader.query("search_words", words="bag")["clip_id"].tolist() == ["a"]


def test_each_macro_is_explained_and_bears_the_name_of_its_file() -> None:
    for macro in read_macros():
        assert macro.sql.startswith(f"CREATE MACRO {macro.name}("), macro.name
        assert macro.header.startswith("what: "), macro.name


def test_macros_are_used_and_none_of_their_rules_stands_in_a_query() -> None:
    queries = "\n".join(query.sql for query in read_queries().values())
    together = queries + "\n".join(macro.sql for macro in read_macros())
    for macro in read_macros():
        assert len(re.findall(rf"\b{macro.name}\(", together)) >= 2, f"{macro.name} is used once at least"
    for rule in ("regexp_extract_all", "nfc_normalize", "strip_accents", "['happy']", "trust >=", "trust <"):
        assert rule not in queries, rule
