"""Studies of tiny files whose stages are fakes and whose run, database and executor are real; and what they end in."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from pipeline.records import AudioRow, Clip
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Result, Stage
from pipeline.stages.audio import AudioOptions
from pipeline.stages.download import Download
from pipeline.study import files
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.fake_stages import Batched, Double, Length

AUDIO_BYTES = 16_384
STEPS = 4  # of a clip
PATIENCE_S = 240.0  # on a machine that others use too


class Voice(Stage):
    """Stands for the decoding of audio: writes a file as it does, and measures nothing."""

    name: ClassVar[str] = "audio"
    version: ClassVar[int] = 1
    tables = (AudioRow,)
    needs = ("download",)
    Options = AudioOptions

    def one(self, clip: Clip) -> Result:
        log(self.setting.download_folder, self.name, clip)
        clip.audio_path.parent.mkdir(parents=True, exist_ok=True)
        part = clip.audio_path.with_suffix(".part")
        try:
            part.write_bytes(clip.clip_id.encode().ljust(AUDIO_BYTES, b"."))
            files.put(part, clip.audio_path)
        finally:
            part.unlink(missing_ok=True)
        length = float(hashlib.sha256(clip.clip_id.encode()).digest()[0])
        return [AudioRow(clip.clip_id, "wav", None, None, None, "pcm", 16_000, 1, length, None, None, None, None, 0.0)]


class Counted(Length):
    """The fake that goes wrong as its options say; writes down that it was called."""

    deadline_s: ClassVar[float] = 30.0

    def one(self, clip: Clip) -> Result:
        log(self.setting.download_folder, self.name, clip)
        return super().one(clip)


class CountedBatches(Counted):
    """The same in batches."""

    batch_size: ClassVar[int] = Batched.batch_size


STAGES: tuple[type[Stage], ...] = (Download, Voice, Counted, Double)
IN_BATCHES: tuple[type[Stage], ...] = (Download, Voice, CountedBatches, Double)
BY_NAME = {stage.name: stage for stage in STAGES}
CALLS = "calls.txt"  # beside the downloads: a line for each call of a stage
#: What differs between two runs that did the same: when it was, and the numbers of runs and attempts.
VARYING = {"run_id", "attempt_id", "finished_at", "seconds", "started_at", "first_seen_at", "imported_at"}
#: Tables of a run itself.
BOOKS = {"runs", "publications", "schema_version"}


def log(downloads: Path | None, stage: str, clip: Clip) -> None:
    """Write down that a stage was called, in a way that a kill does not undo."""
    if downloads is not None and downloads.parent.is_dir():
        with (downloads.parent / CALLS).open("a", encoding="utf-8") as file:
            file.write(f"{stage} {clip.clip_id}\n")


def calls(study: Study) -> list[str]:
    """Every call of a stage that writes them down."""
    path = study.folder.media.parent / CALLS
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def study_of(folder: Path, clips: int, extra: str = "", output: Path | None = None) -> Study:
    """A study of that many tiny files in a folder of its own."""
    media = folder / "clips"
    media.mkdir(parents=True)
    for number in range(clips):
        (media / f"clip{number:05}.wav").write_bytes(b"%d" % number)
    place = f'output = "{output}"\n' if output else ""
    return load_study(write_study(folder, f'{place}[[sources]]\nfolder = "clips"\n{extra}', "faults"), BY_NAME)


def go(study: Study, workers: int = 0, stages: Sequence[type[Stage]] = STAGES, observer: Any = None) -> Any:
    """Run a study in this process."""
    return run_study(study, observer, executor=LocalExecutor(workers), stages=stages)


def state(study: Study) -> dict[str, str]:
    """By table, a digest of the published database, whatever the order of rows, the time and the numbers of runs.

    Of attempts the last one of each clip at each stage counts.
    """
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return {name: _digest(connection, name) for name in _tables(connection)}


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
    return [name for (name,) in found if name not in BOOKS]


def _digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    names = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall() if row[0] not in VARYING]
    last = "WHERE attempt_id IN (SELECT max(attempt_id) FROM attempts GROUP BY clip_id, stage)"
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM {table} {last if table == 'attempts' else ''} ORDER BY ALL"
    ).fetchall()
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16] + f" of {len(rows)} rows"


def attempts_stored_twice(study: Study) -> int:
    """Attempts beyond the first of a clip at a stage."""
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        sql = "SELECT count(*) - count(DISTINCT (clip_id, stage)) FROM attempts"
        return int(connection.execute(sql).fetchall()[0][0])


def rests(study: Study) -> list[Path]:
    """Files that were not finished."""
    return [path for path in study.folder.root.rglob("*") if ".part" in path.name or path.suffix == ".wal"]


def until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return False
