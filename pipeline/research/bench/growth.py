"""How the store grows.

`python -m pipeline.research.bench.growth` times stored studies of 1,000, 10,000 and 100,000 clips.

Each is a generated study with all stages passed. Timed are whole commands in processes of their own (`cliptone
--help`, `cliptone status`, a `cliptone run` that finds nothing to do, `cliptone report`), and inside one process the
saving of the outcomes of all stages for a batch of clips, its publication, and queries. Figures are medians of three.
The slope is that of a line through log(time) over log(clips) from 10,000 clips on: 0 does not grow, 1 grows as the
study does.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.records import Outcome, Row, Seconds, Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.research.bench.generated import NAME, generate
from pipeline.results.study import StudyReader
from pipeline.run.plan import plan_stages, setting_of
from pipeline.run.pseudonymise import post_rows
from pipeline.sources.formats.result import post_url
from pipeline.stage import StagePlan
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.pending import next_position
from pipeline.store.queries import get_query
from pipeline.store.store import Store
from pipeline.study.config import Study, StudyFile, load_study
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held

REPEATS = 3
BATCH_CLIPS = 32  # saved and published at a time
SLOPE_FROM = 10_000  # clips: below, what every command costs hides the growth
#: Queries that read most of a study: counts of words, speech regions, posts and attempts.
QUERIES = ("clip_overview", "tone_by_hashtag", "tone_by_author", "segment_overview", "collection_status", "funnel")
RESULTS = Path("outputs") / "bench" / "growth.json"
COMMAND = (sys.executable, "-c", "from pipeline.cli import main; main()")

Times = dict[str, list[Seconds]]  # by what was timed


@dataclass
class Growth:
    """The times of each size."""

    clips: list[int] = field(default_factory=list)
    times: dict[str, dict[int, Seconds]] = field(default_factory=dict)  # by what was timed, then by clips

    def add(self, clips: int, times: Times) -> None:
        """Keep the medians of one size."""
        self.clips.append(clips)
        for name, seconds in times.items():
            self.times.setdefault(name, {})[clips] = statistics.median(seconds)

    def slope(self, name: str) -> float | None:
        """Slope of log(time) over log(clips); None below two sizes that count."""
        points = [(math.log(n), math.log(t)) for n, t in self.times[name].items() if n >= SLOPE_FROM and t > 0]
        if len(points) < 2:
            return None
        return statistics.linear_regression(*zip(*points, strict=True)).slope

    def lines(self) -> Iterable[str]:
        """The table, line by line."""
        yield f"{'seconds':24}" + "".join(f"{clips:>12,}" for clips in self.clips) + f"{'slope':>8}"
        for name, times in self.times.items():
            slope = self.slope(name)
            cells = "".join(f"{times[clips]:>12.3f}" if clips in times else f"{'–':>12}" for clips in self.clips)
            yield f"{name:24}{cells}" + (f"{'–':>8}" if slope is None else f"{slope:>8.2f}")


def study_in(folder: Path, clips: int) -> Study:
    """The generated study of so many clips in a folder, made if it is not there."""
    path = folder / f"{clips}" / f"{NAME}.toml"
    return load_study(path, BY_NAME) if path.exists() else generate(path.parent, clips)


def measure(study: Study, with_report: bool) -> Times:
    """Every time of one study."""
    return {
        **measure_commands(study.file, with_report),
        **measure_writing(study),
        **measure_queries(study.folder),
    }


def measure_commands(file: StudyFile, with_report: bool) -> Times:
    """Whole commands, from the start of a process to its end; `cliptone run` finds nothing to do."""
    calls: dict[str, Sequence[str]] = {
        "help": ["--help"],
        "status": ["status", str(file.path)],
        "resume": ["run", str(file.path)],
    }
    times = {name: [timed(_command, arguments) for _ in range(REPEATS)] for name, arguments in calls.items()}
    if with_report:
        times["report"] = [timed(_command, ["report", str(file.path)])]  # once: it takes minutes
    return times


def measure_writing(study: Study) -> Times:
    """Batches of clips that are new through the database: every stage's outcomes saved, then all published."""
    found: Times = {"save": [], "publish": []}
    with held(study.folder), Store(study.folder.working, STAGES) as store:
        plans = plan_stages(study.file, setting_of(study))
        store.begin_run(version("cliptone"), study.file.digest, plans)
        like = _finished(store, plans[-1])
        for number in range(REPEATS):
            fresh = [f"tiktok:{store.run_id * 1_000 + number * BATCH_CLIPS + n}" for n in range(BATCH_CLIPS)]
            store.upsert_posts(post_rows(map(_listed, fresh), None), next_position(store.tables))
            names = dict(zip(like[number * BATCH_CLIPS :], fresh, strict=False))
            outcomes = [(plan, _outcomes(store, plan, names)) for plan in plans]
            store.follow(fresh)
            found["save"].append(timed(_save, store, outcomes))
            found["publish"].append(timed(store.publish, study.folder.published))
        store.end_run()
    return found


def measure_queries(folder: StudyFolder) -> Times:
    """Queries that read much, each in a reader of its own."""
    found: Times = {}
    for name in QUERIES:
        sql = get_query(name).sql
        for _ in range(REPEATS):
            with StudyReader(folder.published) as reader:
                found.setdefault(f"query {name}", []).append(timed(reader.arrow, sql, {}))
    return found


def timed(call: Callable[..., object], *arguments: object) -> Seconds:
    """How long a call takes."""
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def _command(arguments: Sequence[str]) -> None:
    subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)


def _finished(store: Store, plan: StagePlan) -> list[str]:
    """Clips that passed the last stage, as many as the batches need, from all over the study."""
    passed = sorted(store.passed(plan))
    return passed[:: max(1, len(passed) // (REPEATS * BATCH_CLIPS))]


def _listed(clip_id: str) -> SourcedPost:
    """A post that a listing has just found."""
    platform, _, post_id = clip_id.partition(":")
    post = Post(source="yt_dlp", platform=platform, post_id=post_id, url=post_url(platform, post_id))
    return SourcedPost(clip_id, Source("url", post.url or "", ""), post, Provenance("listing 1"))


def _outcomes(store: Store, plan: StagePlan, names: Mapping[str, str]) -> list[Outcome]:
    """What a stage gave for stored clips, as if it came from others; `names` tells which."""
    rows: dict[str, list[Row]] = {clip_id: [] for clip_id in names}
    for kind in plan.stage.tables:
        for row in store.tables.read(kind, list(names)):
            found: Any = row
            rows[found.clip_id].append(dataclasses.replace(found, clip_id=names[found.clip_id]))
    return [Outcome(names[clip_id], tuple(found), seconds=1.0) for clip_id, found in rows.items()]


def _save(store: Store, outcomes: Iterable[tuple[StagePlan, list[Outcome]]]) -> None:
    for plan, found in outcomes:
        store.save_all(plan, found)


def main(
    clips: Annotated[str, typer.Option(help="sizes, with commas between")] = "1000,10000,100000",
    folder: Annotated[Path | None, typer.Option(help="where the studies are kept; else they are deleted")] = None,
    report_up_to: Annotated[int, typer.Option(help="clips up to which `cliptone report` is timed")] = 100_000,
    results: Annotated[Path, typer.Option(help="where the figures go as JSON")] = RESULTS,
) -> None:
    """Print how long the store takes at each size, and how that grows."""
    growth = Growth()
    with tempfile.TemporaryDirectory() as name:
        for size in map(int, clips.split(",")):
            study = study_in(folder or Path(name), size)
            growth.add(size, measure(study, with_report=size <= report_up_to))
            typer.echo(f"measured {size:,} clips: {study.folder.published.stat().st_size / 1e9:.2f} GB published")
    typer.echo("\n".join(growth.lines()))
    slopes = {name: growth.slope(name) for name in growth.times}
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps({"seconds": growth.times, "slopes": slopes}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
