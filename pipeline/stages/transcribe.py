"""Stage `transcribe`: what was said, as text, segments and words, from the speech of a clip alone."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.device import Device, found_device
from pipeline.analysis.speech.engine import FULL_S, LANGUAGES, Decoding, Language, SpeechEngine
from pipeline.analysis.speech.languages import recognise_by_language
from pipeline.analysis.speech.openai_engine import OpenAIEngine
from pipeline.analysis.speech.spans import HeardSegment, joined_text
from pipeline.analysis.speech.trust import MIN_TRUST, Parts, parts_of
from pipeline.analysis.speech.word_times import cut_to_speech
from pipeline.errors import Reason
from pipeline.media import audio
from pipeline.records import (
    Clip,
    EvidenceRow,
    Row,
    Seconds,
    SegmentRow,
    SegmentTrustRow,
    SpeechRegionRow,
    TranscriptRow,
    WordRow,
    pseudonyms,
)
from pipeline.stage import Options, Result, Setting, Stage

#: Chosen with `python -m pipeline.research.bench.padding --half choose`.
PADDING_S: Seconds = 10.0
ROUNDING_S: Seconds = 1e-6  # two sums of the same lengths differ by less
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
        ge=4,
        le=FULL_S,
        description="ctranslate2: silence encoded after speech, in seconds; 30 is Whisper's own",
    )
    seen_padding_s: Seconds | None = Field(
        None,
        examples=[4.0],
        ge=2,
        le=FULL_S,
        description="ctranslate2: of that silence, what the decoder sees at least; all by default",
    )
    sure_log_prob: float = Field(
        Decoding().sure_log_prob,
        ge=-1,
        le=0,
        description="ctranslate2: mean log probability below which a window is decoded again with 30 s of silence",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "cpu",
        description="cpu, cuda (an NVIDIA GPU, in half precision), or auto: a GPU if there is one when the run starts; "
        "texts differ a little between the two",
    )
    language: str | None = Field(
        None, examples=["en"], description="code of the language (en, es …) if all clips share it; else heard"
    )

    min_trust: float = Field(
        MIN_TRUST, ge=0, le=1, description="segments with less trust are kept, and left out of the transcript's text"
    )

    @field_validator("device")
    @classmethod
    def _resolved_device(cls, device: str) -> str:
        return found_device() if device == "auto" else device  # so that stored options name the device

    @field_validator("language")
    @classmethod
    def _known_language(cls, code: str | None) -> str | None:
        if code is not None and code not in LANGUAGES:
            raise ValueError(f"Whisper knows no language {code!r}; it knows {' '.join(LANGUAGES)}")
        return code


class Transcribe(Stage):
    """Recognise the words in the speech regions of a clip; silence and music are never decoded."""

    name: ClassVar[str] = "transcribe"
    version: ClassVar[int] = 9
    tables = (TranscriptRow, SegmentRow, SegmentTrustRow, WordRow)
    needs = ("audio", "evidence")
    uses_audio = True
    batch_size = 24
    deadline_s = 1200.0  # the reference engine takes about half of a clip's length on a slow machine
    Options = TranscribeOptions
    options: TranscribeOptions

    def __init__(self, options: TranscribeOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        decoding = Decoding(
            beam_size=options.beam_size,
            padding_s=options.padding_s,
            seen_padding_s=options.seen_padding_s,
            sure_log_prob=options.sure_log_prob,
        )
        engine = ENGINES[options.engine]
        device: Device = "cuda" if options.device == "cuda" else "cpu"
        self._engine = engine(options.model, setting.models_folder, decoding, options.compute_type, device)
        self._given = Language(options.language, None) if options.language else None

    def __call__(self, batch: Sequence[Clip]) -> list[Result]:
        """Transcribe clips together; without a trusted word text and language are NULL, with a reason."""
        spoken = {
            number: (audio.read_audio(clip.audio_path), regions)
            for number, clip in enumerate(batch)
            if (regions := [(region.start_s, region.end_s) for region in clip.rows(SpeechRegionRow)])
        }
        found = dict(zip(spoken, recognise_by_language(self._engine, list(spoken.values()), self._given), strict=True))
        return [
            self._clip_rows(clip, *found[number])
            if number in found
            else [self._transcript_row(clip, None, None, _reason_without_words(clip, Reason.NO_SPEECH))]
            for number, clip in enumerate(batch)
        ]

    def _clip_rows(self, clip: Clip, language: Language, heard: Sequence[HeardSegment]) -> Result:
        if not heard:
            return [self._transcript_row(clip, None, None, _reason_without_words(clip, Reason.NO_TEXT))]
        heard = [self._without_handles(one, clip.clip_id.partition(":")[0]) for one in heard]
        regions = [(region.start_s, region.end_s) for region in clip.rows(SpeechRegionRow)]
        parts = [parts_of(one.segment, one.span, regions, one.language) for one in heard]
        trusted = [one for one, part in zip(heard, parts, strict=True) if self._is_trusted(part)]
        transcript = (
            self._transcript_row(clip, joined_text(trusted), language, None)
            if trusted
            else self._transcript_row(clip, None, None, _reason_without_words(clip, Reason.LOW_TRUST))
        )
        return [
            transcript,
            *_segments_and_words(clip, heard),
            *(self._trust_row(clip.clip_id, number, part) for number, part in enumerate(parts)),
        ]

    def _without_handles(self, heard: HeardSegment, platform: str) -> HeardSegment:
        """A segment with the @handles that Whisper wrote replaced by pseudonyms, the same as in captions."""
        segment = heard.segment
        if self.setting.key is None:
            return heard
        hide = partial(pseudonyms.scrub, key=self.setting.key, platform=platform)
        words = tuple(dataclasses.replace(word, text=hide(word.text)) for word in segment.words)
        return dataclasses.replace(heard, segment=dataclasses.replace(segment, text=hide(segment.text), words=words))

    def _is_trusted(self, parts: Parts) -> bool:
        return parts.trust() >= self.options.min_trust

    def _trust_row(self, clip_id: str, segment: int, parts: Parts) -> SegmentTrustRow:
        found = dataclasses.asdict(parts)
        return SegmentTrustRow(clip_id, segment, trust=parts.trust(), in_text=self._is_trusted(parts), **found)

    def _transcript_row(
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
        """The versions behind the chosen engine, and of what knows the language of a text."""
        by_text = () if options.language else ("py3langid",)
        return {package: version(package) for package in (*ENGINES[options.engine].packages, *by_text)}


def _reason_without_words(clip: Clip, reason: Reason) -> Reason:
    """Why a clip has no trusted word: the reason given, or that it is uncertain whether anybody speaks.

    It is uncertain where no speech region is heard by every witness, and one of them hears speech.
    """
    summary = next(iter(clip.rows(EvidenceRow)), None)
    if summary is None:
        return reason
    if not clip.rows(SpeechRegionRow):
        return Reason.SPEECH_UNCERTAIN if summary.speech_reason == Reason.SPEECH_UNCERTAIN.value else reason
    is_doubted = (summary.uncertain_speech_s or 0.0) >= summary.speech_s - ROUNDING_S
    return Reason.SPEECH_UNCERTAIN if is_doubted else reason


def _segments_and_words(clip: Clip, heard: Sequence[HeardSegment]) -> list[Row]:
    """Rows of segments and words, cut to speech and numbered over the clip."""
    regions = sorted(clip.rows(SpeechRegionRow), key=lambda region: region.start_s)
    stretches = [(region.start_s, region.end_s) for region in regions]
    said = [(cut_to_speech(one.segment, stretches), one.language) for one in heard]
    phrases = [
        SegmentRow(
            clip_id=clip.clip_id,
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
        for number, (segment, language) in enumerate(said)
    ]
    spoken = [(number, word) for number, (segment, _) in enumerate(said) for word in segment.words]
    words = [
        WordRow(
            clip_id=clip.clip_id,
            word_index=index,
            segment=number,
            word=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
            probability=word.probability,
            region=_region_at(regions, (word.start_s + word.end_s) / 2),
        )
        for index, (number, word) in enumerate(spoken)
    ]
    return [*phrases, *words]


def _region_at(regions: Sequence[SpeechRegionRow], time_s: Seconds) -> int | None:
    """Number of the speech region in which a time lies, of some in order of time; None in none."""
    following = bisect_right(regions, time_s, key=lambda region: region.start_s)
    last = regions[following - 1] if following else None
    return last.region if last and time_s <= last.end_s else None
