"""What a Ray cluster costs on one machine.

`python -m pipeline.research.bench.engines` runs a study with each engine, in turn.

The clips are those of `pipeline.research.bench.corpus`. Times are of whole commands, from the start of the process to
its end; what Ray needs to start and stop is timed apart too, as it does not grow with a study. The tables of both
engines are compared at the end. Figures go to `outputs/bench/engines.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.records import Seconds
from pipeline.research.bench import corpus, meter
from pipeline.run.executors.ray_actors import RayExecutor
from pipeline.stages import STAGES
from pipeline.store.reader import ResultsReader
from pipeline.study.config import RayOptions

OUTPUT = Path("outputs/bench")
ENGINES = ("local", "ray")
COMMAND = "import sys; from pipeline.cli import main; sys.exit(main())"
STUDY = """\
schema = 1
name = "engines"
output = "{output}"
[[sources]]
folder = "{clips}"
[run]
engine = "{engine}"
workers = {workers}
"""


def some_clips(folder: Path, clips: int, built: Path) -> None:
    """A folder of so many clips of the corpus, of every kind."""
    references = corpus.build(built)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    count = min(clips, len(references))
    for number in range(count):
        file = references[number * len(references) // count].file
        shutil.copyfile(built / file, folder / file)


def run_once(engine: str, clips: Path, workers: int, scratch: Path) -> Seconds:
    """Run a fresh study with one engine; how long the command took."""
    output = scratch / engine
    shutil.rmtree(output, ignore_errors=True)
    study = scratch / f"{engine}.toml"
    study.write_text(STUDY.format(output=output, clips=clips, engine=engine, workers=workers), encoding="utf-8")
    command = [sys.executable, "-c", COMMAND, "run", str(study)]
    return meter.run(command, {"PYTHONWARNINGS": "ignore"}, scratch / f"{engine}.log").wall_s


def start_and_stop(workers: int) -> Seconds:
    """How long a Ray of this machine takes to start, with no worker, and to end."""
    began = time.perf_counter()
    RayExecutor([], RayOptions(), workers).close()
    return time.perf_counter() - began


def differing(one: Path, other: Path) -> list[str]:
    """Tables of stages that are not the same in two studies, in any order of rows."""
    tables = ["clips", *(kind.table for stage in STAGES for kind in stage.tables)]
    found: list[dict[str, list[Any]]] = []
    for study in (one, other):
        with ResultsReader(study) as reader:
            found.append({table: reader.rows(f"FROM {table} ORDER BY ALL") for table in tables})
    return [table for table in found[0] if found[0][table] != found[1][table]]


def lines(times: dict[str, list[Seconds]], start_s: Seconds, clips: int, differ: Sequence[str]) -> list[str]:
    """What was measured, in words."""
    local, ray = (statistics.median(times[engine]) for engine in ENGINES)
    rounds = len(times["ray"])
    return [
        f"{clips} clips: local {local:.1f} s, ray {ray:.1f} s, ratio {ray / local:.2f} (medians of {rounds} rounds)",
        f"of Ray's time {start_s:.1f} s are its start and end; without them the ratio is {(ray - start_s) / local:.2f}",
        f"tables that differ: {', '.join(differ) or 'none'}",
    ]


def main(
    clips: Annotated[int, typer.Option(help="clips of the study")] = 60,
    rounds: Annotated[int, typer.Option(help="how often each engine runs")] = 3,
    workers: Annotated[int, typer.Option(help="workers of each engine")] = os.cpu_count() or 1,
    output: Annotated[Path, typer.Option(help="where everything is written")] = OUTPUT,
) -> None:
    """Measure, print, and write JSON."""
    scratch, folder = (output / "scratch").absolute(), (output / "engine_clips").absolute()
    scratch.mkdir(parents=True, exist_ok=True)
    some_clips(folder, clips, output / "clips")
    times: dict[str, list[Seconds]] = {engine: [] for engine in ENGINES}
    for number in range(rounds):
        for engine in ENGINES:
            times[engine].append(run_once(engine, folder, workers, scratch))
            typer.echo(f"round {number + 1}: {engine:5} {times[engine][-1]:7.1f} s")
    start_s = statistics.median(start_and_stop(workers) for _ in range(rounds))
    differ = differing(*(scratch / engine for engine in ENGINES))
    typer.echo("\n".join(lines(times, start_s, clips, differ)))
    found = {"clips": clips, "workers": workers, "seconds": times, "ray_start_s": start_s, "tables_that_differ": differ}
    (output / "engines.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
