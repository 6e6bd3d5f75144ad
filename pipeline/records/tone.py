"""How speech regions sound, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pipeline.records.row import Decibels, Hertz, Row, column


@dataclass(frozen=True, slots=True)
class SpeechEmbeddingRow(Row):
    """What a speech encoder knows of one speech region, pooled over time."""

    table: ClassVar[str] = "speech_embeddings"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region", "encoder")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    encoder: str = column("the encoder, the blocks and the statistics that were pooled")
    embedding: tuple[float, ...] | None = column(
        "mean over all frames, then over the louder ones, block after block; NULL if too short"
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
    label_set: tuple[str, ...] | None = column(
        "labels that cannot be ruled out at the coverage that the model states, likeliest first: with other than one "
        "label the model is unsure; NULL for models without a conformal threshold"
    )
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
