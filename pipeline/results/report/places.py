"""Where the files of a report lie, and the names that pages and files share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.results.clip.sound import media_of
from pipeline.study.folder import StudyFolder, work_name

CLIPS_A_SHARD = 50  # at most, on average
PAGES = ("index.html", "clip.html")


@dataclass(frozen=True, slots=True)
class Places:
    """The folder of a study's results, and of the report in it."""

    study: Path  # outputs/<study>

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return StudyFolder.at(self.study).report

    @property
    def rows(self) -> Path:
        """The folder of what the pages show, as scripts."""
        return self.report / "rows"

    def audio(self, clip_id: str) -> Path:
        """The decoded audio of a clip, where the study keeps it."""
        return StudyFolder.at(self.study).audio_path(clip_id)

    def media(self, clip_id: str) -> Path | None:
        """The media of a clip: the user's own file where it lies, or the fetched one where the study keeps it."""
        return media_of(StudyFolder.at(self.study), clip_id)

    def sound_file(self, clip_id: str) -> Path | None:
        """What the sound of a clip can be read from: its decoded audio, or its media."""
        audio = self.audio(clip_id)
        return audio if audio.is_file() else self.media(clip_id)

    def curves(self, clip_id: str) -> Path:
        """What was measured of that audio, as a script."""
        return self.report / "sound" / f"{work_name(clip_id)}.js"

    def copied(self, clip_id: str) -> Path:
        """A copy of the audio inside the report, where one is asked for."""
        return self.report / "media" / f"{work_name(clip_id)}.wav"


def shard_digits(clips: int) -> int:
    """How many hexadecimal digits of a clip's digest name its shard, so that a shard holds some 50 clips."""
    digits = 0
    while clips / 16**digits > CLIPS_A_SHARD:
        digits += 1
    return digits


def shard_of(clip_id: str, digits: int) -> str:
    """The shard of a clip: it stays the same while a study grows, until it needs a digit more."""
    return hashlib.sha256(clip_id.encode()).hexdigest()[:digits] or "all"
