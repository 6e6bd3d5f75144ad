"""The text stage: words, emoji and tags in any script, and sentiment only where VADER can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Reason
from pipeline.records import Clip, SegmentRow, SegmentSentimentRow, Source, TextFeaturesRow, TranscriptRow
from pipeline.stage import Setting
from pipeline.stages.text import Text, TextOptions, emoji_of, words_of


@pytest.fixture(scope="module")
def stage() -> Text:
    return Text(TextOptions(), Setting())


def features(stage: Text, text: str | None, language: str | None, caption: str | None) -> dict[str, TextFeaturesRow]:
    reason = None if text else Reason.NO_SPEECH
    transcript = TranscriptRow("c", text, reason, language, 0.9 if language else None, "ctranslate2", "whisper-base")
    clip = Clip("c", Source("file", "c", ""), None, Path("c"), caption=caption, stored={"transcripts": [transcript]})
    rows = stage.one(clip)
    assert isinstance(rows, list)
    return {row.channel: row for row in rows if isinstance(row, TextFeaturesRow)}


def test_english_is_scored_with_the_right_sign(stage: Text) -> None:
    good = features(stage, "I love this bag, it is wonderful.", "en", None)["speech"]
    bad = features(stage, "I hate this bag, it is terrible.", "en", None)["speech"]
    assert good.sentiment is not None
    assert good.sentiment > 0.5
    assert bad.sentiment is not None
    assert bad.sentiment < -0.5
    shares = [good.sentiment_positive, good.sentiment_neutral, good.sentiment_negative]
    assert sum(share or 0 for share in shares) == pytest.approx(1, abs=0.01)
    assert good.word_count == 7


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("Me encanta este bolso, es maravilloso", "es", Reason.LANGUAGE_UNSUPPORTED),
        (None, None, Reason.NO_TEXT),
        ("love love love", None, Reason.LANGUAGE_UNKNOWN),
    ],
)
def test_no_sentiment_without_a_reason(stage: Text, text: str | None, language: str | None, reason: Reason) -> None:
    row = features(stage, text, language, None)["speech"]
    assert row.sentiment is None
    assert row.sentiment_positive is None
    assert row.sentiment_reason == reason


def test_caption_and_speech_are_kept_apart(stage: Text) -> None:
    rows = features(stage, "I hate it.", "en", "This is the best bag that I ever had, love it! #bag @ana 😍")
    assert set(rows) == {"speech", "caption"}
    assert (rows["speech"].sentiment or 0) < 0 < (rows["caption"].sentiment or 0)
    assert rows["caption"].language == "en"
    assert rows["caption"].hashtag_count == 1
    assert rows["caption"].mention_count == 1


def test_without_sound_the_caption_alone_has_a_row(stage: Text) -> None:
    (found,) = stage.one(Clip("c", Source("file", "c", ""), None, Path("c"), caption="I love this lovely bag"))
    assert isinstance(found, TextFeaturesRow)
    assert (found.channel, found.language) == ("caption", "en")
    assert found.sentiment is not None
    assert found.sentiment > 0.5


def test_no_caption_no_row(stage: Text) -> None:
    assert set(features(stage, "Hello there", "en", None)) == {"speech"}


def test_right_to_left_and_emoji(stage: Text) -> None:
    row = features(stage, None, None, "أحب هذه الحقيبة كثيرا 👨‍👩‍👧 🇪🇸 👍🏽 #حقيبة")["caption"]
    assert row.language == "ar"
    assert row.word_count == 4
    assert row.emoji == ("👨‍👩‍👧", "🇪🇸", "👍🏽"), "a family, a flag and a skin tone each count once"
    assert row.sentiment_reason == Reason.LANGUAGE_UNSUPPORTED


def test_too_few_words_for_a_language(stage: Text) -> None:
    assert features(stage, None, None, "ok 😍 #fyp")["caption"].language is None


def test_words_leave_tags_and_urls_out() -> None:
    assert words_of("See https://example.org/a?b #one @two don't co-op 3 naïve") == [
        "See", "don't", "co-op", "3", "naïve",
    ]  # fmt: skip


def test_digits_and_hashes_are_no_emoji() -> None:
    assert emoji_of("#1 * 10 © 2026") == ("©",)
    assert emoji_of("1️⃣") == ("1️⃣",)


def test_each_segment_has_its_own_sentiment(stage: Text) -> None:
    transcript = TranscriptRow("c", "x", None, "en", 0.9, "ctranslate2", "whisper-base")
    texts = ("I love this wonderful bag.", "I hate this terrible bag.", "…")
    segments = [SegmentRow("c", n, n, n + 1.0, text, -0.1, 0.1, 1.0, 0.0) for n, text in enumerate(texts)]
    stored = {"transcripts": [transcript], "segments": segments}
    rows = stage.one(Clip("c", Source("file", "c", ""), None, Path("c"), stored=stored))
    assert isinstance(rows, list)
    good, bad, none = [row for row in rows if isinstance(row, SegmentSentimentRow)]
    assert good.sentiment is not None
    assert bad.sentiment is not None
    assert good.sentiment > 0.5 > -0.5 > bad.sentiment
    assert (none.sentiment, none.sentiment_reason, none.word_count) == (None, Reason.NO_TEXT, 0)
