"""Commands that query a study: queries by name, SQL, and the codebook."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import FormOption, OutputOption, StudyOption, find_study
from pipeline.cli.output import console, show, write
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.store.queries import Query


def _query_names(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names of queries that begin so, with what they show: for completion in a shell."""
    from pipeline.store.queries import read_queries

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
    from pipeline.cli.display import plain_table
    from pipeline.store.queries import get_query, read_queries

    own = _own_queries(study)
    if show_help and name is None:
        typer.echo(context.get_help())
    elif name is None:
        rows = [
            (query.name, query.summary, "\n".join(map(str, query.described))) for query in read_queries(own).values()
        ]
        console().print(plain_table(("query", "what it shows", "what it takes"), rows))
    elif show_help:
        console().print(get_query(name, own).usage, markup=False, highlight=False)
    else:
        chosen = get_query(name, own)
        given = _query_parameters(context.args, chosen)
        chosen.bind(given)  # a mistake in the command is said before one in the study
        show(lambda reader: reader.answer(name, given), study, form, output)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="SQL over the tables and views of a study")],
    study: StudyOption = None,
    form: FormOption = "table",
    output: OutputOption = None,
) -> None:
    """Run SQL over a study's results, read-only."""
    show(lambda reader: reader.arrow(statement, {}), study, form, output)


@app.command()
def codebook(
    study: StudyOption = None,
    form: Annotated[Literal["md", "csv", "html"], typer.Option("--format", "-f", help="form of the codebook")] = "md",
    output: OutputOption = None,
) -> None:
    """Show what every table, view and column means: of a study's results, or of any study where none is named."""
    from pipeline.results.codebook import codebook as read_codebook
    from pipeline.results.codebook import render

    write(render(read_codebook(study), form), output)


def _own_queries(study: Path | None) -> Path | None:
    """The user's folder of queries: beside the named study, or beside the one that is selected without a name."""
    from pipeline.store.queries import own_folder

    if study is None:
        with contextlib.suppress(UserError):
            study = find_study(None)
    return own_folder(study) if study else None


def _query_parameters(words: list[str], query: Query) -> dict[str, str]:
    """Words of the command line as parameters of a query: --name value, or --name=value."""
    described = {parameter.name: parameter for parameter in query.described}
    given: dict[str, str] = {}
    rest = words.copy()
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--"):
            raise UserError(f"parameters of a query are given by name, as in --term bag, not {word!r}")
        if not equals and (not rest or rest[0].startswith("--")):
            if name in described:
                raise UserError(f"{option} needs a value after it: the query takes {described[name]}")
        elif not equals:
            value = rest.pop(0)
        given[name] = value
    return given
