"""What was said, and what the words alone tell, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipeline.records.row import Row, Seconds, column


@dataclass(frozen=True, slots=True)
class TranscriptRow(Row):
    """What was said in a clip, as one text; NULL with a reason where nothing was."""

    table: ClassVar[str] = "transcripts"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    text: str | None = column("the segments that are trusted, as one text; NULL without any")
    reason: str | None = column("why `text` and `language` are NULL")
    language: str | None = column(
        "language of the speech, of several the one that is spoken longest; NULL without a trusted word", "ISO 639-1"
    )
    language_probability: float | None = column("Whisper's probability of that language; NULL with it", "0–1")
    engine: str = column("speech engine: ctranslate2 or openai-whisper")
    model: str = column("Whisper weights")


@dataclass(frozen=True, slots=True)
class SegmentRow(Row):
    """One phrase as Whisper divides speech, with Whisper's own confidences."""

    table: ClassVar[str] = "segments"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "segment")

    clip_id: str = column("the clip")
    segment: int = column("number of the segment in the clip, from 0")
    start_s: Seconds = column("start of its first word in the clip", "s")
    end_s: Seconds = column("end of its last word in the clip", "s")
    text: str = column("the words")
    avg_logprob: float = column("mean log probability of the tokens", "ln")
    no_speech_prob: float = column("Whisper's probability that the window holds no speech", "0–1")
    compression_ratio: float = column("length over gzip length of the text; above 2.4 it repeats itself", "ratio")
    temperature: float = column("sampling temperature that gave this text; 0 is greedy or beam", "")
    language: str | None = column(
        "language that it was decoded in, by Whisper's code: the clip's, or another that this speech is surely in",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class SegmentTrustRow(Row):
    """How far a segment can be trusted to be what somebody said, and what that rests on; 1 is the best of each."""

    table: ClassVar[str] = "segment_trust"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "segment")

    clip_id: str = column("the clip")
    segment: int = column("number of the segment in the clip, from 0")
    trust: float = column("weighted geometric mean of the parts that are known: a rank, no probability", "0–1")
    in_text: bool = column("whether `trust` reaches the study's least trust, so that the transcript's text has it")
    speech_overlap: float = column("share of the segment's time inside speech regions, before it is cut to them", "0–1")
    token_probability: float = column("geometric mean of the probabilities of its tokens", "0–1")
    voice_probability: float = column("1 less Whisper's probability that the window holds no speech", "0–1")
    incompressible: float = column("1 up to a compression ratio of 2.4, then 2.4 over the ratio", "0–1")
    variety: float = column("different pairs of neighbouring words over all pairs; 0 without a word", "0–1")
    originality: float = column(
        "0 for a credit of subtitles, 0.5 for a phrase that Whisper invents on music and silence, else 1", "0–1"
    )
    language_probability: float | None = column(
        "Whisper's probability of the language, times the share of letters in its scripts; NULL: given, and fits",
        "0–1",
    )
    window_fill: float = column("sound left in the window that was decoded, over 0.5 s, at most 1", "0–1")


@dataclass(frozen=True, slots=True)
class WordRow(Row):
    """One word with its time."""

    table: ClassVar[str] = "words"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "word_index")

    clip_id: str = column("the clip")
    word_index: int = column("number of the word in the clip, from 0")
    segment: int = column("the segment it belongs to")
    word: str = column("the word with its punctuation, without surrounding space")
    start_s: Seconds = column("start in the clip; inside speech, but for a word that is far from any", "s")
    end_s: Seconds = column("end in the clip; the start where Whisper gives the word no time inside speech", "s")
    probability: float = column("mean probability of the word's tokens", "0–1")
    region: int | None = column("speech region in which the word lies; NULL: far from any", default=None)


@dataclass(frozen=True, slots=True)
class TextFeaturesRow(Row):
    """What the words of one channel say by themselves; speech and caption are kept apart."""

    table: ClassVar[str] = "text_features"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "channel")

    clip_id: str = column("the clip")
    channel: str = column("speech or caption")
    language: str | None = column("language of the text", "ISO 639-1")
    word_count: int = column("words, without hashtags, mentions and URLs", "count")
    character_count: int = column("characters as a reader counts them (grapheme clusters)", "count")
    emoji: tuple[str, ...] = column("emoji in order of appearance")
    hashtag_count: int = column("hashtags", "count")
    mention_count: int = column("accounts named with @", "count")
    sentiment: float | None = column("VADER compound score of the words (Hutto and Gilbert 2014)", "-1–1")
    sentiment_positive: float | None = column("VADER share of positive words", "0–1")
    sentiment_neutral: float | None = column("VADER share of neutral words", "0–1")
    sentiment_negative: float | None = column("VADER share of negative words", "0–1")
    sentiment_reason: str | None = column("why the sentiment is NULL")


@dataclass(frozen=True, slots=True)
class TextEmbeddingRow(Row):
    """What a trusted segment of speech, or a caption, means to a model of many languages, and how positive it is."""

    table: ClassVar[str] = "text_embeddings"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "channel", "part")

    clip_id: str = column("the clip")
    channel: str = column("speech or caption")
    part: int = column("the segment of the speech; 0 for the caption")
    language: str | None = column("language of the text; of a caption, the one that the platform states", "ISO 639-1")
    word_count: int = column("words, without hashtags, mentions and URLs", "count")
    model: str = column("the model of meaning")
    embedding: tuple[float, ...] | None = column("384 numbers of length 1: their dot product is the similarity")
    reason: str | None = column("why `embedding` and `sentiment` are NULL")
    sentiment: float | None = column("what people would say of the text, predicted from `embedding`", "-1–1")
    sentiment_model: str = column("the head that predicts it")
    sentiment_measured: str = column(
        "what the head was compared with in this language: ratings (of people), signs (of easy sentences), or never"
    )


@dataclass(frozen=True, slots=True)
class SegmentSentimentRow(Row):
    """What the words of one segment say by themselves, as `text_features` has it of a whole clip."""

    table: ClassVar[str] = "segment_sentiment"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "segment")

    clip_id: str = column("the clip")
    segment: int = column("number of the segment in the clip, from 0")
    word_count: int = column("words", "count")
    sentiment: float | None = column("VADER compound score of the words (Hutto and Gilbert 2014)", "-1–1")
    sentiment_reason: str | None = column("why the sentiment is NULL")
