"""How a voice sounds by measurement, tone over time, emphasis of words, and mentions, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pipeline.records.row import Decibels, Hertz, Row, Seconds, column


@dataclass(frozen=True, slots=True)
class AcousticsRow(Row):
    """Measured pitch, intensity, voice quality and rhythm of one speech region, by Praat's algorithms.

    Those marked eGeMAPS follow a definition of Eyben et al. (2016), IEEE Trans. Affective Computing 7(2): 190-202, on
    Praat's contours; they are near openSMILE's numbers, not the same.
    """

    table: ClassVar[str] = "acoustics"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    f0_median_hz: Hertz | None = column("median fundamental frequency of voiced frames", "Hz", default=None)
    f0_p10_hz: Hertz | None = column("10th percentile of fundamental frequency", "Hz", default=None)
    f0_p20_hz: Hertz | None = column("20th percentile of fundamental frequency (eGeMAPS)", "Hz", default=None)
    f0_p80_hz: Hertz | None = column("80th percentile of fundamental frequency (eGeMAPS)", "Hz", default=None)
    f0_p90_hz: Hertz | None = column("90th percentile of fundamental frequency", "Hz", default=None)
    f0_sd_semitones: float | None = column("standard deviation of fundamental frequency", "semitones", default=None)
    f0_range_semitones: float | None = column("distance from 10th to 90th percentile", "semitones", default=None)
    f0_rising_semitones_per_s: float | None = column(
        "mean slope of fundamental frequency where it rises (eGeMAPS); NULL if it never does",
        "semitones/s",
        default=None,
    )
    f0_falling_semitones_per_s: float | None = column(
        "mean slope of fundamental frequency where it falls (eGeMAPS), negative; NULL if it never does",
        "semitones/s",
        default=None,
    )
    voiced_share: float | None = column("share of frames with a pitch", "0–1", default=None)
    voiced_stretches_hz: Hertz | None = column("voiced stretches per second (eGeMAPS)", "1/s", default=None)
    voiced_mean_s: Seconds | None = column("mean length of voiced stretches (eGeMAPS)", "s", default=None)
    unvoiced_mean_s: Seconds | None = column(
        "mean length of unvoiced stretches, pauses among them (eGeMAPS); NULL without one", "s", default=None
    )
    intensity_mean_db: Decibels | None = column(
        "mean intensity, relative to digital full scale in Praat's units", "dB", default=None
    )
    intensity_sd_db: Decibels | None = column("standard deviation of intensity", "dB", default=None)
    intensity_p20_db: Decibels | None = column(
        "20th percentile of intensity; as are the next two, in place of eGeMAPS's loudness", "dB", default=None
    )
    intensity_p50_db: Decibels | None = column("median intensity", "dB", default=None)
    intensity_p80_db: Decibels | None = column("80th percentile of intensity", "dB", default=None)
    intensity_rising_db_per_s: float | None = column(
        "mean slope of intensity where it rises (eGeMAPS); NULL if it never does", "dB/s", default=None
    )
    intensity_falling_db_per_s: float | None = column(
        "mean slope of intensity where it falls (eGeMAPS), negative; NULL if it never does", "dB/s", default=None
    )
    intensity_peaks_hz: Hertz | None = column(
        "peaks of intensity after a dip of 2 dB, voiced or not, per second (eGeMAPS)", "1/s", default=None
    )
    hf500_db: Decibels | None = column(
        "energy above 500 Hz over that of 80 to 500 Hz, median of voiced frames (Bone, Lee and Narayanan 2014)",
        "dB",
        default=None,
    )
    jitter_local: float | None = column("cycle-to-cycle change of period", "ratio", default=None)
    shimmer_local: float | None = column("cycle-to-cycle change of amplitude", "ratio", default=None)
    hnr_db: Decibels | None = column("mean harmonics-to-noise ratio of voiced frames", "dB", default=None)
    syllable_rate_hz: Hertz | None = column(
        "syllable nuclei per second of region (de Jong and Wempe 2009)", "1/s", default=None
    )
    articulation_rate_hz: Hertz | None = column("syllable nuclei per second without pauses", "1/s", default=None)
    pause_count: int | None = column("silences of at least 0.3 s inside the region", "count", default=None)
    pause_share: float | None = column("share of the region inside such pauses", "0–1", default=None)
    pause_mean_s: Seconds | None = column("mean length of such pauses; NULL without one", "s", default=None)
    pause_max_s: Seconds | None = column("length of the longest such pause; NULL without one", "s", default=None)
    mfcc_mean: tuple[float, ...] | None = column(
        "mean of Praat's MFCC 1 to 12 over frames; NULL if not measured", "", default=None
    )
    mfcc_sd: tuple[float, ...] | None = column(
        "standard deviation of Praat's MFCC 1 to 12 over frames", "", default=None
    )
    reason: str | None = column("why pitch, voice quality and syllables are NULL: too_short or unvoiced", default=None)


@dataclass(frozen=True, slots=True)
class SpectralRow(Row):
    """Where the energy of a voice lies, over the voiced frames of one speech region (eGeMAPS, Eyben et al. 2016)."""

    table: ClassVar[str] = "spectral"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    alpha_ratio_db: Decibels | None = column(
        "mean of the energy of 1 to 5 kHz over that of 50 to 1000 Hz; rises with vocal effort", "dB", default=None
    )
    hammarberg_db: Decibels | None = column(
        "mean of the strongest peak of 0 to 2 kHz over that of 2 to 5 kHz (Hammarberg et al. 1980)", "dB", default=None
    )
    slope_0_500_db_per_khz: float | None = column(
        "mean slope of the log power spectrum from 0 to 500 Hz", "dB/kHz", default=None
    )
    slope_500_1500_db_per_khz: float | None = column(
        "mean slope of the log power spectrum from 500 to 1500 Hz", "dB/kHz", default=None
    )
    h1_h2_db: Decibels | None = column(
        "mean of the first harmonic over the second, not corrected for formants; breathy voices have more",
        "dB",
        default=None,
    )
    f1_hz: Hertz | None = column(
        "mean frequency of the first formant (Burg, up to 5.5 kHz); NULL as the next five where not measured",
        "Hz",
        default=None,
    )
    f2_hz: Hertz | None = column("mean frequency of the second formant", "Hz", default=None)
    f3_hz: Hertz | None = column("mean frequency of the third formant", "Hz", default=None)
    f1_bandwidth_hz: Hertz | None = column("mean bandwidth of the first formant", "Hz", default=None)
    f2_bandwidth_hz: Hertz | None = column("mean bandwidth of the second formant", "Hz", default=None)
    f3_bandwidth_hz: Hertz | None = column("mean bandwidth of the third formant", "Hz", default=None)
    reason: str | None = column("why all of these are NULL: too_short or unvoiced", default=None)


@dataclass(frozen=True, slots=True)
class OpenSmileRow(Row):
    """Measures of one speech region by openSMILE itself; none unless the option `opensmile` of acoustics asks for them.

    openSMILE's licence forbids commercial use, of these numbers too.
    """

    table: ClassVar[str] = "opensmile_features"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region", "feature_set")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    feature_set: str = column("openSMILE's set of features, such as eGeMAPSv02")
    features: Mapping[str, float] | None = column(
        "value by openSMILE's own name, as in features['loudness_sma3_amean']; what is measured over voiced or over "
        "unvoiced sound alone is left out of regions without it"
    )
    reason: str | None = column("why `features` is NULL: too_short or too_quiet")


@dataclass(frozen=True, slots=True)
class EmotionSpanRow(Row):
    """A stretch of one speech region in which a model hears one tone throughout; none without a model of the hub."""

    table: ClassVar[str] = "emotion_spans"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "model", "span")

    clip_id: str = column("the clip")
    model: str = column("the model of tone over time")
    span: int = column("number of the span in the clip for this model, from 0")
    region: int = column("the speech region it lies in")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    label: str | None = column("perceived tone; NULL with a reason if the evidence is too thin")
    probability: float | None = column("mean probability of `label` over the frames of the span", "0–1")
    status: str = column("scored or no_evidence")
    reason: str | None = column("why there is no tone")


@dataclass(frozen=True, slots=True)
class WordEmphasisRow(Row):
    """How a word stands out from the other words of its clip, by intensity, pitch and length (Suni et al. 2017)."""

    table: ClassVar[str] = "word_emphasis"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "word_index")

    clip_id: str = column("the clip")
    word_index: int = column("the word")
    segment: int = column("the segment it belongs to")
    intensity_peak_db: Decibels | None = column(
        "highest intensity in the word less the median of all frames in words; NULL for silence", "dB"
    )
    f0_peak_semitones: float | None = column(
        "highest fundamental frequency in the word above the clip's median in words; NULL where unvoiced", "semitones"
    )
    duration_z: float | None = column(
        "length beyond that of words of as many letters in the clip, standardised over it; NULL below 5 words", "sd"
    )
    emphasis: float | None = column(
        "mean of the three, each standardised over the clip's words: a rank, no probability; NULL below 5 words", "sd"
    )
    is_strongest: bool | None = column(
        "whether it has the highest emphasis of its segment; NULL if that has fewer than 2 words with one"
    )
    reason: str | None = column("why `f0_peak_semitones` is NULL: too_short, too_quiet or unvoiced")


@dataclass(frozen=True, slots=True)
class MentionRow(Row):
    """One place where a term of the study's lexicon is said or written."""

    table: ClassVar[str] = "mentions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "mention")

    clip_id: str = column("the clip")
    mention: int = column("number of the mention in the clip, from 0; those in speech come first")
    channel: str = column("speech or caption")
    label: str = column("what the lexicon calls it, such as a brand or topic")
    term: str = column("the term or regular expression of the lexicon")
    matched: str = column("the words as they stand in the text")
    start_s: Seconds | None = column("start of its first word in the clip; NULL in a caption", "s")
    end_s: Seconds | None = column("end of its last word in the clip; NULL in a caption", "s")
    word_index: int | None = column("its first word; NULL in a caption")
    language: str | None = column("language of the text; NULL if not known", "ISO 639-1")
