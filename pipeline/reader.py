"""The published results of a study, read-only: queries as pandas, and single clips to look at and listen to."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.config import work_name
from pipeline.errors import StoreError, UserError
from pipeline.media import Waveform, read_audio
from pipeline.parquet_files import MANIFEST, connect, manifest_of, open_catalogue
from pipeline.queries_folder import get_query, own_folder
from pipeline.schema import quoted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pipeline.clip_view import ClipView
    from pipeline.sound.praat import PitchRange

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


class StudyReader:
    """One published database; a run that goes on is never blocked by it and never changes what it shows."""

    def __init__(self, path: Path) -> None:
        self.path = published_path(path)
        self._own_queries = own_folder(path)
        if self.path.name == MANIFEST:
            self._connection = connect(self.path)
            return
        if not self.path.is_file():
            raise StoreError(
                f"there are no results at {self.path} yet: run the study first (`cliptone run STUDY.toml`)"
            )
        try:
            # Attached to a database of its own: DuckDB would give a second opening in one process the first one's file.
            self._connection = duckdb.connect()
            self._connection.execute(f"ATTACH {quoted(str(self.path))} AS study (READ_ONLY)")
            self._connection.execute("USE study")
            open_catalogue(self._connection)
        except duckdb.Error as error:
            raise StoreError(
                f"{self.path} cannot be read as a DuckDB database: {str(error).splitlines()[0]}"
            ) from error

    def query(self, name: str, **parameters: Any) -> pd.DataFrame:
        """A query of `queries/`, or of a folder of that name beside the study file; its `$parameters` by name."""
        chosen = get_query(name, self._own_queries)
        return _frame(self.arrow(chosen.sql, chosen.bind({key: str(value) for key, value in parameters.items()})))

    def sql(self, statement: str, **parameters: Any) -> pd.DataFrame:
        """Any SQL over the tables and views, as a pandas frame."""
        return _frame(self.arrow(statement, parameters))

    def arrow(self, statement: str, parameters: dict[str, Any]) -> pa.Table:
        """Any SQL as an Arrow table; `UserError` with DuckDB's sentence if it cannot run."""
        try:
            return self._connection.sql(statement, params=parameters).to_arrow_table()
        except duckdb.IOException as error:
            raise StoreError(
                f"a file behind {self.path} cannot be read, perhaps since it was published anew: open it again "
                f"({str(error).splitlines()[0]})"
            ) from error
        except duckdb.Error as error:
            raise UserError(f"this SQL cannot run: {error}") from error

    def clip(self, clip_id: str) -> ClipView:
        """One clip: its rows as frames, its sound where it is kept, and plots; `UserError` names the nearest id."""
        from pipeline.clip_view import STATEMENTS, ClipView

        self._check(clip_id)
        frames = {name: self.sql(statement, clip_id=clip_id) for name, statement in STATEMENTS.items()}
        return ClipView(clip_id, **frames, pitch_range=self.pitch_range(), _read=lambda: self.waveform(clip_id))

    def waveform(self, clip_id: str) -> Waveform:
        """The decoded audio of a clip, mono 16 kHz, shape `(time,)`; `UserError` where it was deleted after use."""
        path = self.path.parent / "work" / "audio" / f"{work_name(clip_id)}.wav"
        if path.is_file():
            return read_audio(path)
        self._check(clip_id)
        if not self.arrow("FROM audio WHERE clip_id = $clip_id", {"clip_id": clip_id}).num_rows:
            raise UserError(f"{clip_id} has no decoded audio: `cliptone query failures` says why")
        raise UserError(f"the audio of {clip_id} is not kept in this study: set keep_audio = true and run it again")

    def pitch_range(self) -> PitchRange:
        """Where the study looks for a fundamental frequency: as its stage `acoustics` does."""
        from pipeline.sound.praat import PitchRange

        sql = "SELECT options FROM fingerprints WHERE stage = 'acoustics' AND is_current"
        rows = self.arrow(sql, {}).to_pylist()
        options = json.loads(rows[0]["options"]) if rows else {}
        usual = PitchRange()
        return PitchRange(
            options.get("pitch_floor_hz", usual.floor_hz), options.get("pitch_ceiling_hz", usual.ceiling_hz)
        )

    def _check(self, clip_id: str) -> None:
        """`UserError` that names the nearest clip, or that of the file so called, if there is none of this id."""
        rows = self.arrow(NEAREST, {"clip_id": clip_id})["clip_id"].to_pylist()
        if not rows:
            raise UserError("this study has no clips yet")
        if rows[0] != clip_id:
            raise UserError(f"this study has no clip {clip_id!r}: the nearest is {rows[0]!r}")

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def published_path(path: Path) -> Path:
    """The database behind what a user names: a folder, the database itself, or a study file; or a Parquet manifest."""
    if path.suffix == ".toml":
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise UserError(f"{path} cannot be read as a study file: {error}") from error
        output = content.get("output") or f"outputs/{content.get('name')}"
        return path.parent / output / "study.duckdb"
    if path.suffix != ".duckdb" and (manifest := manifest_of(path)) is not None:
        return manifest
    return path / "study.duckdb" if path.suffix != ".duckdb" else path
