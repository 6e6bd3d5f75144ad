"""How speech regions sound, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pipeline.records.row import Row, column


@dataclass(frozen=True, slots=True)
class SpeechEmbeddingRow(Row):
    """What a speech encoder knows of one speech region, pooled over time."""

    table: ClassVar[str] = "speech_embeddings"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region", "encoder")

    clip_id: str = column("the clip")
    region: int = column("the speech region")
    encoder: str = column("the encoder, the block, and how it was pooled")
    embedding: tuple[float, ...] | None = column("mean over all frames, then over the louder ones; NULL if too short")
    reason: str | None = column("why `embedding` is NULL")
    overlap_probability: float | None = column(
        "probability that several voices speak at once, as if that were as frequent as one voice; NULL if too short or "
        "for an encoder that the detector does not know",
        "0–1",
        default=None,
    )


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
    reference: str | None = column(
        "what a shipped head read the voice against: `training`, or the first digits of the digest of the study's own "
        "reference; NULL for other models and for scores of earlier versions",
        default=None,
    )
    novelty: float | None = column(
        "share of the model's training speech that lies nearer to its middle than this voice: from 0.99 on the voice "
        "is unlike what the model knows, and `label_set` holds every label; NULL for models that do not measure it",
        "0–1",
        default=None,
    )
