"""What passes between stages and what is stored: rows that carry their meaning and unit, `Clip` and `Outcome`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

Seconds = float
Decibels = float
Hertz = float

RowT = TypeVar("RowT", bound="Row")


def column(doc: str, unit: str = "", **kwargs: Any) -> Any:
    """A field of a row: `doc` and `unit` become the column's comment and its line in the codebook."""
    return dataclasses.field(metadata={"doc": doc, "unit": unit}, **kwargs)


class Row:
    """One row of a table; a subclass is a frozen dataclass that names its table and its grain."""

    __slots__ = ()
    table: ClassVar[str]
    grain: ClassVar[tuple[str, ...]]

    @classmethod
    def columns(cls) -> tuple[dataclasses.Field[Any], ...]:
        """The columns in order, each with `metadata["doc"]` and `metadata["unit"]`."""
        return dataclasses.fields(cls)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the study


@dataclass(frozen=True, slots=True)
class ClipRow(Row):
    """One post: where it comes from and what its author wrote."""

    table: ClassVar[str] = "clips"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("platform and post id, always text (`tiktok:73…`), or `file:` and the path of a local file")
    platform: str = column("tiktok, instagram, youtube, another site's name, or file")
    url: str | None = column("address of the post, with the author's handle removed when pseudonymised")
    caption: str | None = column("what the author wrote beside the video")
    hashtags: tuple[str, ...] = column("hashtags of the caption, lower case, without #")
    mentions: tuple[str, ...] = column("accounts named in the caption, as pseudonyms unless the study says otherwise")
    posted_at: datetime | None = column("when it was posted", "UTC")
    posted_precision: str | None = column("how exactly `posted_at` is known: second or day")
    declared_duration_s: Seconds | None = column("duration that the platform or the sidecar states", "s")
    sound_id: str | None = column("the platform's id of the sound under the video")
    sound_title: str | None = column("title of that sound")
    sound_artist: str | None = column("artist of that sound")
    author_key: str | None = column(
        "pseudonym of the author (keyed HMAC-SHA256), or the id itself if the study says so"
    )
    metadata_source: str | None = column(
        "where these fields come from: csv, info_json, yt_dlp or the format of an export"
    )


@dataclass(frozen=True, slots=True)
class ObservationRow(Row):
    """Counts of one post at one time; NULL where the source does not state a count."""

    table: ClassVar[str] = "observations"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "counted_at", "count_source")

    clip_id: str = column("the post")
    counted_at: datetime | None = column("when the counts were read; NULL where the source does not say", "UTC")
    count_source: str = column("where the counts come from: csv, info_json, yt_dlp or the format of an export")
    views: int | None = column("views or plays", "count")
    likes: int | None = column("likes", "count")
    comments: int | None = column("comments", "count")
    shares: int | None = column("shares or reposts", "count")
    saves: int | None = column("saves or bookmarks", "count")


# ---------------------------------------------------------------- the stages


@dataclass(frozen=True, slots=True)
class MediaRow(Row):
    """The media file of a clip."""

    table: ClassVar[str] = "media"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    sha256: str = column("digest of the file's bytes")
    size_bytes: int = column("size of the file", "bytes")
    file_name: str = column("name of the file, without its folder")
    format_id: str | None = column("the format that yt-dlp took, NULL for a local file")
    extractor: str | None = column("the yt-dlp extractor that found it, NULL for a local file")


@dataclass(frozen=True, slots=True)
class AudioRow(Row):
    """The audio track of a clip, as decoded to mono 16 kHz."""

    table: ClassVar[str] = "audio"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    container: str = column("container format, as libavformat names it")
    video_codec: str | None = column("codec of the first video stream, NULL without one")
    width: int | None = column("width of the picture", "px")
    height: int | None = column("height of the picture", "px")
    audio_codec: str = column("codec of the first audio stream")
    source_sample_rate: int = column("sample rate before conversion", "Hz")
    source_channels: int = column("channels before the mix to mono", "count")
    duration_s: Seconds = column("length of the decoded audio", "s")
    container_duration_s: Seconds | None = column("length that the container states", "s")
    decoded_ratio: float | None = column("decoded length over stated length; below 0.98 some audio was lost", "0–1")
    loudness_lufs: float | None = column("integrated loudness (EBU R128); NULL below the gate of -70 LUFS", "LUFS")
    true_peak_dbtp: float | None = column("true peak (EBU R128 annex 2); NULL for digital silence", "dBTP")
    clipping_share: float = column("share of samples at full scale", "0–1")


@dataclass(frozen=True, slots=True)
class EvidenceRow(Row):
    """How much of a clip is speech and music: whether there is something to score at all."""

    table: ClassVar[str] = "evidence"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    speech_s: Seconds = column("time inside speech regions", "s")
    speech_share: float = column("`speech_s` over the clip's duration", "0–1")
    music_share: float | None = column(
        "share of the clip in which the tagger hears music, singing or rapping; NULL without a tagger", "0–1"
    )
    music_reason: str | None = column("why `music_share` is NULL")
    snr_db: Decibels | None = column(
        "power of speech regions over the median power of the rest; NULL without both", "dB"
    )
    tagger: str | None = column("the model behind `sound_tags`, NULL without one")


@dataclass(frozen=True, slots=True)
class SpeechRegionRow(Row):
    """One stretch of speech (voice activity), short enough for a tone model."""

    table: ClassVar[str] = "speech_regions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region")

    clip_id: str = column("the clip")
    region: int = column("number of the region in the clip, from 0")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    level_dbfs: Decibels | None = column("root mean square level; NULL for digital silence", "dBFS")
    speech_score: float | None = column("mean score of speech sounds by the tagger; NULL without one", "0–1")
    music_score: float | None = column(
        "mean score of music, singing and rapping by the tagger; NULL without one", "0–1"
    )


@dataclass(frozen=True, slots=True)
class SoundTagRow(Row):
    """One sound class that the tagger hears in a clip."""

    table: ClassVar[str] = "sound_tags"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "tag")

    clip_id: str = column("the clip")
    tag: str = column("AudioSet class")
    mean_score: float = column("mean score over the clip's windows", "0–1")
    max_score: float = column("highest score of a window", "0–1")
    max_at_s: Seconds = column("start of the window with the highest score", "s")


@dataclass(frozen=True, slots=True)
class TranscriptRow(Row):
    """What was said in a clip, as one text; NULL with a reason where nothing was."""

    table: ClassVar[str] = "transcripts"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    text: str | None = column("the transcript; NULL without speech")
    reason: str | None = column("why `text` is NULL")
    language: str | None = column("language of the speech", "ISO 639-1")
    language_probability: float | None = column("Whisper's probability of that language", "0–1")
    engine: str = column("speech engine: ctranslate2 or openai-whisper")
    model: str = column("Whisper weights")


@dataclass(frozen=True, slots=True)
class SegmentRow(Row):
    """One phrase as Whisper divides speech, with Whisper's own confidences."""

    table: ClassVar[str] = "segments"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "segment")

    clip_id: str = column("the clip")
    segment: int = column("number of the segment in the clip, from 0")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    text: str = column("the words")
    avg_logprob: float = column("mean log probability of the tokens", "ln")
    no_speech_prob: float = column("Whisper's probability that the window holds no speech", "0–1")
    compression_ratio: float = column("length over gzip length of the text; above 2.4 it repeats itself", "ratio")
    temperature: float = column("sampling temperature that gave this text; 0 is greedy or beam", "")


@dataclass(frozen=True, slots=True)
class WordRow(Row):
    """One word with its time."""

    table: ClassVar[str] = "words"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "word_index")

    clip_id: str = column("the clip")
    word_index: int = column("number of the word in the clip, from 0")
    segment: int = column("the segment it belongs to")
    word: str = column("the word with its punctuation, without surrounding space")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    probability: float = column("mean probability of the word's tokens", "0–1")


@dataclass(frozen=True, slots=True)
class SpeechEmbeddingRow(Row):
    """What a speech encoder knows of one speech region, pooled over time."""

    table: ClassVar[str] = "speech_embeddings"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region", "encoder")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    encoder: str = column("the encoder and the blocks that were pooled")
    embedding: tuple[float, ...] | None = column(
        "mean and standard deviation over time, block after block; NULL if too short"
    )
    reason: str | None = column("why `embedding` is NULL")


@dataclass(frozen=True, slots=True)
class EmotionRow(Row):
    """Perceived tone of one speech region by one model: how it sounds to the model, never what a person feels."""

    table: ClassVar[str] = "emotions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region", "model")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    model: str = column("the tone model")
    label: str | None = column("most probable tone; NULL with a reason if the evidence is too thin")
    probability: float | None = column("calibrated probability of `label`", "0–1")
    probabilities: Mapping[str, float] | None = column("probability of each label", "0–1")
    arousal: float | None = column("perceived arousal where the model gives it", "0–1")
    valence: float | None = column("perceived valence where the model gives it", "0–1")
    dominance: float | None = column("perceived dominance where the model gives it", "0–1")
    status: str = column("scored or no_evidence")
    reason: str | None = column("why there is no score")


@dataclass(frozen=True, slots=True)
class AcousticsRow(Row):
    """Measured sound of one speech region, by Praat's algorithms."""

    table: ClassVar[str] = "acoustics"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    f0_median_hz: Hertz | None = column("median fundamental frequency of voiced frames", "Hz")
    f0_p10_hz: Hertz | None = column("10th percentile of fundamental frequency", "Hz")
    f0_p90_hz: Hertz | None = column("90th percentile of fundamental frequency", "Hz")
    f0_sd_semitones: float | None = column("standard deviation of fundamental frequency", "semitones")
    f0_range_semitones: float | None = column("distance from 10th to 90th percentile", "semitones")
    voiced_share: float | None = column("share of frames with a pitch", "0–1")
    intensity_mean_db: Decibels | None = column("mean intensity, relative to digital full scale in Praat's units", "dB")
    intensity_sd_db: Decibels | None = column("standard deviation of intensity", "dB")
    jitter_local: float | None = column("cycle-to-cycle change of period", "ratio")
    shimmer_local: float | None = column("cycle-to-cycle change of amplitude", "ratio")
    hnr_db: Decibels | None = column("mean harmonics-to-noise ratio of voiced frames", "dB")
    syllable_rate_hz: Hertz | None = column("syllable nuclei per second of region (de Jong and Wempe 2009)", "1/s")
    articulation_rate_hz: Hertz | None = column("syllable nuclei per second without pauses", "1/s")
    pause_count: int | None = column("silences of at least 0.3 s inside the region", "count")
    pause_share: float | None = column("share of the region inside such pauses", "0–1")
    mfcc_mean: tuple[float, ...] | None = column("mean of Praat's MFCC 1 to 12 over frames", "")
    mfcc_sd: tuple[float, ...] | None = column("standard deviation of Praat's MFCC 1 to 12 over frames", "")
    reason: str | None = column("why pitch, voice quality and syllables are NULL: too_short or unvoiced")


@dataclass(frozen=True, slots=True)
class TextFeaturesRow(Row):
    """What the words of one channel say by themselves; speech and caption are kept apart."""

    table: ClassVar[str] = "text_features"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "channel")

    clip_id: str = column("the clip")
    channel: str = column("speech or caption")
    language: str | None = column("language of the text", "ISO 639-1")
    word_count: int = column("words, without hashtags, mentions and addresses", "count")
    character_count: int = column("characters as a reader counts them (grapheme clusters)", "count")
    emoji: tuple[str, ...] = column("emoji in order of appearance")
    hashtag_count: int = column("hashtags", "count")
    mention_count: int = column("accounts named with @", "count")
    sentiment: float | None = column("VADER compound score of the words (Hutto and Gilbert 2014)", "-1–1")
    sentiment_positive: float | None = column("VADER share of positive words", "0–1")
    sentiment_neutral: float | None = column("VADER share of neutral words", "0–1")
    sentiment_negative: float | None = column("VADER share of negative words", "0–1")
    sentiment_reason: str | None = column("why the sentiment is NULL")


# ---------------------------------------------------------------- what passes between them


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of a clip come from: a local file or an address."""

    kind: str  # "file" or "url"
    location: str  # absolute path, or the address
    stamp: str  # changes when the content does: size and time of a file, "" for an address


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip on its way through the stages, with the rows that earlier stages stored."""

    clip_id: str
    source: Source
    media_path: Path | None  # the media file once it is there
    audio_path: Path  # mono 16 kHz 16-bit WAV, there once the audio stage has passed
    declared_duration_s: Seconds | None = None
    caption: str | None = None
    stored: Mapping[str, Sequence[Row]] = dataclasses.field(default_factory=dict)

    def rows(self, kind: type[RowT]) -> tuple[RowT, ...]:
        """The stored rows of one table, in the order of their grain; empty if there are none."""
        return tuple(row for row in self.stored.get(kind.table, ()) if isinstance(row, kind))

    def row(self, kind: type[RowT]) -> RowT:
        """The only stored row of a table with one row a clip; `LookupError` without one."""
        found = self.rows(kind)
        if len(found) != 1:
            raise LookupError(f"{self.clip_id} has {len(found)} rows in {kind.table}, expected one")
        return found[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage says of one clip: rows, or a failure with its reason."""

    clip_id: str
    rows: tuple[Row, ...] = ()
    reason: str | None = None  # None when the stage passed
    message: str | None = None
    seconds: Seconds = 0.0  # processing time, set by the executor
    trace: str | None = None  # of an internal error

    @property
    def ok(self) -> bool:
        """True when the stage passed, with or without rows."""
        return self.reason is None
