"""A study's results in a notebook: its tables, and single clips to see and to listen to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.media.audio import Waveform, read_audio
from pipeline.store.reader import ResultsReader
from pipeline.study.folder import StudyFolder

if TYPE_CHECKING:
    from pipeline.analysis.sound.praat import PitchRange
    from pipeline.results.clip.view import ClipView

NEAREST = """
    SELECT clips.clip_id
    FROM clips
    LEFT JOIN media USING (clip_id)
    ORDER BY
        clips.clip_id <> $clip_id,
        media.file_name IS DISTINCT FROM $clip_id,
        levenshtein(clips.clip_id, $clip_id),
        clips.clip_id
    LIMIT 1
"""


class StudyReader(ResultsReader):
    """The published results of a study, with its clips."""

    def clip(self, clip_id: str) -> ClipView:
        """One clip: its rows as frames, its sound where it is kept, and plots; `UserError` names the nearest id."""
        from pipeline.results.clip.view import STATEMENTS, ClipView

        self._require_clip(clip_id)
        frames = {name: self.sql(statement, clip_id=clip_id) for name, statement in STATEMENTS.items()}
        return ClipView(clip_id, **frames, pitch_range=self.pitch_range(), _read=lambda: self.waveform(clip_id))

    def waveform(self, clip_id: str) -> Waveform:
        """The decoded audio of a clip, mono 16 kHz, shape `(time,)`; `UserError` where it was deleted after use."""
        path = StudyFolder.at(self.path.parent).audio_path(clip_id)
        if path.is_file():
            return read_audio(path)
        self._require_clip(clip_id)
        if not self.arrow("FROM audio WHERE clip_id = $clip_id", {"clip_id": clip_id}).num_rows:
            raise UserError(f"{clip_id} has no decoded audio: `cliptone query failures` says why")
        raise UserError(f"the audio of {clip_id} is not kept in this study: set keep_audio = true and run it again")

    def pitch_range(self) -> PitchRange:
        """The range in which the study's stage `acoustics` searches the fundamental frequency."""
        from pipeline.analysis.sound.praat import PitchRange

        sql = "SELECT options FROM fingerprints WHERE stage = 'acoustics' AND is_current"
        rows = self.arrow(sql, {}).to_pylist()
        options = json.loads(rows[0]["options"]) if rows else {}
        usual = PitchRange()
        return PitchRange(
            options.get("pitch_floor_hz", usual.floor_hz), options.get("pitch_ceiling_hz", usual.ceiling_hz)
        )

    def _require_clip(self, clip_id: str) -> None:
        """Raise `UserError` if no clip has this id; it names the nearest id, or the clip of a file so called."""
        rows = self.arrow(NEAREST, {"clip_id": clip_id})["clip_id"].to_pylist()
        if not rows:
            raise UserError("this study has no clips yet")
        if rows[0] != clip_id:
            raise UserError(f"this study has no clip {clip_id!r}: the nearest is {rows[0]!r}")
