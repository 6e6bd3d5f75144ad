"""Stage `transcribe`: what was said, as text, segments and words, from the speech of a clip alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from pipeline import media
from pipeline.errors import Reason
from pipeline.media import SAMPLE_RATE
from pipeline.records import Clip, Row, Seconds, SegmentRow, SegmentTrustRow, SpeechRegionRow, TranscriptRow, WordRow
from pipeline.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.speech.engine import LANGUAGES, Decoding, Language, SpeechEngine
from pipeline.speech.openai_engine import OpenAIEngine
from pipeline.speech.spans import Heard, joined_text, recognise, spans_of
from pipeline.speech.trust import MIN_TRUST, Parts, parts_of
from pipeline.stage import Options, Result, Setting, Stage

FULL_S: Seconds = 30.0  # the window that Whisper was trained on
#: Chosen with `python -m pipeline.bench.padding --half choose`.
PADDING_S: Seconds = 10.0
ENGINES: dict[str, type[SpeechEngine]] = {"ctranslate2": CTranslate2Engine, "openai-whisper": OpenAIEngine}


class TranscribeOptions(Options):
    """How speech is recognised."""

    engine: Literal["ctranslate2", "openai-whisper"] = Field(
        "ctranslate2", description="ctranslate2 (fast) or openai-whisper (the reference, several times slower)"
    )
    model: Literal["whisper-base", "whisper-small"] = Field(
        "whisper-base", description="Whisper weights: whisper-base, or whisper-small (slower, more accurate)"
    )
    compute_type: Literal["int8", "float32"] = Field(
        "int8", description="arithmetic of ctranslate2: int8 (fast) or float32; openai-whisper is always float32"
    )
    beam_size: int = Field(5, ge=1, le=10, description="beams in decoding; 1 is greedy and a little faster")
    padding_s: Seconds = Field(
        PADDING_S,
        ge=6,
        le=FULL_S,
        description="ctranslate2: silence kept after speech, in seconds; 30 is Whisper's own",
    )
    language: str | None = Field(None, description="code of the language (en, es …) if all clips share it; else heard")

    min_trust: float = Field(
        MIN_TRUST, ge=0, le=1, description="segments with less trust are kept, and left out of the transcript's text"
    )

    @field_validator("language")
    @classmethod
    def _known(cls, code: str | None) -> str | None:
        if code is not None and code not in LANGUAGES:
            raise ValueError(f"Whisper knows no language {code!r}; it knows {' '.join(LANGUAGES)}")
        return code


class Transcribe(Stage):
    """Recognise the words in the speech regions of a clip; silence and music are never decoded."""

    name: ClassVar[str] = "transcribe"
    version: ClassVar[int] = 3
    tables = (TranscriptRow, SegmentRow, SegmentTrustRow, WordRow)
    needs = ("audio", "evidence")
    uses_audio = True
    deadline_s = 1200.0  # the reference engine takes about half of a clip's length on a slow machine
    Options = TranscribeOptions
    options: TranscribeOptions

    def __init__(self, options: TranscribeOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        decoding = Decoding(
            beam_size=options.beam_size,
            padding_s=options.padding_s if options.padding_s < FULL_S else None,
        )
        engine = ENGINES[options.engine]
        self._engine = engine(options.model, setting.models_folder, decoding, options.compute_type)
        self._given = Language(options.language, None) if options.language else None

    def one(self, clip: Clip) -> Result:
        """Transcribe one clip; without a trusted word the text is NULL: no_speech, no_text or low_trust."""
        regions = [(region.start_s, region.end_s) for region in clip.rows(SpeechRegionRow)]
        if not regions:
            return [self._transcript(clip, None, None, Reason.NO_SPEECH)]
        waveform = media.read_audio(clip.audio_path)
        spans = spans_of(regions, waveform.size / SAMPLE_RATE)
        language, heard = recognise(self._engine, waveform, spans, self._given)
        if not heard:
            return [self._transcript(clip, None, None, Reason.NO_TEXT)]
        segments = [one.segment for one in heard]
        parts = [parts_of(one.segment, one.span, regions, one.language) for one in heard]
        trusted = [segment for segment, part in zip(segments, parts, strict=True) if self._trusts(part)]
        text = joined_text(trusted, language) if trusted else None
        return [
            self._transcript(clip, text, language, None if trusted else Reason.LOW_TRUST),
            *_rows(clip.clip_id, heard),
            *(self._trust(clip.clip_id, number, part) for number, part in enumerate(parts)),
        ]

    def _trusts(self, parts: Parts) -> bool:
        return parts.trust() >= self.options.min_trust

    def _trust(self, clip_id: str, segment: int, parts: Parts) -> SegmentTrustRow:
        found = dataclasses.asdict(parts)
        return SegmentTrustRow(clip_id, segment, trust=parts.trust(), in_text=self._trusts(parts), **found)

    def _transcript(
        self, clip: Clip, text: str | None, language: Language | None, reason: Reason | None
    ) -> TranscriptRow:
        return TranscriptRow(
            clip_id=clip.clip_id,
            text=text,
            reason=reason.value if reason else None,
            language=language.code if language else None,
            language_probability=language.probability if language else None,
            engine=self.options.engine,
            model=self.options.model,
        )

    @classmethod
    def models(cls, options: TranscribeOptions, setting: Setting) -> tuple[str, ...]:
        """The weights that the chosen engine loads."""
        return (ENGINES[options.engine].weights(options.model, setting.models_folder),)

    @classmethod
    def libraries(cls, options: TranscribeOptions, setting: Setting) -> dict[str, str]:
        """The versions behind the chosen engine."""
        return {package: version(package) for package in ENGINES[options.engine].packages}


def _rows(clip_id: str, heard: Sequence[Heard]) -> list[Row]:
    """Rows of segments and words, numbered over the clip."""
    phrases = [
        SegmentRow(
            clip_id=clip_id,
            segment=number,
            start_s=segment.start_s,
            end_s=segment.end_s,
            text=segment.text,
            avg_logprob=segment.avg_logprob,
            no_speech_prob=segment.no_speech_prob,
            compression_ratio=segment.compression_ratio,
            temperature=segment.temperature,
            language=language.code,
        )
        for number, (segment, language) in enumerate((one.segment, one.language) for one in heard)
    ]
    spoken = [(number, word) for number, one in enumerate(heard) for word in one.segment.words]
    words = [
        WordRow(
            clip_id=clip_id,
            word_index=index,
            segment=number,
            word=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
            probability=word.probability,
        )
        for index, (number, word) in enumerate(spoken)
    ]
    return [*phrases, *words]
