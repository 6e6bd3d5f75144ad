"""Questions as SQL files: those that ship with cliptone, and a user's own beside the study."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import UserError

FOLDER = "queries"
MACROS = "queries/macros"  # functions that queries share, one a file
PACKAGE = Path(__file__).parents[1]
PARAMETER = re.compile(r"\$([a-z_]+)")
#: In the header's line of parameters: `term = a word or phrase; limit = 10 (moments at most); by = voice|words (what is
#: alike)`, of which the first word is the default and the others are all that can be given.
DESCRIBED = re.compile(
    r"(?P<name>[a-z_]+) = (?:(?P<default>\d+(?:\.\d+)?|\w+(?:\|\w+)+)(?: \((?P<about>.+)\))?|(?P<help>.+))"
)
#: A column of the last step, one a line: `table.column AS name, -- meaning [unit]`.
COLUMN = re.compile(r"\s+(?:(?P<value>.*?) AS )?(?:(?P<table>\w+)\.)?(?P<name>\w+),?(?:\s+-- (?P<doc>.+))?")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
STEP = re.compile(r"(\w+) AS (?:NOT MATERIALIZED )?\(\n")
QUALIFIED = re.compile(r"(\w+)\.(\w+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `$parameter` of a query: what it means, and its value if none is given."""

    name: str
    help: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()  # the words that can be given, the default first; empty for any value

    @property
    def example(self) -> str | None:
        """A value to try it with: its default, or what its help names after `such as`; None if a study has to say."""
        _, _, named = self.help.partition(" such as ")
        return self.default or named or None

    def __str__(self) -> str:
        usual = f"{self.default} if not given" if self.default else ""
        about = "; ".join(part for part in (self.help, " or ".join(self.choices), usual) if part)
        return f"--{self.name} ({about})" if about else f"--{self.name} …"


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL file: its name, the comment at its head, and its statement."""

    name: str
    header: str
    sql: str
    parameters: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first line of the header, without `what:`."""
        return self.header.splitlines()[0].removeprefix("what:").strip() if self.header else ""

    @property
    def described(self) -> tuple[Parameter, ...]:
        """The parameters in the order of the statement, with what the header says of them."""
        line = next((line for line in self.header.splitlines() if line.startswith("parameters:")), "")
        found = {}
        for part in line.removeprefix("parameters:").split(";"):
            if match := DESCRIBED.fullmatch(part.strip()):
                text = match["help"] or match["about"] or ""
                first, *others = (match["default"] or "").split("|")
                choices = (first, *others) if others else ()
                found[match["name"]] = Parameter(match["name"], text, first or None, choices)
        return tuple(found.get(name, Parameter(name)) for name in self.parameters)

    @property
    def usage(self) -> str:
        """The header and the call, as help shows them."""
        lines = [line for line in self.header.splitlines() if not line.startswith("parameters:")]
        return "\n".join([f"cliptone query {self.name}", *(f"  {parameter}" for parameter in self.described), *lines])

    @property
    def column_docs(self) -> dict[str, str]:
        """Meaning and unit of the columns that have a comment in the last step of the statement."""
        return {match["name"]: match["doc"] for match in self._last_step() if match["doc"]}

    @property
    def column_origins(self) -> dict[str, tuple[str, str]]:
        """Columns that the last step takes as they are from a table or view: name to that and its column."""
        steps = set(STEP.findall(self.sql))
        found = {}
        for match in self._last_step():
            whole = f"{match['table']}.{match['name']}" if match["table"] else ""
            taken = QUALIFIED.fullmatch(match["value"] or whole)
            if taken and taken[1] not in steps:
                found[match["name"]] = (taken[1], taken[2])
        return found

    def bind(self, given: Mapping[str, str]) -> dict[str, str]:
        """A value for each parameter, defaults filled in; `UserError` says what the query takes.

        A parameter whose default is a number takes numbers alone, and one with choices takes those.
        """
        defaults = {parameter.name: parameter.default for parameter in self.described if parameter.default is not None}
        values = {**defaults, **given}
        if set(values) != set(self.parameters):
            wanted = " and ".join(map(str, self.described)) or "no parameters"
            words = " ".join(f"--{name} {value}" for name, value in given.items())
            raise UserError(f"this query takes {wanted}" + (f", not {words}" if given else "; none was given"))
        for parameter in self.described:
            name, default, choices = parameter.name, parameter.default, parameter.choices
            if choices and values[name] not in choices:
                raise UserError(f"--{name} takes {' or '.join(choices)}, not {values[name]!r}")
            if default is not None and not choices and not NUMBER.fullmatch(str(values[name])):
                raise UserError(f"--{name} takes a number such as {default}, not {values[name]!r}")
        return values

    def _last_step(self) -> list[re.Match[str]]:
        _, _, step = self.sql.partition("final AS (\n")
        lines = step.partition("\n    FROM ")[0].splitlines()
        return [match for match in map(COLUMN.fullmatch, lines) if match]


def shipped_folder(name: str) -> Path:
    """A folder of the repository's top level: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def own_folder(study: Path) -> Path | None:
    """The folder `queries` beside a study file, also when its results are named; None without one, or if it is ours."""
    if study.suffix == ".toml":
        homes = [study.parent]
    else:
        results = study.parent if study.suffix == ".duckdb" else study
        homes = [results, results.resolve().parent.parent]  # the demo's study file, or that of outputs/NAME
    for home in homes:
        folder = home / FOLDER
        if folder.is_dir() and any(home.glob("*.toml")) and folder.resolve() != shipped_folder(FOLDER).resolve():
            return folder
    return None


def read_queries(own: Path | None = None) -> dict[str, Query]:
    """All queries by name, in alphabetical order: ours, and those of a user's folder.

    `UserError` where one of the user's has the name of one of ours.
    """
    queries = dict(_shipped_queries())
    for path in sorted(own.glob("*.sql")) if own else ():
        if path.stem in queries:
            raise UserError(f"{path} has the name of a query that ships with cliptone: give it another name")
        queries[path.stem] = read_query(path)
    return dict(sorted(queries.items()))


@cache
def _shipped_queries() -> dict[str, Query]:
    return {path.stem: read_query(path) for path in sorted(shipped_folder(FOLDER).glob("*.sql"))}


@cache
def read_macros() -> tuple[Query, ...]:
    """The functions in SQL that queries share, in alphabetical order; each stands in the file of its name."""
    return tuple(map(read_query, sorted(shipped_folder(MACROS).glob("*.sql"))))


def read_query(path: Path) -> Query:
    """One query from its file: comment lines at the head are the header; `UserError` if it is not UTF-8."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} cannot be read as a query: save it as UTF-8") from error
    head = 0
    while head < len(lines) and lines[head].startswith("--"):
        head += 1
    header = "\n".join(line.removeprefix("--").strip() for line in lines[:head])
    sql = "\n".join(lines[head:]).strip().rstrip(";")
    return Query(path.stem, header, sql, tuple(dict.fromkeys(PARAMETER.findall(sql))))


def queries_digest() -> str:
    """A digest that changes when any query or macro that ships does: views are made of these alone."""
    queries = (*read_queries().values(), *read_macros())
    text = "\n".join(f"{query.name}\n{query.header}\n{query.sql}" for query in queries)
    return hashlib.sha256(text.encode()).hexdigest()


def get_query(name: str, own: Path | None = None) -> Query:
    """The query of that name, ours or the user's; `UserError` names the known ones."""
    queries = read_queries(own)
    if name not in queries:
        raise UserError(f"there is no query {name!r}; there are: {', '.join(queries)}")
    return queries[name]
