"""Stage `evidence`: where somebody speaks, how loud, and which other sounds are heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.levels import clipping_share, level_dbfs, snr_db
from pipeline.analysis.sound.snr import wada_snr_db
from pipeline.analysis.sound.tagger import TAGGERS
from pipeline.analysis.sound.tags import MUSIC, SINGING, SPEECH, Family, TagScores
from pipeline.analysis.sound.vocal_events import vocal_events
from pipeline.analysis.sound.voice_activity import (
    Probabilities,
    VoiceActivityOptions,
    mean_probability,
    speech_probabilities,
    speech_regions,
)
from pipeline.analysis.sound.voice_witness import NAME as WITNESS
from pipeline.analysis.sound.voice_witness import Heard, VoiceWitness
from pipeline.analysis.sound.witnesses import (
    LEAST_UNCERTAIN_S,
    VOICE_ACTIVITY,
    RescueRule,
    Witnesses,
    mean_within,
    witnesses,
)
from pipeline.errors import Reason, StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.records import Clip, EvidenceRow, Seconds, SoundGapRow, SoundTagRow, SpeechRegionRow, VocalEventRow
from pipeline.stage import Options, Result, Setting, Stage

WITNESS_THRESHOLD = 0.5  # probability from which the second witness counts a frame as music or singing, its makers' own


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
    event_threshold: float = Field(
        0.3, gt=0, lt=1, description="score from which a voice without words, such as laughter, is an event"
    )
    voice_witness: Literal["auto", "firered-aed", "none"] = Field(
        "auto",
        description="model that hears voices beside voice activity and the tagger, so that shouted and whispered "
        "speech is found: firered-aed, none, or auto where it is on this machine",
    )


class Evidence(Stage):
    """Find speech regions and tag the sounds of a clip."""

    name: ClassVar[str] = "evidence"
    version: ClassVar[int] = 5
    tables = (EvidenceRow, SpeechRegionRow, SoundTagRow, VocalEventRow)
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
        self._rule = RescueRule()
        name = tagger_name(self.options, setting)
        self._tagger = TAGGERS[name](model_cache.locate(name, setting.models_folder)) if name else None
        witness = witness_name(self.options, setting)
        self._witness = VoiceWitness(model_cache.locate(witness, setting.models_folder)) if witness else None

    def one(self, clip: Clip) -> Result:
        """One evidence row, a row for each speech region, a row for each tag that is heard."""
        waveform = read_audio(clip.audio_path)
        if waveform.size == 0:
            return StageError(Reason.NO_AUDIO, f"the decoded audio of {clip.clip_id} is empty")
        sound = self._listen(waveform)
        regions = self._region_rows(clip.clip_id, sound)
        return [
            self._evidence_row(clip, sound, regions),
            *regions,
            *(_tag_rows(clip.clip_id, sound.tags, self.options.tag_floor) if sound.tags else ()),
            *self._event_rows(clip.clip_id, sound),
        ]

    def _listen(self, waveform: Waveform) -> ClipSound:
        """All that the models hear of a clip, each asked once."""
        activity = speech_probabilities(waveform)
        tags = self._tagger.tag(waveform) if self._tagger else None
        heard = self._witness.hear(waveform) if self._witness else None
        return ClipSound(waveform, tags, heard, witnesses(activity, tags, heard))

    @classmethod
    def models(cls, options: EvidenceOptions, setting: Setting) -> tuple[str, ...]:
        """The tagger and the second witness, if they are here; voice activity comes with faster-whisper."""
        return tuple(name for name in (tagger_name(options, setting), witness_name(options, setting)) if name)

    @classmethod
    def libraries(cls, options: EvidenceOptions, setting: Setting) -> dict[str, str]:
        """The versions of what runs voice activity and the tagger."""
        libraries = super().libraries(options, setting)
        if tagger_name(options, setting) == "ast":
            libraries |= {package: version(package) for package in ("torch", "torchaudio", "transformers")}
        return libraries

    def measured(
        self, clip_id: str, waveform: Waveform, regions: Sequence[tuple[Seconds, Seconds]]
    ) -> list[SpeechRegionRow]:
        """Rows of given stretches of a waveform `(time,)`, as if they were its speech regions."""
        sound = self._listen(waveform)
        return [self._region_row(clip_id, number, region, sound) for number, region in enumerate(regions)]

    def _region_rows(self, clip_id: str, sound: ClipSound) -> list[SpeechRegionRow]:
        """Rows of the speech regions, with what each witness hears in them."""
        voice = sound.witnesses.speech(self.options.speech_threshold, self._rule)
        regions = speech_regions(sound.waveform, self._voice, voice)
        return [self._region_row(clip_id, number, region, sound) for number, region in enumerate(regions)]

    def _region_row(
        self, clip_id: str, number: int, region: tuple[Seconds, Seconds], sound: ClipSound
    ) -> SpeechRegionRow:
        start, end = region
        inside = sound.waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        tags, heard = sound.tags, sound.heard
        return SpeechRegionRow(
            clip_id=clip_id,
            region=number,
            start_s=start,
            end_s=end,
            level_dbfs=level_dbfs(inside),
            speech_score=tags.mean_within(SPEECH, start, end) if tags else None,
            music_score=tags.mean_within(MUSIC, start, end) if tags else None,
            singing_score=tags.mean_within(SINGING, start, end) if tags else None,
            speech_probability=mean_probability(sound.witnesses.activity, start, end),
            snr_db=wada_snr_db(inside),
            clipping_share=clipping_share(inside),
            voice_witnesses=self._who_hears(sound.witnesses, start, end),
            witness_probability=mean_within(heard.speech, start, end) if heard else None,
            witness_music=mean_within(heard.music, start, end) if heard else None,
        )

    def _event_rows(self, clip_id: str, sound: ClipSound) -> list[VocalEventRow]:
        """Rows of the voices without words; none without a tagger."""
        if self._tagger is None or sound.tags is None:
            return []
        clip_s = sound.waveform.size / SAMPLE_RATE
        events = vocal_events(sound.tags, sound.heard, self.options.event_threshold, clip_s)
        return [
            VocalEventRow(clip_id, number, **dataclasses.asdict(event), source=self._tagger.name)
            for number, event in enumerate(events)
        ]

    def _who_hears(self, heard: Witnesses, start_s: Seconds, end_s: Seconds) -> tuple[str, ...]:
        """The names of the witnesses that hear speech in a region."""
        said = heard.of_region(start_s, end_s, self.options.speech_threshold, self.options.min_speech_s, self._rule)
        return tuple(name for name, hears in zip(self._witness_names, said, strict=True) if name and hears)

    @property
    def _witness_names(self) -> tuple[str | None, str | None, str | None]:
        tagger, witness = self._tagger, self._witness
        return VOICE_ACTIVITY, tagger.name if tagger else None, witness.name if witness else None

    def _evidence_row(self, clip: Clip, sound: ClipSound, regions: list[SpeechRegionRow]) -> EvidenceRow:
        gaps = [(gap.start_s, gap.end_s) for gap in clip.rows(SoundGapRow)]
        speech_s = sum(region.end_s - region.start_s for region in regions)
        uncertain_s = self._uncertain_s(sound.witnesses, regions)
        return EvidenceRow(
            clip_id=clip.clip_id,
            speech_s=float(speech_s),
            speech_share=min(1.0, speech_s * SAMPLE_RATE / sound.waveform.size),
            music_share=self._family_share(sound.tags, MUSIC),
            singing_share=self._family_share(sound.tags, SINGING),
            music_reason=None if sound.tags else Reason.NO_TAGGER.value,
            snr_db=snr_db(sound.waveform, [(region.start_s, region.end_s) for region in regions], gaps),
            tagger=self._tagger.name if self._tagger else None,
            voice_witness=self._witness.name if self._witness else None,
            witness_music_share=_share_of(sound.heard.music) if sound.heard else None,
            witness_singing_share=_share_of(sound.heard.singing) if sound.heard else None,
            uncertain_speech_s=uncertain_s,
            speech_reason=None if regions else _reason_without_regions(uncertain_s).value,
        )

    def _uncertain_s(self, heard: Witnesses, regions: list[SpeechRegionRow]) -> Seconds:
        """Time in regions that not every witness hears; without regions, in which one of them hears speech."""
        if not regions:
            return heard.any_s(self.options.speech_threshold, self._rule)
        everybody = tuple(name for name in self._witness_names if name)
        return float(sum(row.end_s - row.start_s for row in regions if row.voice_witnesses != everybody))

    def _family_share(self, tags: TagScores | None, family: Family) -> float | None:
        """Share of the windows in which a family reaches the threshold, 0–1."""
        return float(np.mean(tags.family(family) >= self.options.music_threshold)) if tags else None


@dataclass(frozen=True, slots=True)
class ClipSound:
    """A clip's waveform and what the models hear of it; None: there is no such model."""

    waveform: Waveform
    tags: TagScores | None
    heard: Heard | None
    witnesses: Witnesses


def tagger_name(options: EvidenceOptions, setting: Setting) -> str | None:
    """The tagger that the options mean; `auto` is the first that is on this machine, and never fetches one."""
    if options.tagger == "none":
        return None
    if options.tagger != "auto":
        return options.tagger
    return next((name for name in TAGGERS if model_cache.find(name, setting.models_folder)), None)


def witness_name(options: EvidenceOptions, setting: Setting) -> str | None:
    """The second witness that the options mean; `auto` never fetches it."""
    if options.voice_witness == "auto":
        return WITNESS if model_cache.find(WITNESS, setting.models_folder) else None
    return None if options.voice_witness == "none" else options.voice_witness


def _share_of(probabilities: Probabilities) -> float:
    """Share of frames that are more likely than not, 0–1."""
    return float(np.mean(probabilities >= WITNESS_THRESHOLD))


def _reason_without_regions(uncertain_s: Seconds) -> Reason:
    return Reason.SPEECH_UNCERTAIN if uncertain_s >= LEAST_UNCERTAIN_S else Reason.NO_SPEECH


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
