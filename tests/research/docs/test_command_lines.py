"""Every line with the command `cliptone` on every page is one that it takes: commands, options, arguments, SQL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb
import pytest
import typer

from pipeline.cli import app
from pipeline.cli.query import _query_parameters
from pipeline.errors import UserError
from pipeline.research.docs.links import CODE, FENCE, read_pages
from pipeline.results.codebook import ORIGINS
from pipeline.store import schema
from pipeline.store.queries import get_query
from tests.support.paths import ROOT

#: Where a command begins in a block of code: a line of its own, or after another command.
BEGINNING = re.compile(r'(?:^\s*(?:\$ )?|&& |--wrap ")(?:\.venv/bin/)?cliptone(?= )', re.MULTILINE)
PLACEHOLDER = re.compile(r".*(?:…|\b[A-Z][A-Z_]+\b).*", re.DOTALL)  # stands for a value


def command_lines(text: str) -> Iterator[str]:
    """The command lines of a page, in blocks of code and in the middle of sentences, without what follows them."""
    for block in FENCE.finditer(text):
        for match in BEGINNING.finditer(block[0]):
            yield _one_command(block[0][match.end() :].partition("\n")[0])
    rest = FENCE.sub("", text)
    for line in re.findall(r"^    .*$", rest, re.MULTILINE):  # a block by indentation
        for match in BEGINNING.finditer(line):
            yield _one_command(line[match.end() :])
    for code in CODE.finditer(rest):
        name, _, words = re.sub(r"\s+", " ", code["code"]).partition(" ")
        if name == "cliptone" and words:
            yield words


def _one_command(words: str) -> str:
    """A line up to its comment, the next command, or the quote that it stands in."""
    found = re.match(r"(?:\"[^\"]*\"|'[^']*'|(?!\s#|\s&&|\s\||\"|').)*", words)
    return found[0].strip() if found else ""


@cache
def _command() -> Any:
    return typer.main.get_command(app)


@cache
def _study() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    schema.create_tables(connection, ORIGINS)
    schema.create_views(connection)
    return connection


def check(line: str) -> None:
    """Parse one command line without running it; `AssertionError` says what is wrong with it."""
    words, command = shlex.split(line), _command()
    while words and (commands := getattr(command, "commands", {})):
        if words[0] not in commands:
            assert words[0].startswith("--"), f"there is no command {words[0]!r}"
            break
        command = commands[words.pop(0)]
    if not words:  # the name alone, as sentences mention it
        return
    context = _parsed(command, words)
    if context is not None and command.name == "query" and not _is_placeholder(context.params["name"]):
        _check_query(context)
    elif context is not None and command.name == "sql" and not _is_placeholder(context.params["statement"]):
        _study().execute(f"EXPLAIN {context.params['statement']}")


def _parsed(command: Any, words: list[str]) -> Any:
    """The context of a command with its parameters; None where it shows its help, or a placeholder has no kind."""
    try:
        return command.make_context(command.name, list(words))
    except typer.Exit:
        return None
    except Exception as error:  # typer's own copy of click has no public name for its errors
        if type(error).__name__ == "BadParameter" and any(map(_is_placeholder, words)):
            return None
        raise AssertionError(str(error) or getattr(error, "message", "")) from error


def _is_placeholder(value: object) -> bool:
    return isinstance(value, str) and bool(PLACEHOLDER.fullmatch(value)) and " " not in value


def _check_query(context: Any) -> None:
    if context.params["show_help"] or context.params["name"] is None:
        return
    try:
        query = get_query(context.params["name"], None)
        if context.args:  # else the name alone, as sentences mention it
            query.bind(_query_parameters(context.args, query))
    except UserError as error:
        raise AssertionError(str(error)) from error


PAGES = read_pages(ROOT)
LINES = sorted({(page, line) for page, text in PAGES.items() for line in command_lines(text)})


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, _ in LINES}))
def test_every_line_of_a_page_is_one_that_the_command_takes(page: str) -> None:
    wrong = []
    for line in (line for where, line in LINES if where == page):
        try:
            check(line)
        except (AssertionError, duckdb.Error, ValueError) as error:
            wrong.append(f"cliptone {line}: {error}")
    assert not wrong, "\n".join(wrong)


def test_lines_are_found_wherever_they_stand() -> None:
    text = (
        "Say `cliptone run` or\n`cliptone\nstatus --collection`.\n```\n$ cliptone init my-study   # a comment\n"
        'cd x && cliptone run a.toml && cliptone recheck --limit 2\nsbatch --wrap "cliptone merge a.toml"\n'
        'cliptone sql "SELECT 1 # 2" --format csv\n```\n\n    cliptone plan --clips 10e6 # as a block\n'
    )
    assert list(command_lines(text)) == [
        "init my-study", "run a.toml", "recheck --limit 2", "merge a.toml", 'sql "SELECT 1 # 2" --format csv',
        "plan --clips 10e6", "run", "status --collection",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line", ["run STUDY --engine ray", "export --level LEVEL", "query NAME --help", "plan --clips N_CLIPS"]
)
def test_capitals_stand_for_values(line: str) -> None:
    check(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("runn my-study.toml", "no command"),
        ("run --stopafter 8h", "such option"),
        ("evaluate --labels", "--labels"),
        ("keys move --study my-study.toml", "such option|issing"),
        ("query no_such_query --term bag", "no query"),
        ("query tone_of_term --word bag", "term"),
        ("query clip_overview --format word", "word"),
    ],
)
def test_a_line_that_the_command_refuses_is_found(line: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check(line)


def test_sql_that_names_no_column_is_found() -> None:
    with pytest.raises(duckdb.Error, match="no_such_column"):
        check('sql "SELECT no_such_column FROM clips"')
