"""How busy a cluster is.

`python -m pipeline.research.bench.chunks STUDY.duckdb` plays a long run on many workers by calculation.

What each clip took at each stage comes from a study that was run; clips drawn from it make up a longer study, whose
batches go to whichever worker is free, as the executors hand them out. At the end of a stage workers wait for the last
one. The share of time that they are busy is given for chunks of the usual size and for those of a Ray cluster, with the
stages one after another, and with those that do not need each other side by side. The time of the one writer is left
out, so this is what chunks allow, not what a cluster reached.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.records import Seconds
from pipeline.run.chunk import side_by_side
from pipeline.run.executors import CHUNK_CLIPS
from pipeline.run.executors.ray_actors import CLIPS_A_WORKER
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.reader import ResultsReader

CLIPS = 8_192  # of the study that is played
WORKERS = (2, 16, 64)

Times = dict[str, dict[str, Seconds]]  # by stage, then by clip


def times_of(published: Path) -> Times:
    """What each clip took at each stage that it passed."""
    found: Times = {}
    with ResultsReader(published) as reader:
        attempts = "SELECT stage, clip_id, seconds FROM attempts WHERE status = 'ok' ORDER BY stage, clip_id"
        for stage, clip_id, seconds in reader.rows(attempts):
            found.setdefault(stage, {})[clip_id] = seconds
    return found


def span(batches: Iterable[Seconds], workers: int) -> Seconds:
    """From the first batch to the end of the last, each given to the worker that is free first."""
    free_at = [0.0] * workers
    for seconds in batches:
        heapq.heapreplace(free_at, free_at[0] + seconds)
    return max(free_at)


def busy_share(times: Times, groups: Sequence[Sequence[type[Stage]]], workers: int, chunk_clips: int) -> float:
    """The share of their time that workers are busy, over a study of `CLIPS` clips drawn from those of `times`."""
    draw = random.Random(0)  # noqa: S311 - the same study every time, nothing secret
    known = sorted({clip_id for clips in times.values() for clip_id in clips})
    drawn = draw.choices(known, k=CLIPS)
    worked = elapsed = 0.0
    for start in range(0, CLIPS, chunk_clips):
        chunk = drawn[start : start + chunk_clips]
        for group in groups:
            batches = [times.get(stage.name, {}).get(clip_id, 0.0) for stage in group for clip_id in chunk]
            worked += sum(batches)
            elapsed += span(batches, workers)
    return worked / (workers * elapsed)


def main(published: Annotated[Path, typer.Argument(help="the published database of a study that was run")]) -> None:
    """Print the shares."""
    times = times_of(published)
    typer.echo(f"{'workers':>8}{'clips a chunk':>14}{'one by one':>12}{'side by side':>14}")
    for workers in WORKERS:
        for chunk_clips in sorted({CHUNK_CLIPS, max(CHUNK_CLIPS, CLIPS_A_WORKER * workers)}):
            shares = [
                busy_share(times, groups, workers, chunk_clips)
                for groups in ([[stage] for stage in STAGES], side_by_side(STAGES))
            ]
            typer.echo(f"{workers:>8}{chunk_clips:>14,}{shares[0]:>12.0%}{shares[1]:>14.0%}")


if __name__ == "__main__":
    typer.run(main)
