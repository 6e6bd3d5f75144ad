"""Stage `emphasis`: how each word stands out from the others of its clip by intensity, pitch and length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from pipeline.analysis.sound.emphasis import EmphasisMeasures as Measured
from pipeline.analysis.sound.emphasis import emphasis_of, frames_of
from pipeline.analysis.sound.pitch_gate import PitchGate
from pipeline.analysis.sound.praat import PitchRange
from pipeline.errors import Reason
from pipeline.media.audio import read_audio
from pipeline.records import Clip, SpeechRegionRow, WordEmphasisRow, WordRow
from pipeline.stage import Options, Result, Stage

NOTHING = Measured(None, None, None, None)


class EmphasisOptions(Options):
    """Whether words are measured, and where their pitch is looked for."""

    measure: bool = Field(True, description="measure how words stand out; false leaves word_emphasis empty")
    pitch_floor_hz: float = Field(75.0, ge=50, le=150, description="lowest fundamental frequency looked for, in Hz")
    pitch_ceiling_hz: float = Field(
        600.0, ge=300, le=1500, description="highest fundamental frequency looked for, in Hz"
    )
    doubtful_pitch: bool = Field(False, description="measure the pitch of words under music or noise all the same")


class Emphasis(Stage):
    """Measure the emphasis of words; one row a word, none without speech."""

    name: ClassVar[str] = "emphasis"
    version: ClassVar[int] = 2
    tables = (WordEmphasisRow,)
    needs = ("audio", "evidence", "transcribe")
    uses_audio: ClassVar[bool] = True
    packages = ("praat-parselmouth",)
    Options = EmphasisOptions
    options: EmphasisOptions

    @classmethod
    def reads_audio(cls, options: EmphasisOptions) -> bool:
        """Whether words are measured."""
        return options.measure

    def one(self, clip: Clip) -> Result:
        """The emphasis of every word of one clip."""
        words = clip.rows(WordRow)
        if not words or not self.options.measure:
            return []
        pitch_range = PitchRange(self.options.pitch_floor_hz, self.options.pitch_ceiling_hz)
        frames = frames_of(read_audio(clip.audio_path), pitch_range)
        doubtful = [] if self.options.doubtful_pitch else _doubtful(clip.rows(SpeechRegionRow))
        if frames is not None:
            frames = frames.without_pitch([(region.start_s, region.end_s) for region, _ in doubtful])
        measured = emphasis_of(words, frames) if frames else [NOTHING] * len(words)
        obstacles: dict[int | None, Reason] = {region.region: reason for region, reason in doubtful}
        strongest = _strongest_of_segments(words, measured)
        return [
            WordEmphasisRow(
                clip_id=clip.clip_id,
                word_index=word.word_index,
                segment=word.segment,
                intensity_peak_db=found.intensity_peak_db,
                f0_peak_semitones=found.f0_peak_semitones,
                duration_z=found.duration_z,
                emphasis=found.emphasis,
                is_strongest=strongest.get(word.word_index),
                reason=_no_pitch_reason(found, frames is not None and frames.within(word), obstacles.get(word.region)),
            )
            for word, found in zip(words, measured, strict=True)
        ]


def _strongest_of_segments(words: Sequence[WordRow], measured: Sequence[Measured]) -> dict[int, bool]:
    """Whether a word has the highest emphasis of its segment, the first of equals; segments of one are left out."""
    segments: dict[int, list[tuple[float, int]]] = {}
    for word, found in zip(words, measured, strict=True):
        if found.emphasis is not None:
            segments.setdefault(word.segment, []).append((-found.emphasis, word.word_index))
    return {
        index: (rank, index) == min(rivals) for rivals in segments.values() if len(rivals) > 1 for rank, index in rivals
    }


def _doubtful(regions: Sequence[SpeechRegionRow]) -> list[tuple[SpeechRegionRow, Reason]]:
    """The regions whose pitch cannot be measured, and why."""
    found = [(region, PitchGate().obstacle(region)) for region in regions]
    return [(region, reason) for region, reason in found if reason is not None]


def _no_pitch_reason(found: Measured, part: slice | bool, obstacle: Reason | None) -> str | None:
    """Why a word has no pitch; `obstacle` is what lies over its region."""
    if found.f0_peak_semitones is not None:
        return None
    if not isinstance(part, slice) or part.stop <= part.start:
        return Reason.TOO_SHORT.value
    if obstacle is not None and found.intensity_peak_db is not None:
        return obstacle.value
    return Reason.TOO_QUIET.value if found.intensity_peak_db is None else Reason.UNVOICED.value
