"""Perceived tone of each speech region: how it sounds to a model, and why there is no score where there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from pipeline.analysis.heads import reference as study_reference
from pipeline.analysis.heads.head import identity
from pipeline.analysis.heads.head import load as load_head
from pipeline.analysis.heads.reference import StudyReference, against_study
from pipeline.analysis.heads.study_heads import head_folder, is_head
from pipeline.analysis.heads.tone import HeadTone
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.dimensions import OdysseyTone
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.analysis.tone.model import IemocapTone, ToneModel
from pipeline.analysis.tone.tone import Tone
from pipeline.analysis.tone.wordless import event_reason, spoken_regions
from pipeline.errors import Reason, StageError
from pipeline.media.audio import SAMPLE_RATE, read_audio
from pipeline.records import (
    Clip,
    Decibels,
    EmotionRow,
    Row,
    Seconds,
    SegmentTrustRow,
    SpeechEmbeddingRow,
    SpeechRegionRow,
    TranscriptRow,
    VocalEventRow,
    WordRow,
)
from pipeline.stage import Options, Result, Setting, Stage
from pipeline.study.folder import REFERENCE_FILE

#: What builds a tone model from its folder; the key is the model's name in the catalogue.
TONE_MODELS: dict[str, type[ToneModel]] = {
    "starter": HeadTone,
    "speechbrain-iemocap": IemocapTone,
    "odyssey-dimensions": OdysseyTone,
}

SCORED, NO_EVIDENCE = "scored", "no_evidence"  # `emotions.status`
REFERENCE = "reference"  # among the models of a run: what its voices are read against
NO_TONE = Tone(label=None, probability=None, probabilities=None)

Features = dict[int, NDArray[np.float32]]  # what a model reads, by number of the region


class EmotionOptions(Options):
    """Which models score tone, and how much evidence a region must give."""

    models: tuple[str, ...] = Field(
        ("starter",),
        min_length=1,
        description=f"tone models, each with its own rows: {', '.join(TONE_MODELS)}, or heads/NAME for one of your own",
    )
    min_region_s: Seconds = Field(Gate.min_region_s, ge=0.1, description="shorter speech regions are not scored (s)")
    min_level_dbfs: Decibels = Field(
        Gate.min_level_dbfs, le=0.0, description="quieter speech regions are not scored (dBFS)"
    )
    min_speech_probability: float = Field(
        Gate.min_speech_probability,
        ge=0.0,
        le=1.0,
        description="mean probability of voice activity below which a region is not scored",
    )
    max_clipping_share: float = Field(
        Gate.max_clipping_share, ge=0.0, le=1.0, description="regions with more samples at full scale are not scored"
    )
    music_threshold: float = Field(
        Gate.music_threshold,
        ge=0.0,
        le=1.0,
        description="score from which music, or singing, may cover a voice",
    )
    music_ratio: float = Field(
        Gate.music_ratio,
        ge=0.0,
        description="a region is not scored when music, or singing, also scores this many times as high as speech",
    )
    min_snr_db: Decibels = Field(
        Gate.min_snr_db, description="signal to noise below which a region is not scored (dB); -10 scores them all"
    )
    max_overlap_probability: float = Field(
        Gate.max_overlap_probability,
        ge=0.0,
        le=1.0,
        description="probability of several voices at once above which a region is not scored; 1 scores them all",
    )

    needs_words: bool = Field(
        True,
        description="a clip in which no word is trusted has no tone; false scores it all the same, as for languages "
        "that the recogniser does not know",
    )

    @property
    def gate(self) -> Gate:
        """The rule that these options make."""
        return Gate(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Gate)})

    @field_validator("models")
    @classmethod
    def _known_tone_models(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in TONE_MODELS and not is_head(name)]
        if unknown:
            known = f"{', '.join(TONE_MODELS)}, and heads/NAME for what `cliptone train-head` trained"
            raise ValueError(f"no tone model is called {', '.join(unknown)}; there are: {known}")
        if len(set(names)) < len(names):
            raise ValueError("a tone model is named twice")
        return names


class Emotion(Stage):
    """Speech regions to rows of perceived tone, one a region and model."""

    name: ClassVar[str] = "emotion"
    version: ClassVar[int] = 4
    tables: ClassVar[tuple[type[Row], ...]] = (EmotionRow,)
    needs: ClassVar[tuple[str, ...]] = ("audio", "evidence", "transcribe", "embed")
    Options: ClassVar[type[Options]] = EmotionOptions
    options: EmotionOptions

    def __init__(self, options: EmotionOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self._models = {name: _tone_model_class(name)(_tone_model_folder(name, setting)) for name in options.models}
        self._references = self._read_against_study(setting)

    @classmethod
    def models(cls, options: EmotionOptions, setting: Setting) -> tuple[str, ...]:
        """The chosen tone models, the study's own heads apart."""
        return tuple(name for name in options.models if not is_head(name))

    @classmethod
    def own_models(cls, options: EmotionOptions, setting: Setting) -> dict[str, str]:
        """The chosen heads of the study; `ModelMissing` for one that is not trained."""
        own = {name: identity(head_folder(name, setting.heads_folder)) for name in options.models if is_head(name)}
        taken = _reference(setting)
        shipped = _shipped_heads(options)
        if taken is None or not shipped:
            return own
        for name in shipped:  # a reference that they cannot use stops a run before its first clip
            against_study(load_head(_tone_model_folder(name, setting)), taken)
        return {**own, REFERENCE: study_reference.digest(_reference_file(setting))}

    @classmethod
    def reads_audio(cls, options: EmotionOptions) -> bool:
        """Whether a chosen model scores waveforms; the others score stored embeddings."""
        return any(_tone_model_class(name).reads == "waveform" for name in options.models)

    @classmethod
    def libraries(cls, options: EmotionOptions, setting: Setting) -> dict[str, str]:
        """Versions of what the chosen tone models run on."""
        packages = sorted({package for name in options.models for package in _tone_model_class(name).packages})
        return {package: version(package) for package in packages}

    def _read_against_study(self, setting: Setting) -> dict[str, str]:
        """Let shipped heads read voices against the study, where it has a reference; returns what each reads against.

        A head of the study's own is trained on its voices, so it needs none.
        """
        found, against = _reference(setting), {}
        for name in _shipped_heads(self.options):
            model = self._models[name]
            if found is None or not isinstance(model, HeadTone):
                against[name] = study_reference.TRAINING
            else:
                model.read_against(found)
                against[name] = study_reference.digest(_reference_file(setting))[: study_reference.DIGEST_LENGTH]
        return against

    def one(self, clip: Clip) -> Result:
        """Score every region with every model; a clip without speech gives no rows."""
        regions = clip.rows(SpeechRegionRow)
        reasons = self._reasons(clip, regions)
        evident = [region for region in regions if reasons[region.region] is None]
        rows: list[EmotionRow] = []
        for name, model in self._models.items():
            try:
                listens = model.reads == "waveform"
                features = _waveforms(clip, evident) if listens else _embeddings(clip, evident, name, model.encoder)
            except StageError as error:
                return error
            for region in regions:
                found = features.get(region.region)
                if found is None:  # the embed stage leaves out only what is too short
                    reason = reasons[region.region] or Reason.TOO_SHORT
                    rows.append(_emotion_row(region, name, NO_TONE, self._references.get(name), reason))
                else:
                    rows.append(_emotion_row(region, name, model.score(found), self._references.get(name)))
        return rows

    def _reasons(self, clip: Clip, regions: Sequence[SpeechRegionRow]) -> dict[int, Reason | None]:
        """Why each region has no tone, by its number; None where it can be scored.

        Laughter is named before all else, and that nobody in the clip says a word after it.
        """
        overlap = {row.region: row.overlap_probability for row in clip.rows(SpeechEmbeddingRow)}
        spoken = spoken_regions(clip.rows(WordRow), clip.rows(SegmentTrustRow))
        events = clip.rows(VocalEventRow)
        last: Reason | None = None
        if self.options.needs_words and clip.rows(TranscriptRow) and not spoken:
            last = Reason.LOW_TRUST if clip.rows(WordRow) else Reason.VOICE_WITHOUT_WORDS
        reasons: dict[int, Reason | None] = {}
        for region in regions:
            wordless = None if region.region in spoken else event_reason(region, events)
            obstacle = wordless or self.options.gate.obstacle(region, overlap.get(region.region))
            reasons[region.region] = obstacle or last
        return reasons


def _shipped_heads(options: EmotionOptions) -> list[str]:
    """The chosen models that score embeddings and were not trained on the study."""
    return [name for name in options.models if not is_head(name) and TONE_MODELS[name].reads == "embedding"]


def _reference_file(setting: Setting) -> Path:
    return (setting.heads_folder or Path()) / REFERENCE_FILE


def _reference(setting: Setting) -> StudyReference | None:
    """The study's reference; None where none was taken. `ModelCorrupt` for one that shipped heads cannot use."""
    path = _reference_file(setting)
    return study_reference.load(path) if setting.heads_folder and path.is_file() else None


def _tone_model_class(name: str) -> type[ToneModel]:
    return HeadTone if is_head(name) else TONE_MODELS[name]


def _tone_model_folder(name: str, setting: Setting) -> Path:
    return head_folder(name, setting.heads_folder) if is_head(name) else model_cache.locate(name, setting.models_folder)


def _embeddings(clip: Clip, regions: Sequence[SpeechRegionRow], model: str, encoder: str | None) -> Features:
    """Stored embeddings `(dims,)` of regions; one that was too short for the encoder is left out."""
    stored = {row.region: row for row in clip.rows(SpeechEmbeddingRow) if row.encoder == encoder}
    missing = [region.region for region in regions if region.region not in stored]
    if missing:
        remedy = "train it again on its labels" if is_head(model) else "run the stage embed with that encoder"
        raise StageError(
            Reason.INTERNAL_ERROR,
            f"{clip.clip_id} has no embedding by {encoder} of region {missing[0]}, which the tone model "
            f"{model} reads: {remedy}",
        )
    found = {region.region: stored[region.region].embedding for region in regions}
    return {number: np.asarray(values, dtype=np.float32) for number, values in found.items() if values is not None}


def _waveforms(clip: Clip, regions: Sequence[SpeechRegionRow]) -> Features:
    """Waveforms `(time,)` of regions, cut out of the clip's audio."""
    if not regions:
        return {}
    try:
        waveform = read_audio(clip.audio_path)
    except FileNotFoundError as error:
        raise StageError(
            Reason.FILE_MISSING, f"the audio of {clip.clip_id} is gone: run the stage audio again"
        ) from error
    return {
        region.region: waveform[round(region.start_s * SAMPLE_RATE) : round(region.end_s * SAMPLE_RATE)]
        for region in regions
    }


def _emotion_row(
    region: SpeechRegionRow, model: str, tone: Tone, reference: str | None, reason: Reason | None = None
) -> EmotionRow:
    return EmotionRow(
        clip_id=region.clip_id,
        region=region.region,
        model=model,
        label=tone.label,
        probability=tone.probability,
        probabilities=tone.probabilities,
        label_set=tone.prediction_set,
        arousal=tone.arousal,
        valence=tone.valence,
        dominance=tone.dominance,
        status=SCORED if reason is None else NO_EVIDENCE,
        reason=reason,
        reference=reference,
        novelty=tone.novelty,
    )
