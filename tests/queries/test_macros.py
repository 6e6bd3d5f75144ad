"""The functions in SQL that queries share: each stands once, and cuts texts as the same function in Python does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.analysis.text.words import APOSTROPHES, tokens_of
from pipeline.store.queries import read_macros, read_queries
from tests.support.small_study import SmallStudy

TEXTS = (
    "Don't stop, DON’T! co-op 3.5 naïve_one",
    "CAFÉ cafe\u0301 e\u0301\u0301 İstanbul straße",
    "한국어 がぎ 東京タワー हिन्दी १२ ไทย 🙂👩‍👩‍👧 #tag @name",
    "'quoted' rock’n’roll --- ’ '' ",
    "",
)


def value(study: SmallStudy, expression: str, **parameters: Any) -> Any:
    return study.connection.execute(f"SELECT {expression}", parameters).fetchall()[0][0]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_cut_as_in_python(study: SmallStudy, text: str) -> None:
    low = value(study, "lowered($text)", text=text)
    assert value(study, "letter_runs($text)", text=low) == tokens_of(low)
    joined = [token.replace("’", "'") for token in tokens_of(low, joiners=APOSTROPHES)]
    assert value(study, "words_of($text)", text=text) == joined


def test_case_and_accents(study: SmallStudy) -> None:
    assert value(study, "lowered('CAFE\u0301') = lowered('café')")
    assert value(study, "lowered('café') = lowered('cafe')") is False
    assert value(study, "unaccented('CAFÉ')") == value(study, "unaccented('cafe\u0301')") == "cafe"
    assert value(study, "words_of('cold-hearted DON’T')") == ["cold", "hearted", "don't"]
    assert value(study, "words_of(NULL)") is None


def test_a_segment_without_trust_is_taken(study: SmallStudy) -> None:
    found = [value(study, f"is_trusted({trust}, $least)", least="0.75") for trust in ("0.7", "0.75", "NULL")]
    assert found == [False, True, True]


def test_the_valence_of_a_voice_is_known_where_a_model_tells_happy(study: SmallStudy) -> None:
    assert value(study, "valence_of(MAP {'happy': 0.5, 'angry': 0.25, 'sad': 0.125, 'neutral': 0.125})") == 0.125
    assert value(study, "valence_of(MAP {'happy': 0.5, 'neutral': 0.5})") == 0.5
    assert value(study, "valence_of(MAP {'angry': 0.5, 'neutral': 0.5})") is None
    assert value(study, "valence_of(NULL)") is None


def test_the_quadrant_of_words_and_voice(study: SmallStudy) -> None:
    assert value(study, "quadrant(0.05, -0.2)") == "warm words, cold voice"
    assert value(study, "quadrant(-0.05, 0.2)") == "cold words, warm voice"
    assert value(study, "quadrant(0.04, -0.19)") == "even words, even voice"


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
