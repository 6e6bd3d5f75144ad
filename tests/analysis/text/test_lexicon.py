"""Lexicons: what a term finds in texts of any script, and what is wrong with a file, in one sentence with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analysis.text.lexicon import Lexicon, plain, read_lexicon
from pipeline.errors import ConfigError


def lexicon(folder: Path, text: str, name: str = "lexicon.toml") -> Lexicon:
    (folder / name).write_text(text, encoding="utf-8")
    return read_lexicon(folder / name)


def found(folder: Path, term: str, text: str, kind: str = "text") -> list[str]:
    (entry,) = lexicon(folder, f"[[terms]]\nterm = '''{term}'''\nkind = '{kind}'\n").terms
    return [text[start:end] for start, end in entry.spans(text, plain(text))]


@pytest.mark.parametrize(
    ("term", "text", "wanted"),
    [
        ("bag", "I love this Bag, BAGS and handbags; bag!", ["Bag", "bag"]),
        ("this bag", "this  bag, this: bag, the bag", ["this  bag", "this: bag"]),
        ("cold-hearted", "cold -hearted or cold hearted", ["cold -hearted", "cold hearted"]),
        ("cafe", "Café CAFÉ cafe\u0301", ["Café", "CAFÉ", "cafe\u0301"]),
        ("Café", "cafe", ["cafe"]),
        ("orange", "une robe d'orange, l’Orange", ["orange", "Orange"]),
        ("H&M", "h&m, H & M and hm", ["h&m", "H & M"]),
        ("Straße", "STRASSE", ["STRASSE"]),
        ("bag", "#bag @bag 👜bag", ["bag", "bag", "bag"]),
        ("Nike", "", []),
        ("7up", "7UP", ["7UP"]),
        ("حقيبة", "أحب حَقِيبَة كثيرا والحقيبة", ["حَقِيبَة"]),
        ("احب", "أُحِبُّ هذه", ["أُحِبُّ"]),
        ("תיק", "זה תִּיק יפה, התיק", ["תִּיק"]),
        ("сумка", "Эта СУМКА, сумкам", ["СУМКА"]),
        ("鞄", "この鞄が好き", ["鞄"]),
        ("かばん", "このかばんが好き", ["かばん"]),
        ("กระเป๋า", "ฉันรักกระเป๋าใบนี้", ["กระเป๋า"]),
        ("बैग", "यह बैग अच्छा है", ["बैग"]),
    ],
)
def test_terms_are_whole_words_whatever_their_case_and_accents(
    tmp_path: Path, term: str, text: str, wanted: list[str]
) -> None:
    spans = found(tmp_path, term, text)
    assert [span.rstrip("\u0301") for span in spans] == [word.rstrip("\u0301") for word in wanted]


def test_voiced_kana_are_letters_of_their_own(tmp_path: Path) -> None:
    assert found(tmp_path, "かき", "がぎ かぎ") == []


@pytest.mark.parametrize(
    ("term", "text", "wanted"),
    [
        (r"\bbags?\b", "Bag, bags, baggage", ["Bag", "bags"]),
        (r"حقيبة", "والحقيبة", ["حقيبة"]),
        (r"caf[eé]", "CAFÉ", ["CAFÉ"]),
        (r"(?<=my )\w*", "my bag my", ["bag"]),
    ],
)
def test_expressions_see_the_text_as_it_is(tmp_path: Path, term: str, text: str, wanted: list[str]) -> None:
    assert found(tmp_path, term, text, "regex") == wanted


def test_an_expression_that_takes_for_ever_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.analysis.text.lexicon.PATIENCE_S", 0.2)
    with pytest.raises(ConfigError, match="takes too long"):
        found(tmp_path, r"((a|aa|a?a)+)+$", "a" * 60 + "b", "regex")


@pytest.mark.timeout(60)  # to read it would take for ever
@pytest.mark.parametrize("term", ["(?:" * 40 + "a" + "+)+" * 40, "a" * 1_001])
def test_an_expression_that_takes_for_ever_to_read_is_refused_by_name(tmp_path: Path, term: str) -> None:
    with pytest.raises(ConfigError, match="takes too long to read") as caught:
        found(tmp_path, term, "a", "regex")
    assert repr(term[:80]) in str(caught.value)


def test_counted_repetitions_in_one_another_end_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.analysis.text.lexicon.PATIENCE_S", 0.2)
    with pytest.raises(ConfigError, match="takes too long") as caught:
        found(tmp_path, r"(?:(?:a{1,50}){1,50}){1,50}$", "a" * 60 + "b", "regex")
    assert "a{1,50}" in str(caught.value)


def test_brackets_that_are_characters_are_no_groups(tmp_path: Path) -> None:
    assert found(tmp_path, r"\(" * 11 + "[()]x", "(" * 12 + "x", "regex") == ["(" * 12 + "x"]


def test_a_csv_file_is_the_same_as_a_toml_file(tmp_path: Path) -> None:
    toml = lexicon(
        tmp_path, "[[terms]]\nterm = 'bag'\nlabel = 'Bags'\nlanguage = 'en'\n[[terms]]\nterm = 'a.c'\nkind = 'regex'\n"
    )
    csv = lexicon(tmp_path, "\ufeffterm,kind,language,label\nbag,text,en,Bags\na.c,regex,,\n", "lexicon.csv")
    assert csv.terms == toml.terms
    assert [(term.label, term.language, term.kind) for term in csv.terms] == [
        ("Bags", "en", "text"),
        ("a.c", None, "regex"),
    ]
    assert csv.digest != toml.digest, "another content"
    assert lexicon(tmp_path, "term\nbag\n", "short.csv").terms[0].label == "bag"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "[[terms]]\nterm = 'a'\n\n[[terms]]\nkind = 'text'\n", r"a\.toml, line 4: the term is missing"),
        ("a.toml", "[[terms]]\nterm = 'a'\nlang = 'en'\n", r"line 1: 'lang' is no key .*: term, kind, language, label"),
        ("a.toml", "[[terms]]\nterm = 3\n", "line 1: term must be a text, not 3"),
        ("a.toml", "[[terms]]\nterm = 'a'\nkind = 'glob'\n", "line 1: the kind 'glob' must be text or regex"),
        ("a.toml", "[[terms]]\nterm = 'a'\nlanguage = 'English'\n", "line 1: the language 'English'"),
        ("a.toml", "[[terms]]\nterm = '[a'\nkind = 'regex'\n", r"line 1: '\[a' is no regular expression"),
        ("a.toml", "[[terms]]\nterm = 'a*'\nkind = 'regex'\n", "matches nothing at all"),
        ("a.toml", "[[terms]]\nterm = '!?'\n", "holds no letter or digit"),
        ("a.toml", "words = ['a']\n", r"line 1: a lexicon holds tables \[\[terms\]\]"),
        ("a.toml", "[[terms]\n", "cannot be read as TOML: .*line 1"),
        ("a.toml", "", "holds tables"),
        ("a.csv", "term,kind\nbag,text\nbox,glob\n", r"a\.csv, line 3: the kind 'glob'"),
        ("a.csv", "word\nbag\n", "line 1: a lexicon has a column `term`"),
        ("a.csv", "term\nbag,text\n", "line 2: '' is no key"),
        ("a.csv", "term\n", "holds no terms"),
        ("a.csv", "", "line 1: a lexicon has a column"),
        ("a.txt", "bag\n", r"must end in \.toml or \.csv"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lexicon(tmp_path, text, name)


def test_a_file_that_is_not_there_or_not_utf_8(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no lexicon .*nowhere\.toml"):
        read_lexicon(tmp_path / "nowhere.toml")
    (tmp_path / "latin.csv").write_bytes("term\ncafé\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_lexicon(tmp_path / "latin.csv")
