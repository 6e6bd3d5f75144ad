"""Stage `evidence`: where somebody speaks, how loud, and which other sounds are heard."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.levels import clipping_share, level_dbfs, snr_db
from pipeline.analysis.sound.snr import wada_snr_db
from pipeline.analysis.sound.tagger import TAGGERS
from pipeline.analysis.sound.tags import MUSIC, SINGING, SPEECH, Family, TagScores
from pipeline.analysis.sound.voice_activity import (
    Probabilities,
    VoiceActivityOptions,
    mean_probability,
    speech_probabilities,
    speech_regions,
)
from pipeline.errors import Reason, StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.records import Clip, EvidenceRow, Seconds, SoundGapRow, SoundTagRow, SpeechRegionRow
from pipeline.stage import Options, Result, Setting, Stage


class EvidenceOptions(Options):
    """How speech, music and other sounds are found."""

    speech_threshold: float = Field(0.5, gt=0, lt=1, description="voice activity: probability above which it is speech")
    min_speech_s: float = Field(0.25, ge=0.05, description="shorter stretches of speech are dropped, in seconds")
    min_silence_s: float = Field(0.3, ge=0.05, description="shorter gaps do not end a speech region, in seconds")
    max_region_s: float = Field(
        10.0, ge=1, le=30, description="longer stretches of speech are cut at quiet points, in seconds"
    )
    tagger: Literal["auto", "yamnet", "ast", "none"] = Field(
        "auto", description="model that tags sounds: yamnet, ast, none, or auto for the first that is on this machine"
    )
    music_threshold: float = Field(
        0.3, gt=0, lt=1, description="a window of the clip counts as music, or as singing, from this score on"
    )
    tag_floor: float = Field(0.1, ge=0, le=1, description="a tag is stored when one window reaches this score")


class Evidence(Stage):
    """Find speech regions and tag the sounds of a clip."""

    name: ClassVar[str] = "evidence"
    version: ClassVar[int] = 3
    tables = (EvidenceRow, SpeechRegionRow, SoundTagRow)
    needs = ("audio",)
    uses_audio: ClassVar[bool] = True
    packages = ("faster-whisper", "onnxruntime")
    Options = EvidenceOptions
    options: EvidenceOptions

    def __init__(self, options: Any, setting: Setting) -> None:
        super().__init__(options, setting)
        self._voice = VoiceActivityOptions(
            threshold=self.options.speech_threshold,
            min_speech_s=self.options.min_speech_s,
            min_silence_s=self.options.min_silence_s,
            max_region_s=self.options.max_region_s,
        )
        name = tagger_name(self.options, setting)
        self._tagger = TAGGERS[name](model_cache.locate(name, setting.models_folder)) if name else None

    def one(self, clip: Clip) -> Result:
        """One evidence row, a row for each speech region, a row for each tag that is heard."""
        waveform = read_audio(clip.audio_path)
        if waveform.size == 0:
            return StageError(Reason.NO_AUDIO, f"the decoded audio of {clip.clip_id} is empty")
        voice = speech_probabilities(waveform)
        regions = speech_regions(waveform, self._voice, voice)
        tags = self._tagger.tag(waveform) if self._tagger else None
        return [
            self._evidence_row(clip, waveform, regions, tags),
            *_region_rows(clip.clip_id, waveform, regions, voice, tags),
            *(_tag_rows(clip.clip_id, tags, self.options.tag_floor) if tags else ()),
        ]

    @classmethod
    def models(cls, options: EvidenceOptions, setting: Setting) -> tuple[str, ...]:
        """The tagger, if there is one; voice activity comes with faster-whisper."""
        name = tagger_name(options, setting)
        return (name,) if name else ()

    @classmethod
    def libraries(cls, options: EvidenceOptions, setting: Setting) -> dict[str, str]:
        """The versions of what runs voice activity and the tagger."""
        libraries = super().libraries(options, setting)
        if tagger_name(options, setting) == "ast":
            libraries |= {package: version(package) for package in ("torch", "torchaudio", "transformers")}
        return libraries

    def _evidence_row(
        self, clip: Clip, waveform: Waveform, regions: list[tuple[Seconds, Seconds]], tags: TagScores | None
    ) -> EvidenceRow:
        gaps = [(gap.start_s, gap.end_s) for gap in clip.rows(SoundGapRow)]
        speech_s = sum(end - start for start, end in regions)
        return EvidenceRow(
            clip_id=clip.clip_id,
            speech_s=float(speech_s),
            speech_share=min(1.0, speech_s * SAMPLE_RATE / waveform.size),
            music_share=self._family_share(tags, MUSIC),
            singing_share=self._family_share(tags, SINGING),
            music_reason=None if tags else Reason.NO_TAGGER.value,
            snr_db=snr_db(waveform, regions, gaps),
            tagger=self._tagger.name if self._tagger else None,
        )

    def _family_share(self, tags: TagScores | None, family: Family) -> float | None:
        """Share of the windows in which a family reaches the threshold, 0–1."""
        return float(np.mean(tags.family(family) >= self.options.music_threshold)) if tags else None


def tagger_name(options: EvidenceOptions, setting: Setting) -> str | None:
    """The tagger that the options mean; `auto` is the first that is on this machine, and never fetches one."""
    if options.tagger == "none":
        return None
    if options.tagger != "auto":
        return options.tagger
    return next((name for name in TAGGERS if model_cache.find(name, setting.models_folder)), None)


def _region_rows(
    clip_id: str,
    waveform: Waveform,
    regions: list[tuple[Seconds, Seconds]],
    voice: Probabilities,
    tags: TagScores | None,
) -> list[SpeechRegionRow]:
    rows = []
    for number, (start, end) in enumerate(regions):
        inside = waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        rows.append(
            SpeechRegionRow(
                clip_id=clip_id,
                region=number,
                start_s=start,
                end_s=end,
                level_dbfs=level_dbfs(inside),
                speech_score=tags.mean_within(SPEECH, start, end) if tags else None,
                music_score=tags.mean_within(MUSIC, start, end) if tags else None,
                singing_score=tags.mean_within(SINGING, start, end) if tags else None,
                speech_probability=mean_probability(voice, start, end),
                snr_db=wada_snr_db(inside),
                clipping_share=clipping_share(inside),
            )
        )
    return rows


def _tag_rows(clip_id: str, tags: TagScores, floor: float) -> list[SoundTagRow]:
    """One row for each class that reaches the floor in at least one window."""
    best = tags.scores.argmax(axis=0)
    return [
        SoundTagRow(
            clip_id=clip_id,
            tag=label,
            mean_score=float(tags.scores[:, column].mean(dtype=np.float64)),
            max_score=float(tags.scores[best[column], column]),
            max_at_s=tags.starts_s[best[column]],
        )
        for column, label in enumerate(tags.labels)
        if tags.scores[best[column], column] >= floor
    ]
