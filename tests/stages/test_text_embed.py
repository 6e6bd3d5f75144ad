"""Stage `text_embed`: which texts get a vector, in which language, and that it does nothing without the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.text.e5 import NAME
from pipeline.errors import StageError
from pipeline.records import Clip, SegmentRow, SegmentTrustRow, Source, TextEmbeddingRow, TranscriptRow
from pipeline.stage import Setting
from pipeline.stages.text_embed import TextEmbed, TextEmbedOptions, _said, _written
from tests.support.small_study import row


def clip(
    said: tuple[str, ...] = (), caption: str | None = None, declared: str | None = None, doubted: tuple[int, ...] = ()
) -> Clip:
    segments = [
        SegmentRow("c", number, number, number + 1, text, -0.1, 0.1, 1.0, 0.0, "fr" if number == 1 else None)
        for number, text in enumerate(said)
    ]
    trust = [
        row(SegmentTrustRow, clip_id="c", segment=one.segment, in_text=one.segment not in doubted) for one in segments
    ]
    transcript = TranscriptRow("c", " ".join(said) or None, None, "es", 0.9, "ctranslate2", "whisper-base")
    stored = {"transcripts": [transcript], "segments": segments, "segment_trust": trust}
    return Clip("c", Source("file", "c", ""), None, Path("c"), None, caption, declared, stored=stored)


def test_each_trusted_segment_is_a_text_in_its_own_language() -> None:
    found = _said(clip(("Hola a todos", "Bonjour", "ruido", " "), doubted=(2,)))
    assert found == [("speech", 0, "Hola a todos", "es"), ("speech", 1, "Bonjour", "fr")]


@pytest.mark.parametrize(
    ("declared", "language"),
    [("de", "de"), ("pt-BR", "pt"), ("EN", "en"), ("un-known", "un"), ("und", "en"), ("", "en"), (None, "en")],
)
def test_a_caption_is_in_the_language_that_the_platform_states(declared: str | None, language: str) -> None:
    ((_, _, text, found),) = _written(
        clip(caption="This is the best bag ever @ana https://x.example/1", declared=declared)
    )
    assert found == language
    assert "@ana" not in text
    assert "x.example" not in text


@pytest.mark.parametrize("caption", [None, "", " \n "])
def test_no_caption_is_no_text(caption: str | None) -> None:
    assert _written(clip(caption=caption)) == []


def test_without_the_model_there_are_no_rows_and_nothing_of_it_in_the_fingerprint() -> None:
    options = TextEmbedOptions(model="none")
    assert TextEmbed(options, Setting()).one(clip(("Hola",), "Hola")) == []
    assert TextEmbed.models(options, Setting()) == ()


@pytest.fixture(scope="module")
def stage() -> TextEmbed:
    if model_cache.find(NAME) is None:
        pytest.skip("the weights of multilingual E5 are not installed")
    return TextEmbed(TextEmbedOptions(), Setting())


def embedded(stage: TextEmbed, one: Clip) -> list[TextEmbeddingRow]:
    result = stage.one(one)
    assert not isinstance(result, StageError)
    return [found for found in result if isinstance(found, TextEmbeddingRow)]


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize("caption", ["😂🔥", "#love #summer", "@ana https://x.example", "…"])
def test_a_caption_without_a_word_has_a_reason(stage: TextEmbed, caption: str) -> None:
    (found,) = embedded(stage, clip(caption=caption))
    assert (found.embedding, found.sentiment, found.reason) == (None, None, "no_text")


@pytest.mark.slow
@pytest.mark.model
def test_speech_and_caption_of_other_languages_have_a_sentiment(stage: TextEmbed) -> None:
    texts = ("Me encanta, es una maravilla", "C'est une honte, tout est cassé")
    found = embedded(stage, clip(texts, "Ich bin so glücklich, danke euch allen", "de"))
    assert [(one.channel, one.part, one.language) for one in found] == [
        ("speech", 0, "es"), ("speech", 1, "fr"), ("caption", 0, "de")
    ]  # fmt: skip
    assert [(one.sentiment or 0) > 0 for one in found] == [True, False, True]
    assert {one.sentiment_measured for one in found} == {"signs"}
    assert all(len(one.embedding or ()) == 384 for one in found)


@pytest.mark.slow
@pytest.mark.model
def test_a_language_that_was_never_measured_says_so(stage: TextEmbed) -> None:
    (found,) = embedded(stage, clip(caption="Ninapenda wimbo huu sana", declared="sw"))
    assert found.sentiment_measured == "never"


@pytest.mark.slow
@pytest.mark.model
def test_five_thousand_characters_are_read_to_the_end(stage: TextEmbed) -> None:
    long = "This is a sentence about nothing. " * 150
    one, other = (embedded(stage, clip(caption=long + end)) for end in ("I love it! " * 30, "I hate it! " * 30))
    assert (one[0].sentiment or 0) > (other[0].sentiment or 0)
