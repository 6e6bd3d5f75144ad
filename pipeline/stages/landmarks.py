"""Stage `landmarks`: an audio fingerprint of each clip, by which clips that share a sound are found."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipeline.analysis.sound.fingerprint.landmarks import landmarks_of
from pipeline.errors import Reason
from pipeline.media.audio import SAMPLE_RATE, read_audio
from pipeline.records import Clip, SoundLandmarksRow
from pipeline.stage import Options, Result, Stage

MIN_S = 1.0  # of sound: nothing can be recognised by less


class LandmarksOptions(Options):
    """Whether the sound of clips is made recognisable."""

    find: bool = Field(True, description="find the landmarks of each clip's sound; false leaves sounds unknown")


class Landmarks(Stage):
    """Find the landmarks of a clip's sound; one row a clip."""

    name: ClassVar[str] = "landmarks"
    version: ClassVar[int] = 1
    tables = (SoundLandmarksRow,)
    needs = ("audio",)
    uses_audio: ClassVar[bool] = True
    deadline_s: ClassVar[float] = 120.0  # a clip of ten minutes takes about a second
    Options = LandmarksOptions
    options: LandmarksOptions

    @classmethod
    def reads_audio(cls, options: LandmarksOptions) -> bool:
        """Whether landmarks are looked for."""
        return options.find

    def one(self, clip: Clip) -> Result:
        """The landmarks of one clip; NULL with too_short or too_quiet."""
        if not self.options.find:
            return []
        waveform = read_audio(clip.audio_path)
        duration_s = waveform.size / SAMPLE_RATE
        found = landmarks_of(waveform) if duration_s >= MIN_S else None
        reason = Reason.TOO_SHORT if found is None else Reason.TOO_QUIET if found.size == 0 else None
        landmarks = None if found is None or reason else tuple(found.tolist())
        return [SoundLandmarksRow(clip.clip_id, landmarks, duration_s, reason.value if reason else None)]
