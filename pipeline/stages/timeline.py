"""Stage `timeline`: how perceived tone moves inside each speech region, by a model that labels every 20 ms."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

from pydantic import Field, field_validator

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.diarization import TIMELINE_MODELS, EmotionTurn, TimelineModel
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import Reason
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.records import Clip, EmotionSpanRow, Seconds, SpeechEmbeddingRow, SpeechRegionRow
from pipeline.stage import Options, Result, Setting, Stage

SCORED, NO_EVIDENCE = "scored", "no_evidence"  # `emotion_spans.status`


class TimelineOptions(Options):
    """Which models follow tone over time."""

    models: tuple[str, ...] = Field(
        (),
        examples=[["speechbrain-timeline"]],
        description=f"models of tone over time: {', '.join(TIMELINE_MODELS)}; none unless you name one, for each must "
        "be fetched from the model hub (1.3 GB)",
    )

    @field_validator("models")
    @classmethod
    def _known_timeline_models(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in TIMELINE_MODELS]
        if unknown:
            raise ValueError(
                f"no model of tone over time is called {', '.join(unknown)}; there are: {', '.join(TIMELINE_MODELS)}"
            )
        if len(set(names)) < len(names):
            raise ValueError("a model is named twice")
        return names


class Timeline(Stage):
    """Speech regions to spans of one tone; a region with too little evidence is one span with the reason."""

    name: ClassVar[str] = "timeline"
    version: ClassVar[int] = 2
    tables = (EmotionSpanRow,)
    needs = ("audio", "evidence", "embed")
    Options = TimelineOptions
    options: TimelineOptions

    def __init__(self, options: TimelineOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self._gate = Gate()
        self._models = [
            TIMELINE_MODELS[name](model_cache.locate(name, setting.models_folder)) for name in options.models
        ]

    @classmethod
    def models(cls, options: TimelineOptions, setting: Setting) -> tuple[str, ...]:
        """The chosen models."""
        return options.models

    @classmethod
    def reads_audio(cls, options: TimelineOptions) -> bool:
        """Whether a model is chosen."""
        return bool(options.models)

    @classmethod
    def libraries(cls, options: TimelineOptions, setting: Setting) -> dict[str, str]:
        """Versions of what the chosen models run on."""
        packages = sorted({package for name in options.models for package in TIMELINE_MODELS[name].packages})
        return {package: version(package) for package in packages}

    def one(self, clip: Clip) -> Result:
        """The spans of one clip by each model, in order of time."""
        regions = clip.rows(SpeechRegionRow)
        if not regions or not self._models:
            return []
        waveform = read_audio(clip.audio_path)
        overlap = {row.region: row.overlap_probability for row in clip.rows(SpeechEmbeddingRow)}
        reasons = {region.region: self._gate.obstacle(region, overlap.get(region.region)) for region in regions}
        return [row for model in self._models for row in self._span_rows(model, regions, reasons, waveform)]

    def _span_rows(
        self,
        model: TimelineModel,
        regions: tuple[SpeechRegionRow, ...],
        reasons: dict[int, Reason | None],
        waveform: Waveform,
    ) -> list[EmotionSpanRow]:
        rows: list[EmotionSpanRow] = []
        for region in regions:
            reason = reasons[region.region]
            if reason is not None:
                rows.append(_span_row(region, model.name, len(rows), None, reason))
                continue
            speech = waveform[round(region.start_s * SAMPLE_RATE) : round(region.end_s * SAMPLE_RATE)]
            for span in model.spans(speech):
                rows.append(_span_row(region, model.name, len(rows), span, None))
        return rows


def _span_row(
    region: SpeechRegionRow, model: str, number: int, span: EmotionTurn | None, reason: Reason | None
) -> EmotionSpanRow:
    """A span in the time of the clip, never beyond its region; without one, the whole region and the reason."""
    length_s: Seconds = region.end_s - region.start_s
    return EmotionSpanRow(
        clip_id=region.clip_id,
        model=model,
        span=number,
        region=region.region,
        start_s=region.start_s + (span.start_s if span else 0.0),
        end_s=region.start_s + (min(span.end_s, length_s) if span else length_s),
        label=span.label if span else None,
        probability=span.probability if span else None,
        status=SCORED if span else NO_EVIDENCE,
        reason=reason.value if reason else None,
    )
