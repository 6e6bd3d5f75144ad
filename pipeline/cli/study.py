"""Commands of a study: run the demo, create a study, run it, show its status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import EXIT_CODES, app
from pipeline.cli.arguments import StudyArgument, find_study, load
from pipeline.cli.output import console, show
from pipeline.cli.stopping import seconds_of
from pipeline.errors import Stopped, UserError
from pipeline.records.counted import counted
from pipeline.study.config import StudyFile
from pipeline.study.folder import StudyFolder

if TYPE_CHECKING:
    from pipeline.run.progress import RunSummary
    from pipeline.study.config import Study


@app.command()
def demo(folder: Annotated[Path, typer.Argument(help="folder for the demo study")] = Path("outputs/demo")) -> None:
    """Copy a small study of real clips, run it, and show what comes out."""
    from pipeline.study.demo.study import TRUE_TEXTS, copy_demo

    study_file = copy_demo(folder)
    is_new = _run(load(study_file), (), retry_failed=False)
    study = load(study_file)
    _print_overview(study.folder)
    if is_new:
        _check_transcripts(study.folder, folder / TRUE_TEXTS)
    _where_next(study)


@app.command()
def init(name: Annotated[str, typer.Argument(help="name of the study: letters, digits, - and _")]) -> None:
    """Write a commented study file."""
    from pipeline.stages import BY_NAME
    from pipeline.study.config import NAME
    from pipeline.study.template import study_template

    path = Path(f"{name}.toml")
    if not NAME.fullmatch(name):
        raise UserError(f"a study's name may hold letters, digits, - and _ alone, not {name!r}")
    if path.exists():
        raise UserError(f"{path} is there already: choose another name, or delete that file first")
    path.write_text(study_template(name, BY_NAME), encoding="utf-8")
    console().print(f"Wrote {path}. Name your clips in it under [[sources]], then: cliptone run {path}", markup=False)


@app.command(epilog=EXIT_CODES)
def run(
    study: StudyArgument = None,
    stage: Annotated[list[str] | None, typer.Option(help="run only this stage (may be given several times)")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="also score with this tone model in this run, as in heads/sarcasm")
    ] = None,
    retry_failed: Annotated[bool, typer.Option(help="also try clips again whose failure is permanent")] = False,
    engine: Annotated[str | None, typer.Option(help="where stages run: local, or ray for a cluster")] = None,
    address: Annotated[str | None, typer.Option(help="auto for the Ray cluster of this machine, or HOST:PORT")] = None,
    shard: Annotated[
        str | None, typer.Option(help="work on one part of the clips alone, as in 2/8: see cliptone merge")
    ] = None,
    stop_after: Annotated[
        str | None, typer.Option(help="stop after so long, as in 8h (s, m, h or d); the next run goes on")
    ] = None,
) -> None:
    """Run what is pending in a study; safe to stop at any moment, the next run goes on."""
    seconds = seconds_of(stop_after) if stop_after else None
    loaded = load(find_study(study))
    if model:
        loaded = _with_models(loaded, model)
    if engine or address:
        loaded = _with_engine(loaded, engine or "ray", address)
    if shard:
        loaded = _as_shard(loaded, shard)
    _run(loaded, tuple(stage or ()), retry_failed, seconds)
    then = "cliptone merge, once all shards have run" if shard else "cliptone query clip_overview · cliptone report"
    console().print(f"See: cliptone status · {then}", style="dim")


def _as_shard(study: Study, shard: str) -> Study:
    """A study as one of its shards."""
    from pipeline.run.shards.prepare import part_of
    from pipeline.study.shard import shard_named

    return part_of(study, shard_named(shard))


def _with_engine(study: Study, engine: str, address: str | None) -> Study:
    """A study with another engine than its file names; its results are the same."""

    from pipeline.study.config import RunOptions

    if engine not in ("local", "ray"):
        raise UserError(f"there is no engine {engine!r}; there are: local, ray")
    if engine == "local" and address:
        raise UserError("--address is for --engine ray")
    run = study.file.run
    ray = run.ray.model_copy(update={"address": address or run.ray.address})
    changed: RunOptions = run.model_copy(update={"engine": engine, "ray": ray})
    return study.with_run(changed)


def _with_models(study: Study, names: list[str]) -> Study:
    """A study whose stage emotion has these models too; a later run follows the study file again, and says so."""

    from pydantic import ValidationError

    from pipeline.results.evaluation.study_head import study_line

    emotion = study.file.options["emotion"]
    stated = getattr(emotion, "models", ())
    line = study_line((*stated, *names))
    try:
        wanted = type(emotion).model_validate(
            {**emotion.model_dump(), "models": tuple(dict.fromkeys((*stated, *names)))}
        )
    except ValidationError as error:
        raise UserError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    if set(names) - set(stated):
        console().print(
            f"The next run follows {study.file.path.name} again: to keep these scores, write under [emotion]: {line}",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    return study.with_options("emotion", wanted)


@app.command()
def status(
    study: StudyArgument = None,
    collection: Annotated[
        bool, typer.Option("--collection", help="show what became of every post, by platform, source and reason")
    ] = False,
) -> None:
    """Show how far a study is: each stage's clips done, failed by reason, and pending."""
    from pipeline.cli.display import status_table
    from pipeline.run.status import retryable, study_status

    loaded = load(find_study(study))
    if collection:
        _collection(loaded)
        return
    found = study_status(loaded)
    rows = [(line.stage, line.done, line.failed, line.pending, line.not_reached) for line in found]
    console().print(status_table(rows))
    again = sum(retryable(line.failed) for line in found)
    if again:
        console().print(f"{counted(again, 'failure is', 'failures are')} transient: a later run tries again.")
    _days_left(loaded.file)


def _collection(study: Study) -> None:
    from pipeline.run.status import time_left

    show(lambda reader: reader.arrow("FROM collection_status", {}), study.folder.published, "table", None)
    for platform, seconds in time_left(study).items():
        console().print(f"{platform}: about {seconds / 60:.0f} min left at the study's pace", markup=False)
    _warn_of_age(study.file)


def _days_left(file: StudyFile) -> None:
    """Print how long a study may be kept, where its file states that."""
    from pipeline.study.retention_day import days_left

    left, until = days_left(file), file.privacy.retain_until
    if left is not None and left >= 0:
        console().print(f"To be kept until {until}: {counted(left, 'day')} left.", highlight=False)
    elif left is not None:
        console().print(
            f"Kept {counted(-left, 'day')} beyond {until}: cliptone expire {file.path.name}", highlight=False
        )


def _warn_of_age(file: StudyFile) -> None:
    """Print a warning if yt-dlp is old, where a study fetches posts."""
    from pipeline.sources.platforms.tool_versions import age_warning

    warning = age_warning()
    if warning and any(not (source.folder or source.glob) for source in file.sources):
        console().print(warning, markup=False)


def _run(study: Study, stages: tuple[str, ...], retry_failed: bool, stop_after_s: float | None = None) -> bool:
    """Run a study and print how it went; gives whether anything was pending."""
    from pipeline.cli import stopping
    from pipeline.study import audit_log
    from pipeline.study.retention_day import refuse_after_last_day

    refuse_after_last_day(study.file)
    try:
        from pipeline.cli.display import ProgressBar
        from pipeline.cli.sentences import report_lines
        from pipeline.run.runner import run_study

        _warn_of_age(study.file)
        with stopping.after(stop_after_s), ProgressBar(console()) as bar:
            report = run_study(study, bar, stages, retry_failed)
    except KeyboardInterrupt as stop:
        if study.folder.working.exists():
            audit_log.note(study.folder, "run", {"ended": "stopped"})
        if isinstance(stop, stopping.TimeUp):
            console().print("The time is up: what was done is saved, and the next run goes on from here.")
            return True
        raise Stopped("stopped; what was done is saved, and the next run goes on from here") from None
    if not report.idle:
        audit_log.note(study.folder, "run", _audit_counts(report))
    console().print(report_lines(report), markup=False)
    return not report.idle


def _audit_counts(report: RunSummary) -> dict[str, int | str]:
    """What a run did, for the audit log."""
    failed = sum(sum(reasons.values()) for reasons in report.failed.values())
    return {"listed": report.listed, "new": report.new, "passed": sum(report.passed.values()), "failed": failed}


def _print_overview(folder: StudyFolder) -> None:
    from pipeline.cli.display import overview_table
    from pipeline.results.study import StudyReader
    from pipeline.store.queries import get_query

    with StudyReader(folder.published) as reader:
        rows = reader.arrow(get_query("clip_overview").sql, {}).to_pylist(maps_as_pydicts="strict")
    screen = console()
    screen.print(overview_table(sorted(rows, key=lambda row: row["file_name"] or row["clip_id"]), screen.width))


def _check_transcripts(folder: StudyFolder, true_texts: Path) -> None:
    """Compare the demo's transcripts with the true ones, and store the figures."""
    from pipeline.results.evaluation.groups import ALL
    from pipeline.results.evaluation.transcripts import evaluate_transcripts

    for row in evaluate_transcripts(folder, true_texts).rows:
        if (row.grouping, row.measure) == (ALL, "wer") and row.value is not None:
            console().print(
                f"{row.value:.1%} of the true words of {counted(row.n, 'clip')} were heard wrong (cliptone evaluate "
                f"--transcripts {true_texts}; table evaluations).\n",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def _where_next(study: Study) -> None:
    from pipeline.store.queries import shipped_folder

    lines = (
        "Perceived tone is how a voice sounds to a model trained on acted speech, not what a person feels.",
        "",
        f"database   {study.folder.published}",
        f"queries    {shipped_folder('queries')}   (cliptone query clip_tone · cliptone query tone_by_hashtag)",
        f"notebooks  {shipped_folder('notebooks')}   (start with 01_first_look.ipynb)",
        f"look       cliptone report {study.file.path}   (pages with a player, to open from disk)",
        "your own   cliptone init my-study",
    )
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
