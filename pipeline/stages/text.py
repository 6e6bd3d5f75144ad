"""Stage `text`: what the words of a clip say by themselves, speech and caption apart."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from pipeline.analysis.text.words import emoji_of, graphemes_of, language_of, words_of
from pipeline.errors import Reason
from pipeline.records import Clip, Row, SegmentRow, SegmentSentimentRow, TextFeaturesRow, TranscriptRow
from pipeline.records.pseudonyms import hashtags_of, mentions_of
from pipeline.stage import Options, Result, Setting, Stage

VADER_LANGUAGE = "en"


class TextOptions(Options):
    """How text is read."""

    min_words_for_language: int = Field(
        3, ge=1, description="captions with fewer words get no language, and so no sentiment"
    )
    min_language_probability: float = Field(
        0.5, ge=0, le=1, description="captions whose language is less sure than this get none"
    )


class Text(Stage):
    """Count words, emoji, hashtags and mentions, and score English with VADER."""

    name: ClassVar[str] = "text"
    version: ClassVar[int] = 3
    tables = (TextFeaturesRow, SegmentSentimentRow)
    needs = ("download", "transcribe")
    uses_caption: ClassVar[bool] = True
    packages = ("vaderSentiment", "py3langid", "regex")
    Options = TextOptions
    options: TextOptions

    def __init__(self, options: Any, setting: Setting) -> None:
        super().__init__(options, setting)
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._vader = SentimentIntensityAnalyzer()

    def one(self, clip: Clip) -> Result:
        """One row for the speech, one for the caption where there is one, and one for each segment.

        A clip without sound has no speech, and the row of its caption alone.
        """
        transcript = next(iter(clip.rows(TranscriptRow)), None)
        language = transcript.language if transcript else None
        rows: list[Row] = []
        if transcript is not None:
            rows.append(self._features_row(clip.clip_id, "speech", transcript.text, language))
        if clip.caption is not None:
            rows.append(self._features_row(clip.clip_id, "caption", clip.caption, self._caption_language(clip.caption)))
        return rows + [self._segment_row(segment, language) for segment in clip.rows(SegmentRow)]

    def _segment_row(self, segment: SegmentRow, language: str | None) -> SegmentSentimentRow:
        words = words_of(segment.text)
        reason = _no_sentiment(words, language)
        sentiment = None if reason else self._vader.polarity_scores(segment.text)["compound"]
        return SegmentSentimentRow(segment.clip_id, segment.segment, len(words), sentiment, reason)

    def _features_row(self, clip_id: str, channel: str, text: str | None, language: str | None) -> TextFeaturesRow:
        words = words_of(text or "")
        reason = _no_sentiment(words, language)
        scores = None if reason else self._vader.polarity_scores(text)
        return TextFeaturesRow(
            clip_id=clip_id,
            channel=channel,
            language=language,
            word_count=len(words),
            character_count=len(graphemes_of(text or "")),
            emoji=emoji_of(text or ""),
            hashtag_count=len(hashtags_of(text)),
            mention_count=len(mentions_of(text)),
            sentiment=scores["compound"] if scores else None,
            sentiment_positive=scores["pos"] if scores else None,
            sentiment_neutral=scores["neu"] if scores else None,
            sentiment_negative=scores["neg"] if scores else None,
            sentiment_reason=reason,
        )

    def _caption_language(self, caption: str) -> str | None:
        return language_of(caption, self.options.min_words_for_language, self.options.min_language_probability)


def _no_sentiment(words: list[str], language: str | None) -> str | None:
    """Why a text has no VADER score; VADER reads only English."""
    if not words:
        return Reason.NO_TEXT
    if language is None:
        return Reason.LANGUAGE_UNKNOWN
    return None if language == VADER_LANGUAGE else Reason.LANGUAGE_UNSUPPORTED
