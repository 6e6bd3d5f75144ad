"""How fast cliptone is beside what one would wire together: `python -m pipeline.research.bench.speed`, or `make bench`.

All contenders run on the same clips, each in its own process, in turn, several rounds; the figures are medians.
Results go to `outputs/bench/` as JSON and a picture, and into the table of `pipeline/research/README.md`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.openai_engine import checkpoint
from pipeline.records import Seconds
from pipeline.research.bench import corpus, meter, random_classifier
from pipeline.research.bench.corpus import Reference
from pipeline.research.bench.limit import Limit, limit_of
from pipeline.research.bench.show import PAGE, draw, markdown, show
from pipeline.research.docs.documents import replace_in
from pipeline.results.evaluation.transcripts import compare
from pipeline.store.reader import ResultsReader

OUTPUT = Path("outputs/bench")
STUDY = """\
name = "bench"
output = "{output}"
profile = "{profile}"
[[sources]]
folder = "{clips}"
[emotion]
models = ["{tone}"]
[run]
models_folder = "{models}"
"""
BY_HAND, ONE_PROCESS, BALANCED = "by hand", "one process", "balanced"
CLIPTONE = "import sys; from pipeline.cli import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies."""

    clips: Path
    models: Path
    scratch: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """One way from clips to a table: how to start it, and what it heard."""

    name: str
    about: str
    command: Callable[[Bench], list[str]]
    texts: Callable[[Bench], dict[str, str]]
    stages: Callable[[Bench], dict[str, Seconds]] = field(default=lambda _: {})


@dataclass
class Result:
    """What the rounds of one contender gave."""

    name: str
    about: str
    costs: list[meter.Cost] = field(default_factory=list)
    word_errors: dict[str, tuple[int, int]] = field(default_factory=dict)  # errors and true words, by kind
    stages: dict[str, Seconds] = field(default_factory=dict)  # of work, all clips together

    def median(self, what: str) -> float:
        """The median over rounds of one field of the costs."""
        return float(statistics.median(getattr(cost, what) for cost in self.costs))

    def error_rate(self) -> float | None:
        """Word errors over true words of all clips with references; None without one."""
        errors, words = (sum(column) for column in zip(*self.word_errors.values(), strict=True))
        return errors / words if words else None


def by_hand(bench: Bench) -> list[str]:
    """`whisper` and SpeechBrain file by file."""
    weights, tone = checkpoint("whisper-base"), random_classifier.folder_of(bench.models)
    script = [
        sys.executable,
        "-m",
        "pipeline.research.bench.by_hand",
        str(bench.clips),
        str(bench.scratch / "by_hand.csv"),
    ]
    return [*script, "--checkpoint", str(weights), "--classifier", str(tone)]


def one_process(bench: Bench) -> list[str]:
    """faster-whisper and SpeechBrain in one process."""
    weights, tone = model_cache.locate("whisper-base"), random_classifier.folder_of(bench.models)
    table = bench.scratch / "one_process.csv"
    script = [sys.executable, "-m", "pipeline.research.bench.one_process", str(bench.clips), str(table)]
    return [*script, "--weights", str(weights), "--classifier", str(tone)]


def table_of(name: str) -> Callable[[Bench], dict[str, str]]:
    """The texts that a script wrote to its CSV file."""

    def read(bench: Bench) -> dict[str, str]:
        import pandas as pd

        rows = pd.read_csv(bench.scratch / f"{name}.csv", keep_default_na=False)
        return dict(zip(rows["file"], rows["text"], strict=True))

    return read


def cliptone(profile: str, tone: str = "starter") -> Contender:
    """`cliptone run` on a study of the clips."""
    name = profile if tone == "starter" else f"{profile}, wav2vec 2.0"

    def command(bench: Bench) -> list[str]:
        random_classifier.folder_of(bench.models)
        output = bench.scratch / name.replace(", ", "_").replace(" ", "_")
        shutil.rmtree(output, ignore_errors=True)
        study = output.with_suffix(".toml")
        places = {"output": output, "clips": bench.clips.absolute(), "models": bench.models.absolute()}
        study.write_text(STUDY.format(profile=profile, tone=tone, **places), encoding="utf-8")
        script = ["-c", CLIPTONE] if tone == "starter" else ["-m", "pipeline.research.bench.with_stand_in"]
        return [sys.executable, *script, "run", str(study)]

    def ask(bench: Bench, sql: str) -> dict[str, Any]:
        output = bench.scratch / name.replace(", ", "_").replace(" ", "_")
        with ResultsReader(output) as reader:
            return dict(reader.rows(sql))

    return Contender(
        name,
        f"cliptone, profile {profile}" + ("" if tone == "starter" else ", SpeechBrain's classifier of random weights"),
        command,
        lambda bench: ask(bench, "SELECT replace(clip_id, 'file:', ''), coalesce(text, '') FROM transcripts"),
        lambda bench: ask(bench, "SELECT stage, sum(seconds) FROM attempts WHERE status = 'ok' GROUP BY stage"),
    )


CONTENDERS = (
    Contender(BY_HAND, "`whisper` and SpeechBrain for each file", by_hand, table_of("by_hand")),
    Contender(ONE_PROCESS, "faster-whisper and SpeechBrain, loaded once", one_process, table_of("one_process")),
    cliptone("reference"),
    cliptone(BALANCED),
    cliptone("fast"),
    cliptone(BALANCED, random_classifier.NAME),
)


def race(
    bench: Bench, contenders: Sequence[Contender], references: Sequence[Reference], rounds: int, by_hand_rounds: int
) -> Iterator[list[Result]]:
    """Run all contenders in turn, as many rounds as asked; yields what is known after each round."""
    results = {one.name: Result(one.name, one.about) for one in contenders}
    tools = _path_with_ffmpeg(bench.scratch)
    for number in range(rounds):
        for one in contenders:
            if one.name == BY_HAND and number >= by_hand_rounds:
                continue
            environment = {"PATH": tools, "CLIPTONE_STAND_IN": str(bench.models), "PYTHONWARNINGS": "ignore"}
            cost = meter.run(one.command(bench), environment, bench.scratch / f"{one.name}.log")
            result = results[one.name]
            result.costs.append(cost)
            typer.echo(f"round {number + 1}: {one.name:24} {cost.wall_s:7.1f} s, {cost.peak_mib:5.0f} MiB")
            result.word_errors = _word_errors(one.texts(bench), references)
            result.stages = one.stages(bench)
        yield list(results.values())


def _word_errors(texts: Mapping[str, str], references: Sequence[Reference]) -> dict[str, tuple[int, int]]:
    """Errors and true words by kind of clip; a clip without a text has all its words wrong."""
    found: dict[str, tuple[int, int]] = {}
    for reference in corpus.scored(references):
        errors, words, _, _ = compare(reference.text, texts.get(reference.file, ""), reference.language)
        before = found.get(reference.kind, (0, 0))
        found[reference.kind] = (before[0] + errors, before[1] + words)
    return found


def _path_with_ffmpeg(scratch: Path) -> str:
    """The search path with the pinned ffmpeg under its plain name, which openai-whisper calls."""
    import imageio_ffmpeg

    folder = scratch / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "ffmpeg").exists():
        (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    return f"{folder.absolute()}{os.pathsep}{os.environ['PATH']}"


def report(results: Sequence[Result], references: Sequence[Reference], limit: Limit) -> dict[str, Any]:
    """Everything measured, as it is written to JSON."""
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "clips": len(references),
        "audio_s": sum(reference.seconds for reference in references),
        "utterances": sum(reference.utterances for reference in corpus.scored(references)),
        "limit": dataclasses.asdict(limit),
        "contenders": [
            {**dataclasses.asdict(result), "wer": result.error_rate(), "wall_s": result.median("wall_s"),
             "cpu_s": result.median("cpu_s"), "peak_mib": max(cost.peak_mib for cost in result.costs)}
            for result in results
        ],
    }  # fmt: skip


def main(
    rounds: Annotated[int, typer.Option(help="how often each contender runs")] = 3,
    by_hand_rounds: Annotated[int, typer.Option(help="how often the slowest of them runs, by hand")] = 3,
    only: Annotated[str, typer.Option(help="contenders, separated by ;")] = "",
    output: Annotated[Path, typer.Option(help="where everything is written")] = OUTPUT,
    readme: Annotated[bool, typer.Option(help="renew the table of pipeline/research/README.md")] = False,
) -> None:
    """Measure, print, draw, and write JSON."""
    bench = Bench(output / "clips", output / "models", (output / "scratch").absolute())
    bench.scratch.mkdir(parents=True, exist_ok=True)
    references = corpus.build(bench.clips)
    chosen = [one for one in CONTENDERS if not only or one.name in only.split(";")]
    limit = limit_of(references)
    measured: dict[str, Any] = {}
    for results in race(bench, chosen, references, rounds, by_hand_rounds):  # hours, in which a machine can be lost
        measured = report(results, references, limit)
        (output / "speed.json").write_text(json.dumps(measured, indent=1), encoding="utf-8")
    show(measured)
    draw(measured, output / "speed.png")
    if readme:
        replace_in(PAGE, "speed", markdown(measured))


if __name__ == "__main__":
    typer.run(main)
