"""How long every query takes.

`python -m pipeline.research.bench.queries STUDY` runs all of `queries/` over a study's results.

The time is what a researcher waits for: from the statement to all of its rows as an Arrow table. Where that would be
more than half a million rows, nobody looks at all of them: then it is the longer of two times, to the first 1,000 rows
in the query's order and to the count of all rows. Parameters have the example or default of the query's header; a clip
and an author are taken from the study. Each query has a process of its own, in which DuckDB may use 4 GiB; one round
warms up, and the median of the others counts. The time of the processor stands beside it: where it is well below the
time times the cores that DuckDB may use, something else kept the machine busy.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import CliptoneError, StoreError, UserError
from pipeline.records import Seconds
from pipeline.store.queries import Query, read_queries
from pipeline.store.reader import ResultsReader, published_path

BUDGET: Seconds = 1.0
SEARCH_BUDGET: Seconds = 2.0  # of full-text search and similarity
SEARCHES = ("find_text", "search_words", "similar_")
MEMORY_MIB = 4 * 1024  # of DuckDB, and of the whole process
MANY_ROWS = 500_000
FIRST_ROWS = 1_000
RSS_PER_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024  # `ru_maxrss` is in bytes there, in KiB elsewhere
#: Values that only a study knows: the author with the most clips, and a clip with an embedding and words.
FROM_THE_STUDY = {
    "author": """
        SELECT author_key FROM clips
        WHERE author_key IS NOT NULL GROUP BY author_key ORDER BY count(*) DESC, author_key LIMIT 1
    """,
    "clip": """
        SELECT min(speech_embeddings.clip_id) FROM speech_embeddings
        JOIN transcripts USING (clip_id)
        WHERE embedding IS NOT NULL AND transcripts.text IS NOT NULL
    """,
}


@dataclass(frozen=True, slots=True)
class Timing:
    """What one query took."""

    name: str
    rows: int
    measure: str  # what was waited for: all rows, or the slower of the first 1,000 rows and the count
    seconds: Seconds  # median
    cpu_s: Seconds  # median of the time of all cores, of the same statement
    peak_mib: float  # highest resident memory of its process

    @property
    def budget(self) -> Seconds:
        """What it may take at most."""
        return SEARCH_BUDGET if self.name.startswith(SEARCHES) else BUDGET

    @property
    def is_over(self) -> bool:
        """Whether it took too long, or too much memory."""
        return self.seconds > self.budget or self.peak_mib > MEMORY_MIB


def time_queries(study: Path, rounds: int, names: Sequence[str] = ()) -> Iterator[Timing]:
    """Time these queries, or all, one after the other; `StoreError` where the study has no results."""
    path = published_path(study)
    if not path.is_file():
        raise StoreError(f"there are no results at {path} yet: run the study first (`cliptone run STUDY.toml`)")
    queries = read_queries()
    if unknown := sorted(set(names) - queries.keys()):
        raise UserError(f"there is no query {unknown[0]!r}; there are: {', '.join(queries)}")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, max_tasks_per_child=1, mp_context=spawn) as pool:
        for name in names or queries:
            yield pool.submit(time_query, path, queries[name], rounds).result()


def time_query(path: Path, query: Query, rounds: int) -> Timing:
    """Time one query; its process should run nothing else, for the memory is that of the process."""
    try:
        with ResultsReader(path) as reader:
            reader.rows(f"SET memory_limit = '{MEMORY_MIB}MiB'")
            reader.rows("SET enable_progress_bar = false")
            parameters = query.bind(_values(reader, query))
            counting = f"SELECT count(*) FROM ({query.sql})"  # noqa: S608 - our own query
            rows = int(reader.rows(counting, **parameters)[0][0])
            measure, statements = "all rows", [query.sql]
            if rows > MANY_ROWS:
                first = f"FROM ({query.sql}) LIMIT {FIRST_ROWS}"
                measure, statements = f"first {FIRST_ROWS:,} or count", [first, counting]
            seconds, cpu_s = max(_medians(reader, statement, parameters, rounds) for statement in statements)
    except UserError as error:
        what = str(error).splitlines()[0]
        raise UserError(f"{query.name} cannot run on {path}: {what}; `cliptone run` renews its views") from error
    return Timing(query.name, rows, measure, seconds, cpu_s, _peak_mib())


def _peak_mib() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux `ru_maxrss` would begin at the peak of whoever started this process
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_PER_MIB


def _values(reader: ResultsReader, query: Query) -> dict[str, str]:
    """A value for each parameter: the example of the header, or one of the study's own."""
    values = {}
    for parameter in query.described:
        value = parameter.example
        if parameter.name in FROM_THE_STUDY:
            value = reader.rows(FROM_THE_STUDY[parameter.name])[0][0]
        if value is not None:
            values[parameter.name] = str(value)
    return values


def _medians(reader: ResultsReader, statement: str, parameters: dict[str, str], rounds: int) -> tuple[Seconds, Seconds]:
    """The median times of clock and processor to all rows of a statement; the first round warms up."""
    times = []
    for _ in range(rounds + 1):
        began, began_cpu = time.perf_counter(), time.process_time()
        reader.arrow(statement, parameters)
        times.append((time.perf_counter() - began, time.process_time() - began_cpu))
    wall, cpu = zip(*times[1:], strict=True)
    return statistics.median(wall), statistics.median(cpu)


def table(timings: Iterable[Timing]) -> Iterator[str]:
    """The table, line by line, as the times come in."""
    yield f"{'query':24}{'rows':>11}{'median s':>10}{'CPU s':>8}{'budget s':>10}{'peak MiB':>10}  measure"
    for timing in timings:
        yield (
            f"{timing.name:24}{timing.rows:>11,}{timing.seconds:>10.2f}{timing.cpu_s:>8.2f}{timing.budget:>10.0f}"
            f"{timing.peak_mib:>10,.0f}  {timing.measure}{'  OVER' if timing.is_over else ''}"
        )


def main(
    study: Annotated[Path, typer.Argument(help="study file, its folder of results, or its database")],
    rounds: Annotated[int, typer.Option(help="times that each query runs, after one to warm up", min=1)] = 5,
    only: Annotated[list[str] | None, typer.Option(help="name of a query; several times for several")] = None,
) -> None:
    """Time all queries over a study, print the table, and end with code 1 if any is over its budget."""
    over = 0

    def counted(timings: Iterable[Timing]) -> Iterator[Timing]:
        nonlocal over
        for timing in timings:
            over += timing.is_over
            yield timing

    try:
        with ResultsReader(study) as reader:
            threads, release = reader.rows("SELECT current_setting('threads'), version()")[0]
        within = f"within {MEMORY_MIB / 1024:.0f} GiB on {threads} threads"
        typer.echo(f"DuckDB {release} {within}; medians of {rounds} rounds")
        for line in table(counted(time_queries(study, rounds, only or ()))):
            typer.echo(line)
    except CliptoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{over} over budget" if over else "all within budget")
    raise typer.Exit(int(over > 0))


if __name__ == "__main__":
    typer.run(main)
