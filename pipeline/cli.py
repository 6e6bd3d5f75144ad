"""The command `cliptone`: parse, call, print. The only place that prints or exits."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.errors import CliptoneError, DiskFull, Stopped, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.config import Study

FIRST_ROWS = 5  # of an export
CELL_CHARACTERS = 100  # of a text in a table on the screen; files keep all
EXIT_USER = 2  # a mistake that the user can mend
EXIT_DISK_FULL = 74  # as sysexits.h has it for input/output errors
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="From short social-media videos to a table of what was said, how it sounded, and how sure we are.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Every model: source, licence, what it was trained on, and whether it is here.")
app.add_typer(models_app, name="models")

Form = Literal["table", "csv", "json", "parquet"]
StudyArgument = Annotated[Path | None, typer.Argument(help="study file; may be left out where there is only one")]
StudyOption = Annotated[Path | None, typer.Option("--study", "-s", help="study file, folder of results, or database")]
FormOption = Annotated[Form, typer.Option("--format", "-f", help="how to show the result")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="write to this file instead")]


def main() -> None:
    """Run the command; every expected error is one sentence on standard error and an exit code."""
    try:
        app(standalone_mode=True)
    except DiskFull as error:
        _fail(str(error), EXIT_DISK_FULL)
    except UserError as error:
        _fail(str(error), EXIT_USER)
    except Stopped as error:
        _fail(str(error), EXIT_INTERRUPTED)
    except CliptoneError as error:
        _fail(str(error), 1)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail("the disk is full: make room and try again; what was stored is safe", EXIT_DISK_FULL)
        if error.filename is None:
            raise
        _fail(f"{error.filename} cannot be read or written: {(error.strerror or str(error)).lower()}", EXIT_USER)


@app.command()
def demo(folder: Annotated[Path, typer.Argument(help="where to put the demo study")] = Path("outputs/demo")) -> None:
    """Copy a small study of real clips, run it, and show what comes out."""
    from pipeline.demo.study import copy_demo

    study_file = copy_demo(folder)
    _run(_load(study_file), (), retry_failed=False)
    study = _load(study_file)
    _overview(study)
    _where_next(study)


@app.command()
def init(name: Annotated[str, typer.Argument(help="name of the study: letters, digits, - and _")]) -> None:
    """Write a commented study file."""
    from pipeline.config import NAME
    from pipeline.stages import BY_NAME
    from pipeline.study_template import study_template

    path = Path(f"{name}.toml")
    if not NAME.fullmatch(name):
        raise UserError(f"a study's name may hold letters, digits, - and _ alone, not {name!r}")
    if path.exists():
        raise UserError(f"{path} is there already: choose another name, or delete it first")
    path.write_text(study_template(name, BY_NAME), encoding="utf-8")
    _console().print(f"Wrote {path}. Name your clips in it under [[sources]], then: cliptone run {path}", markup=False)


@app.command()
def run(
    study: StudyArgument = None,
    stage: Annotated[list[str] | None, typer.Option(help="run only this stage (may be given several times)")] = None,
    retry_failed: Annotated[bool, typer.Option(help="try clips again whose failure is final otherwise")] = False,
) -> None:
    """Run what is pending in a study; safe to stop at any moment, the next run goes on."""
    loaded = _load(_find_study(study))
    _run(loaded, tuple(stage or ()), retry_failed)
    _console().print("See: cliptone status · cliptone query clip_overview", style="dim")


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="an export of another tool, or a folder of yt-dlp's .info.json files")],
    donor: Annotated[str | None, typer.Option(help="a code for whoever donated the data, never a name")] = None,
    platform: Annotated[str | None, typer.Option(help="platform of every row, where a plain CSV does not say")] = None,
) -> None:
    """Show what another tool's export holds, and write the rows that cannot be read to a file with the reasons."""
    from pipeline.display import import_lines, plain_table
    from pipeline.imports.formats import Hints, read
    from pipeline.imports.result import write_rejects

    if not path.exists():
        raise UserError(f"{path} is not there")
    result = read(path, Hints(donor=donor, platform=platform))
    rejects = Path(f"{path.stem}.rejects.csv")
    if result.rejects:
        write_rejects(result, rejects)
    _console().print(import_lines(result, rejects), markup=False)
    if result.posts:
        found = [
            (row.number, row.post.post_id, row.post.caption, row.post.posted_at) for row in result.posts[:FIRST_ROWS]
        ]
        _console().print(plain_table((result.unit, "post", "caption", "posted at"), found, CELL_CHARACTERS))
        _console().print(
            f'To fetch and analyse them: export = "{path}" under [[sources]] in a study file.', markup=False
        )


@app.command()
def status(study: StudyArgument = None) -> None:
    """Show how far a study is: each stage's clips done, failed by reason, and pending."""
    from pipeline.display import status_table
    from pipeline.status import retryable, study_status

    loaded = _load(_find_study(study))
    found = study_status(loaded)
    rows = [(line.stage, line.done, line.failed, line.pending, line.not_reached) for line in found]
    _console().print(status_table(rows))
    again = sum(retryable(line.failed) for line in found)
    if again:
        _console().print(f"{again} failures speak of the moment, not of the clip: the next run tries them again.")


def _query_names(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names of queries that begin so, with what they show: for completion in a shell."""
    from pipeline.queries_folder import read_queries

    queries = read_queries(_own_queries(context.params.get("study"))).values()
    return [(query.name, query.summary) for query in queries if query.name.startswith(incomplete)]


QueryArgument = Annotated[
    str | None,
    typer.Argument(help="name of the query; without one, all are listed", autocompletion=_query_names),
]
HelpOption = Annotated[bool, typer.Option("--help", help="show this, or with a name what the query shows and takes")]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def query(
    context: typer.Context,
    name: QueryArgument = None,
    study: StudyOption = None,
    form: FormOption = "table",
    output: OutputOption = None,
    show_help: HelpOption = False,
) -> None:
    """Run a query of cliptone, or of the folder `queries` beside the study; parameters by name, as in --term bag."""
    from pipeline.display import plain_table
    from pipeline.queries_folder import get_query, read_queries

    own = _own_queries(study)
    if show_help and name is None:
        typer.echo(context.get_help())
    elif name is None:
        rows = [
            (query.name, query.summary, "\n".join(map(str, query.described))) for query in read_queries(own).values()
        ]
        _console().print(plain_table(("query", "what it shows", "what it takes"), rows))
    elif show_help:
        _console().print(get_query(name, own).usage, markup=False, highlight=False)
    else:
        chosen = get_query(name, own)
        _show(chosen.sql, chosen.bind(_named(context.args)), study, form, output)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="SQL over the tables and views of a study")],
    study: StudyOption = None,
    form: FormOption = "table",
    output: OutputOption = None,
) -> None:
    """Run SQL over a study's results, read-only."""
    _show(statement, {}, study, form, output)


@app.command()
def codebook(
    study: StudyOption = None,
    form: Annotated[Literal["md", "csv", "html"], typer.Option("--format", "-f", help="form of the codebook")] = "md",
    output: OutputOption = None,
) -> None:
    """Say what every table, view and column means: of a study's results, or of any study where none is named."""
    from pipeline.codebook import codebook as read_codebook
    from pipeline.codebook import render

    _write(render(read_codebook(study), form), output)


@models_app.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """List every model."""
    if context.invoked_subcommand is not None:
        return
    from pipeline import models
    from pipeline.display import plain_table

    rows = [
        (
            model.name,
            "here" if models.find(model.name) else "not here",
            model.task,
            f"{model.source} @ {model.revision[:12]}",
            model.licence,
            model.trained_on,
        )
        for model in models.MODELS.values()
    ]
    _console().print(plain_table(("model", "", "for", "source", "licence", "trained on"), rows))


@models_app.command("pull")
def pull_model(name: Annotated[str, typer.Argument(help="a name that `cliptone models` lists")]) -> None:
    """Fetch a model from its source, check its digests, and keep it for all studies."""
    from pipeline import models

    with _console().status(f"fetching {name} …"):
        folder = models.find(name) or models.pull(name)
    _console().print(f"{name} is in {folder}", markup=False)


@app.command()
def doctor() -> None:
    """Check ffmpeg, models, disk, versions, network and GPU, and say what to do."""
    from pipeline.display import plain_table
    from pipeline.doctor import check_up

    found = list(check_up(Path.cwd()))
    marks = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
    rows = [(line.topic, marks[line.state], line.finding, line.advice) for line in found]
    _console().print(plain_table(("", "", "found", "what to do"), rows))
    if any(line.state == "problem" for line in found):
        raise typer.Exit(1)


# ---------------------------------------------------------------- what the commands share


def _run(study: Study, stages: tuple[str, ...], retry_failed: bool) -> None:
    try:
        from pipeline.display import ProgressBar, report_lines
        from pipeline.run import run_study

        with ProgressBar(_console()) as bar:
            report = run_study(study, bar, stages, retry_failed)
    except KeyboardInterrupt:
        raise Stopped("stopped; what was done is saved, and the next run goes on from here") from None
    _console().print(report_lines(report), markup=False)


def _load(path: Path) -> Study:
    from pipeline.config import load_study
    from pipeline.stages import BY_NAME

    return load_study(path, BY_NAME)


def _find_study(named: Path | None) -> Path:
    """The study file that is meant: the named one, the only one here, or the demo."""
    if named is not None:
        return named
    here = [path for path in sorted(Path.cwd().glob("*.toml")) if "[[sources]]" in path.read_text("utf-8", "replace")]
    found = here or sorted(Path.cwd().glob("outputs/demo/*.toml"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(f"name the study file, as in `cliptone run my-study.toml` (found here: {names})")
    return found[0]


def _own_queries(study: Path | None) -> Path | None:
    """The user's folder of queries: beside the named study, or beside the one that is meant without a name."""
    from pipeline.queries_folder import own_folder

    if study is None:
        with contextlib.suppress(UserError):
            study = _find_study(None)
    return own_folder(study) if study else None


def _named(words: list[str]) -> dict[str, str]:
    """Words of the command line as parameters of a query: --name value, or --name=value."""
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        value = value if equals else next(rest, "")
        if not option.startswith("--") or not (equals or value):
            raise UserError(f"parameters of a query are given by name, as in --term bag, not {word!r}")
        given[option.removeprefix("--").replace("-", "_")] = value
    return given


def _show(statement: str, parameters: dict[str, Any], study: Path | None, form: Form, output: Path | None) -> None:
    from pipeline.display import as_text, plain_table
    from pipeline.reader import StudyReader

    result = StudyReader(study or _find_study(None)).arrow(statement, parameters)
    if form == "parquet":
        import pyarrow.parquet as parquet

        if output is None:
            raise UserError("Parquet is not for the screen: name a file with --output")
        parquet.write_table(result, output)
    elif form == "table" and output is None:
        rows = result.to_pylist(maps_as_pydicts="strict")
        _console().print(plain_table(result.column_names, [list(row.values()) for row in rows], CELL_CHARACTERS))
    else:
        _write(as_text(result, "json" if form == "json" else "csv"), output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _overview(study: Study) -> None:
    from pipeline.display import overview_table
    from pipeline.queries_folder import get_query
    from pipeline.reader import StudyReader

    result = StudyReader(study.published).arrow(get_query("clip_overview").sql, {})
    rows = result.to_pylist(maps_as_pydicts="strict")
    console = _console()
    console.print(overview_table(sorted(rows, key=lambda row: row["file_name"] or row["clip_id"]), console.width))


def _where_next(study: Study) -> None:
    from pipeline.queries_folder import shipped_folder

    lines = (
        "Perceived tone is how a voice sounds to a model trained on acted German speech, not what a person feels.",
        "",
        f"database   {study.published}",
        f"queries    {shipped_folder('queries')}   (cliptone query clip_tone · cliptone query tone_by_hashtag)",
        f"notebooks  {shipped_folder('notebooks')}   (start with 01_first_look.ipynb)",
        "your own   cliptone init my-study",
    )
    _console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    narrow = shutil.get_terminal_size((120, 40)).columns
    return Console(width=None if sys.stdout.isatty() else max(120, narrow))


def _fail(sentence: str, code: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"cliptone: {sentence}\n")
    sys.exit(code)
