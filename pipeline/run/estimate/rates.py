"""What a clip costs, as it was measured on this machine: by a study's own attempts, the demo's, or the benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.records import STUDY_ROWS, Row, Seconds
from pipeline.records.runs import AttemptRow
from pipeline.stages import STAGES
from pipeline.store.reader import ResultsReader
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder

DEMO = Path("outputs") / "demo" / "study.duckdb"  # of `cliptone demo`
SPEED = Path("outputs") / "bench" / "speed.json"  # of `python -m pipeline.research.bench.speed`
GROWTH = Path("outputs") / "bench" / "growth.json"  # of `python -m pipeline.research.bench.growth`
LARGE_CLIPS = 1_000  # from here on a database file is mostly rows; below, mostly views and empty space
SAMPLE_CLIPS = 500  # whose rows are weighed where the file tells little
BATCH_CLIPS = 32  # that the benchmark of growth saves at a time

#: By stage, seconds of one worker for a minute of audio, under the configuration of the last run.
STAGE_RATES = """
    WITH wanted AS (
        SELECT count(*) AS clips FROM clips WHERE kind <> 'post' AND clip_id IN (SELECT clip_id FROM attempts)
    ),
    timed AS ( -- without what was fetched: that took the time of its site
        SELECT last_attempts.stage, 60 * last_attempts.seconds / nullif(audio.duration_s, 0) AS per_minute
        FROM last_attempts
        JOIN fingerprints USING (stage, fingerprint)
        LEFT JOIN audio USING (clip_id)
        WHERE fingerprints.is_current AND last_attempts.status = 'ok' AND last_attempts.tools IS NULL
    ),
    final AS (
        SELECT stage, median(per_minute) AS per_minute, count(*) / any_value(wanted.clips) AS share, count(*) AS clips
        FROM timed, wanted GROUP BY stage HAVING median(per_minute) IS NOT NULL
    )
    FROM final
"""

#: Of fetched posts and decoded audio.
CLIP_RATES = """
    SELECT
        (SELECT median(duration_s) FROM audio) AS clip_s,
        (SELECT count(*) FROM clips) AS clips,
        (
            SELECT sum(media.size_bytes) / sum(audio.duration_s)
            FROM media JOIN audio USING (clip_id) WHERE audio.duration_s > 0
        ) AS media_bytes_per_s,
        (
            SELECT median(seconds) FROM attempts
            WHERE stage = 'download' AND tools IS NOT NULL AND status = 'ok'
        ) AS fetch_s
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a clip takes; None, or an empty mapping, where that was never measured."""

    origin: str  # what was measured, as a phrase
    stages: Mapping[str, Seconds] = field(default_factory=dict)  # of one worker, for a minute of audio of all clips
    clip_s: Seconds | None = None  # median length of a clip
    row_bytes: float | None = None  # a clip's rows, as readers see them
    working_bytes: float | None = None  # the same in the working database, with its notes
    rows_compressed: bool = False  # whether that is their share of a file, or what they are in memory
    media_bytes_per_s: float | None = None
    fetch_s: Seconds | None = None  # one request, without the pause before it
    peak_mib: float | None = None
    peak_cores: int | None = None  # cores in use at that peak, one worker each
    save_clips_per_s: float | None = None  # that the one writing process stores, all stages


def measured(study: Study | None, folder: Path) -> Rates:
    """Rates of a study if it has results with speech or sound, else of the demo, else of the benchmark, in `folder`."""
    published = [(study.folder.published, f"the attempts of {study.file.name}")] if study else []
    published.append((folder / DEMO, "the attempts of the demo"))
    for path, origin in published:
        if path.is_file() and (found := of_results(path, origin)) is not None and found.stages:
            return with_bench(found, folder)
    profile = study.file.content.profile if study else "balanced"
    return with_bench(of_speed(folder / SPEED, profile) or Rates("nothing: no run on this machine was found"), folder)


def of_results(path: Path, origin: str) -> Rates | None:
    """Medians of what a study's clips took at each stage; None where an older version stored other columns."""
    try:
        with ResultsReader(path) as reader:
            lines = reader.arrow(STAGE_RATES, {}).to_pylist()
            clip = reader.arrow(CLIP_RATES, {}).to_pylist()[0]
            is_large = clip["clips"] >= LARGE_CLIPS and reader.holds_rows
            row_bytes = path.stat().st_size / clip["clips"] if is_large else _weigh(reader)
    except UserError:
        return None
    working = StudyFolder.at(path.parent).working
    most = max((line["clips"] for line in lines), default=0)
    return Rates(
        origin=f"{origin}: medians of up to {most:,} clips",
        stages={line["stage"]: line["per_minute"] * line["share"] for line in lines},
        clip_s=clip["clip_s"],
        row_bytes=row_bytes,
        working_bytes=working.stat().st_size / clip["clips"] if is_large and working.is_file() else row_bytes,
        rows_compressed=is_large,
        media_bytes_per_s=clip["media_bytes_per_s"],
        fetch_s=clip["fetch_s"],
    )


def _weigh(reader: ResultsReader) -> float | None:
    """Bytes of a clip's rows in memory, which are more than on disk; None without clips."""
    chosen = f"(SELECT clip_id FROM clips ORDER BY hash(clip_id) LIMIT {SAMPLE_CLIPS})"  # noqa: S608 - our own number
    clips = reader.arrow(f"FROM {chosen}", {}).num_rows
    kinds: list[type[Row]] = [*STUDY_ROWS, *(kind for stage in STAGES for kind in stage.tables), AttemptRow]
    names = {kind.table for kind in kinds}.intersection(reader.tables_with("clip_id"))
    rows = "FROM {name} SEMI JOIN {chosen} AS chosen USING (clip_id)"
    weight = sum(reader.arrow(rows.format(name=name, chosen=chosen), {}).nbytes for name in sorted(names))
    return weight / clips if clips else None


def of_speed(path: Path, profile: str) -> Rates | None:
    """What the benchmark of speed measured of a profile; None if it did not."""
    content = _read(path)
    line = next((one for one in content.get("contenders", ()) if one["name"] == profile), None)
    if line is None or not line["stages"]:
        return None
    minutes = content["audio_s"] / 60
    return Rates(
        origin=f"the benchmark of speed, profile {profile}: {content['clips']:,} clips",
        stages={stage: seconds / minutes for stage, seconds in line["stages"].items()},
        clip_s=content["audio_s"] / content["clips"],
    )


def with_bench(rates: Rates, folder: Path) -> Rates:
    """Rates with the memory and the writing that only benchmarks measure, where they ran."""
    import dataclasses

    speed, growth = _read(folder / SPEED), _read(folder / GROWTH)
    peaks = [one["peak_mib"] for one in speed.get("contenders", ()) if one["name"] == "balanced"]
    saves = growth.get("seconds", {}).get("save", {})
    largest = max(saves, key=int, default=None)
    return dataclasses.replace(
        rates,
        peak_mib=peaks[0] if peaks else None,
        peak_cores=speed["machine"]["cores"] if peaks else None,
        save_clips_per_s=BATCH_CLIPS / saves[largest] if largest else None,
    )


def _read(path: Path) -> dict[str, Any]:
    """A file of the benchmark; empty if it is not there."""
    if not path.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} cannot be read: measure again, or delete it") from error
    return content
