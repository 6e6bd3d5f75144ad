"""The data dictionary, from the row classes and the heads of the queries: every table and column, and every query."""

from __future__ import annotations

from pipeline.results.codebook import Entry, codebook, columns_table
from pipeline.store.queries import Query, read_macros, read_queries


def tables() -> str:
    """Every table with its columns, types, units and meaning, as Markdown."""
    return "\n".join(_folded(entry) for entry in codebook() if entry.kind == "table")


def queries() -> str:
    """Every query with what it takes and shows, as a Markdown table."""
    rows = [f"| `{_call(query)}` | {query.summary} |" for query in read_queries().values()]
    return "\n".join(["| name | what it shows |", "|---|---|", *rows]) + "\n"


def macros() -> str:
    """Every function in SQL that queries share, with what it gives, as a Markdown table."""
    rows = [f"| `{_signature(macro)}` | {macro.summary} |" for macro in read_macros()]
    return "\n".join(["| function | what it gives |", "|---|---|", *rows]) + "\n"


def _folded(entry: Entry) -> str:
    summary = f"<details><summary><code>{entry.name}</code>: {entry.meaning}</summary>"
    return f"{summary}\n\nFrom {entry.origin}; {entry.grain}.\n\n{columns_table(entry)}\n\n</details>\n"


def _call(query: Query) -> str:
    """The name of a query with its required parameters."""
    needed = [f"--{parameter.name} …" for parameter in query.described if parameter.default is None]
    return " ".join([query.name, *needed])


def _signature(macro: Query) -> str:
    """The name of a macro with its arguments."""
    return macro.sql.removeprefix("CREATE MACRO ").partition(" AS")[0]
