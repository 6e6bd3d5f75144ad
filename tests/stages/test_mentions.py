"""Stage `mentions`: terms of the lexicon with their words, times and languages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, StageError
from pipeline.records import Clip, MentionRow, Source, TranscriptRow, WordRow
from pipeline.stage import Setting, plan_stage
from pipeline.stages.mentions import Mentions, MentionsOptions

LEXICON = """
[[terms]]
term = "bag"
label = "bags"

[[terms]]
term = "cold hearted"

[[terms]]
term = "sac"
language = "fr"
label = "bags"
"""


def stage(folder: Path, text: str = LEXICON) -> Mentions:
    (folder / "lexicon.toml").write_text(text, encoding="utf-8")
    return Mentions(MentionsOptions(lexicon="lexicon.toml"), Setting(study_folder=folder))


def clip(words: Sequence[str] = (), caption: str | None = None, language: str | None = "en") -> Clip:
    """A clip whose words take a second each."""
    said = [WordRow("c", n, 0, word, float(n), n + 1.0, 0.9) for n, word in enumerate(words)]
    text = " ".join(words) or None
    transcript = TranscriptRow(
        "c", text, None if text else "no_speech", language, 0.9 if language else None, "ctranslate2", "whisper-base"
    )
    stored = {"transcripts": [transcript], "words": said}
    return Clip("c", Source("file", "c", ""), None, Path("c"), caption=caption, stored=stored)


def mentions(built: Mentions, one: Clip) -> list[MentionRow]:
    (result,) = built([one])
    assert not isinstance(result, StageError)
    rows = [row for row in result if isinstance(row, MentionRow)]
    assert [row.mention for row in rows] == list(range(len(result)))
    return rows


def test_a_mention_in_speech_has_its_word_and_time(tmp_path: Path) -> None:
    (row,) = mentions(stage(tmp_path), clip(["I", "love", "this", "Bag,", "handbags"]))
    assert row == MentionRow("c", 0, "speech", "bags", "bag", "Bag,", 3.0, 4.0, 3, "en")


def test_a_phrase_is_found_over_words_and_hyphens_as_whisper_splits_them(tmp_path: Path) -> None:
    for words in (["so", "cold", "-hearted."], ["so", "cold-hearted."], ["so", "Cold", "hearted"]):
        (row,) = mentions(stage(tmp_path), clip(words))
        assert (row.start_s, row.end_s, row.word_index) == (1.0, float(len(words)), 1)
        assert row.label == row.term == "cold hearted"
    assert mentions(stage(tmp_path), clip(["cold", "and", "hearted"])) == []


def test_a_caption_has_no_times_and_comes_after_speech(tmp_path: Path) -> None:
    rows = mentions(stage(tmp_path), clip(["bag", "bag"], "my BAG is a #bag 👜"))
    assert [(row.channel, row.matched) for row in rows] == [
        ("speech", "bag"), ("speech", "bag"), ("caption", "BAG"), ("caption", "bag"),
    ]  # fmt: skip
    assert {(row.start_s, row.end_s, row.word_index) for row in rows[2:]} == {(None, None, None)}


def test_a_term_of_a_language_is_looked_for_in_that_language(tmp_path: Path) -> None:
    built = stage(tmp_path)
    assert [row.language for row in mentions(built, clip(["mon", "sac"], language="fr"))] == ["fr"]
    assert mentions(built, clip(["sac"], language="en")) == []
    french = "J'adore vraiment ce sac qui est le plus beau cadeau de ma vie"
    assert [(row.matched, row.language) for row in mentions(built, clip(caption=french))] == [("sac", "fr")]
    english = "This is what they call a sac in the language of the people over there"
    assert mentions(built, clip(caption=english)) == []
    assert [row.language for row in mentions(built, clip(caption="sac!"))] == [None], "two words tell no language"


def test_right_to_left_speech(tmp_path: Path) -> None:
    text = '[[terms]]\nterm = "الحقيبة"\n[[terms]]\nterm = "حقيب\\\\w+"\nkind = "regex"\n'
    rows = mentions(stage(tmp_path, text), clip(["أحب", "هذه", "الحَقيبة", "كثيرا"], language="ar"))
    assert [(row.term, row.word_index, row.matched) for row in rows] == [("الحقيبة", 2, "الحَقيبة")]


def test_an_expression_may_cross_words(tmp_path: Path) -> None:
    text = "[[terms]]\nterm = 'lov(?:e|es|ed) (?:this|that)'\nkind = 'regex'\nlabel = 'love'\n"
    (row,) = mentions(stage(tmp_path, text), clip(["I", "Loved", "that", "bag"]))
    assert (row.label, row.matched, row.word_index, row.end_s) == ("love", "Loved that", 1, 3.0)


def test_terms_that_overlap_are_all_mentioned(tmp_path: Path) -> None:
    text = "[[terms]]\nterm = 'this bag'\n[[terms]]\nterm = 'bag'\n"
    rows = mentions(stage(tmp_path, text), clip(["this", "bag"]))
    assert [row.term for row in rows] == ["this bag", "bag"]


def test_without_a_lexicon_or_words_there_is_nothing(tmp_path: Path) -> None:
    assert mentions(Mentions(MentionsOptions(), Setting()), clip(["bag"], "bag")) == []
    assert mentions(stage(tmp_path), clip()) == []


def test_another_content_of_the_lexicon_is_another_fingerprint(tmp_path: Path) -> None:
    setting = Setting(study_folder=tmp_path)

    def fingerprint() -> str:
        return plan_stage(
            Mentions, MentionsOptions(lexicon="lexicon.toml"), setting, {}, {"transcribe": "t"}
        ).fingerprint

    stage(tmp_path)
    first = fingerprint()
    assert fingerprint() == first
    stage(tmp_path, LEXICON + "\n[[terms]]\nterm = 'box'\n")
    assert fingerprint() != first
    assert "lexicon" not in Mentions.libraries(MentionsOptions(), setting)


def test_a_wrong_lexicon_stops_the_study_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "lexicon.toml").write_text("[[terms]]\nlabel = 'x'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 1: the term is missing"):
        Mentions.libraries(MentionsOptions(lexicon="lexicon.toml"), Setting(study_folder=tmp_path))
    with pytest.raises(ConfigError, match="there is no lexicon"):
        Mentions.libraries(MentionsOptions(lexicon="other.toml"), Setting(study_folder=tmp_path))


def test_the_same_clip_gives_the_same_rows(tmp_path: Path) -> None:
    one = clip(["bag", "cold-hearted", "bag"], "bag")
    assert mentions(stage(tmp_path), one) == mentions(stage(tmp_path), one)
    assert dataclasses.astuple(mentions(stage(tmp_path), one)[1])[3] == "cold hearted"


def test_without_sound_the_caption_alone_is_searched(tmp_path: Path) -> None:
    silent = dataclasses.replace(clip(caption="a bag of mine"), stored={})
    (row,) = mentions(stage(tmp_path), silent)
    assert (row.channel, row.term, row.word_index) == ("caption", "bag", None)
