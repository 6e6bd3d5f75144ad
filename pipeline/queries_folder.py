"""The queries that ship with cliptone: SQL files whose header says what, grain, unit and caution."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import UserError

PARAMETER = re.compile(r"\$([a-z_]+)")


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


def shipped_folder(name: str) -> Path:
    """A folder of the repository's top level: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


@cache
def read_queries() -> dict[str, Query]:
    """All queries by name, in alphabetical order."""
    return {path.stem: read_query(path) for path in sorted(shipped_folder("queries").glob("*.sql"))}


def read_query(path: Path) -> Query:
    """One query from its file: comment lines at the head are the header."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = 0
    while head < len(lines) and lines[head].startswith("--"):
        head += 1
    header = "\n".join(line.removeprefix("--").strip() for line in lines[:head])
    sql = "\n".join(lines[head:]).strip().rstrip(";")
    return Query(path.stem, header, sql, tuple(dict.fromkeys(PARAMETER.findall(sql))))


def queries_digest() -> str:
    """A digest that changes when any query does."""
    text = "\n".join(f"{query.name}\n{query.header}\n{query.sql}" for query in read_queries().values())
    return hashlib.sha256(text.encode()).hexdigest()


def get_query(name: str) -> Query:
    """The query of that name; `UserError` names the known ones."""
    queries = read_queries()
    if name not in queries:
        raise UserError(f"there is no query {name!r}; there are: {', '.join(queries)}")
    return queries[name]
