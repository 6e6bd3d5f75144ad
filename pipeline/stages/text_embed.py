"""Stage `text_embed`: the meaning of each trusted segment of speech, and of the caption, as a vector.

From the vector comes how positive the text is, in any language; `cliptone search` finds texts by it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.text import e5, sentiment
from pipeline.analysis.text.words import URL, language_of, words_of
from pipeline.errors import Reason
from pipeline.records import Clip, SegmentRow, SegmentTrustRow, TextEmbeddingRow, TranscriptRow
from pipeline.records.pseudonyms import MENTION
from pipeline.stage import Options, Result, Setting, Stage

MIN_WORDS_FOR_LANGUAGE = 3  # captions with fewer words have no language (as in the stage text)
MIN_LANGUAGE_PROBABILITY = 0.5
LANGUAGE_LETTERS = 2  # of a code of ISO 639-1, as en in en-US
MOST_CHARACTERS = 10_000  # of a text: what comes after is not read, and no caption of a platform is as long

Text = tuple[str, int, str, str | None]  # channel, part, text, language


class TextEmbedOptions(Options):
    """Whether the meaning of texts is stored."""

    model: Literal["auto", "multilingual-e5-small", "none"] = Field(
        "auto", description="model of meaning: multilingual-e5-small, none, or auto where it is on this machine"
    )


class TextEmbed(Stage):
    """Embed each trusted segment of speech and the caption; no rows without the model."""

    name: ClassVar[str] = "text_embed"
    version: ClassVar[int] = 1
    tables = (TextEmbeddingRow,)
    needs = ("transcribe",)
    uses_caption: ClassVar[bool] = True
    deadline_s: ClassVar[float] = 300.0  # 0.1 s a segment: an hour of speech takes two minutes
    packages = ("numpy", "scipy", "tokenizers", "regex", "py3langid")
    Options = TextEmbedOptions
    options: TextEmbedOptions

    def __init__(self, options: Any, setting: Setting) -> None:
        super().__init__(options, setting)
        self._encoder: e5.E5 | None = None
        if name := model_name(options, setting):
            self._encoder = e5.E5(model_cache.locate(name, setting.models_folder))
            self._head = sentiment.SentimentHead(model_cache.locate(sentiment.NAME, setting.models_folder))

    def one(self, clip: Clip) -> Result:
        """One row a trusted segment and one for the caption; NULL with no_text where there is no word."""
        if self._encoder is None:
            return []
        texts = [*_said(clip), *_written(clip)]
        telling = [one for one in texts if words_of(one[2])]
        vectors = self._encoder.embed([text for _, _, text, _ in telling])
        scores = dict(zip(telling, zip(vectors.tolist(), self._head.score(vectors), strict=True), strict=True))
        return [self._row(clip.clip_id, one, *scores.get(one, (None, None))) for one in texts]

    def _row(self, clip_id: str, text: Text, vector: list[float] | None, score: float | None) -> TextEmbeddingRow:
        channel, part, words, language = text
        return TextEmbeddingRow(
            clip_id=clip_id,
            channel=channel,
            part=part,
            language=language,
            word_count=len(words_of(words)),
            model=e5.NAME,
            embedding=None if vector is None else tuple(vector),
            reason=Reason.NO_TEXT.value if vector is None else None,
            sentiment=score,
            sentiment_model=self._head.name,
            sentiment_measured=self._head.measured(language),
        )

    @classmethod
    def models(cls, options: TextEmbedOptions, setting: Setting) -> tuple[str, ...]:
        """The model of meaning, if it is here, and the head that reads its vectors."""
        name = model_name(options, setting)
        return (name, sentiment.NAME) if name else ()


def model_name(options: TextEmbedOptions, setting: Setting) -> str | None:
    """The model that the options mean; `auto` never fetches it."""
    if options.model == "auto":
        return e5.NAME if model_cache.find(e5.NAME, setting.models_folder) else None
    return None if options.model == "none" else options.model


def _said(clip: Clip) -> list[Text]:
    transcript = next(iter(clip.rows(TranscriptRow)), None)
    language = transcript.language if transcript else None
    doubted = {row.segment for row in clip.rows(SegmentTrustRow) if not row.in_text}
    return [
        ("speech", segment.segment, segment.text[:MOST_CHARACTERS], segment.language or language)
        for segment in clip.rows(SegmentRow)
        if segment.segment not in doubted and segment.text.strip()
    ]


def _written(clip: Clip) -> list[Text]:
    """The caption without URLs and names of accounts; where the platform states its language, in that."""
    caption = MENTION.sub(" ", URL.sub(" ", clip.caption or ""))[:MOST_CHARACTERS]
    if not (clip.caption or "").strip():
        return []
    declared = (clip.declared_language or "").partition("-")[0].lower()
    heard = language_of(caption, MIN_WORDS_FOR_LANGUAGE, MIN_LANGUAGE_PROBABILITY)
    return [("caption", 0, caption, declared if len(declared) == LANGUAGE_LETTERS else heard)]
