"""A study's results in a notebook: its tables, and single clips to see and to listen to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.media.audio import Waveform, read_audio
from pipeline.results.query_values import checked, clip_named
from pipeline.store.reader import ResultsReader
from pipeline.study.folder import StudyFolder

if TYPE_CHECKING:
    from pipeline.analysis.sound.praat import PitchRange
    from pipeline.results.clip.view import ClipView


class StudyReader(ResultsReader):
    """The published results of a study, with its clips."""

    def clip(self, clip_id: str) -> ClipView:
        """One clip by its id or its file's name: rows as frames, its sound where it is kept, and plots.

        `UserError` names the nearest clip where there is none.
        """
        from pipeline.results.clip.view import STATEMENTS, ClipView

        clip_id = clip_named(self.rows, clip_id)
        frames = {name: self.sql(statement, clip_id=clip_id) for name, statement in STATEMENTS.items()}
        return ClipView(clip_id, **frames, pitch_range=self.pitch_range(), _read=lambda: self.waveform(clip_id))

    def waveform(self, clip_id: str) -> Waveform:
        """The decoded audio of a clip, mono 16 kHz, shape `(time,)`; `UserError` where it was deleted after use."""
        clip_id = clip_named(self.rows, clip_id)
        path = StudyFolder.at(self.path.parent).audio_path(clip_id)
        if path.is_file():
            return read_audio(path)
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

    def _checked(self, values: dict[str, str]) -> dict[str, str]:
        """A clip may be named by its file; an unknown tone, clip or author is a `UserError`."""
        return checked(self.rows, values)
