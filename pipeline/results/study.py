"""A study's results in a notebook: its tables, and single clips to see and to listen to."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.media.audio import Waveform
from pipeline.results.query_values import checked, clip_named
from pipeline.store.reader import ResultsReader

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.analysis.sound.praat import PitchRange
    from pipeline.results.clip.view import ClipView


class StudyReader(ResultsReader):
    """The published results of a study, with its clips."""

    def clip(self, clip_id: str) -> ClipView:
        """One clip by its id or its file's name: rows as frames, its sound, and plots.

        `UserError` names the nearest clip where there is none.
        """
        from pipeline.results.clip.view import STATEMENTS, ClipView

        clip_id = clip_named(self.rows, clip_id)
        frames = {name: self.sql(statement, clip_id=clip_id) for name, statement in STATEMENTS.items()}
        return ClipView(clip_id, **frames, pitch_range=self.pitch_range(), _read=cache(lambda: self.waveform(clip_id)))

    def required(self, rows: pd.DataFrame, what: str) -> pd.DataFrame:
        """The same rows; `UserError` says that the study has no such thing where there are none."""
        if rows.empty:
            raise UserError(
                f"this study has no {what} yet, and without one nothing can be shown: `cliptone status` and "
                "`cliptone query funnel` say how far its clips came"
            )
        return rows

    def waveform(self, clip_id: str) -> Waveform:
        """The decoded audio of a clip, mono 16 kHz, shape `(time,)`; where it was not kept, its media is decoded again.

        `UserError` where the media is gone too, or is no longer what was analysed.
        """
        from pipeline.results.clip.sound import read_sound

        return read_sound(self, clip_named(self.rows, clip_id))

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
