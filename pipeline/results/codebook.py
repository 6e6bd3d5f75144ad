"""The codebook of a study: every table and view with its columns, types, units and meaning, from its database."""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.records import STUDY_ROWS, Row
from pipeline.records.runs import LEDGER_ROWS
from pipeline.results.study import StudyReader
from pipeline.stages import STAGES
from pipeline.store.comments import COMMENTS, comments_of_version

#: Each table with the origin of its rows, in the order in which a study fills the tables.
ORIGINS: dict[type[Row], str] = {
    **dict.fromkeys(STUDY_ROWS, "the study"),
    **{kind: f"stage `{stage.name}`" for stage in STAGES for kind in stage.tables},
    **dict.fromkeys(LEDGER_ROWS, "bookkeeping"),
}
VIEW_ORIGIN = "a query"
WITH_UNIT = re.compile(r"(?P<meaning>.*?)(?: \[(?P<unit>[^\[\]]+)\])?", re.DOTALL)
#: The models behind the stages of a study, each with the beginning of its digest.
MODELS = """
    WITH named AS (
        SELECT stage, unnest(json_keys(models)) AS model, unnest(json_extract_string(models, '$.*')) AS digest
        FROM fingerprints
        WHERE is_current
    )
    SELECT stage, model, digest FROM named ORDER BY stage, model
"""
DIGEST_CHARACTERS = 12  # enough to tell two weights of one name apart
LIMITS = re.compile(r"-?\d+(?:\.\d+)?–-?\d+(?:\.\d+)?")
CSV_COLUMNS = ("kind", "name", "origin", "models", "grain", "column", "type", "nullable", "unit", "range", "meaning")

Form = Literal["md", "csv", "html"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One column: its SQL type, whether it may be NULL, unit and meaning ("" where nothing is known)."""

    name: str
    sql_type: str
    nullable: bool
    unit: str
    meaning: str

    @property
    def range(self) -> str:
        """The range of its values, from its unit or type; "" where nothing limits them."""
        if limits := LIMITS.findall(self.unit):
            return " or ".join(limits)
        if self.sql_type == "BOOLEAN":
            return "true or false"
        return "0 or more" if self.unit == "count" else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table or view of the database, with the origin of its rows and what one row is."""

    kind: str  # "table" or "view"
    name: str
    origin: str
    grain: str
    meaning: str
    notes: tuple[str, ...]  # further lines of a view's header, such as unit and caution
    variables: tuple[Variable, ...]
    models: tuple[str, ...] = ()  # that made the rows of this study, with their digests; none for a view

    @property
    def about(self) -> tuple[str, ...]:
        """Its description in lines: origin and grain, models, and the notes of a view."""
        models = (f"models: {', '.join(self.models)}",) if self.models else ()
        return (f"from {self.origin}; {self.grain}", *models, *self.notes)


def codebook(study: Path | None = None) -> tuple[Entry, ...]:
    """The codebook of a study's results, or of any study of this version.

    Tables come first, in the order in which they are filled, then views by name. Raises `StoreError` where the study
    has no results.
    """
    if study is not None:
        with StudyReader(study) as reader:
            return _entries(reader.arrow(COMMENTS, {}).to_pylist(), reader.arrow(MODELS, {}).to_pylist())
    return _entries(comments_of_version(ORIGINS), ())


def render(entries: Iterable[Entry], form: Form) -> str:
    """A codebook as Markdown, CSV (one line a column) or a page of HTML that needs nothing else."""
    return {"md": _markdown, "csv": _csv, "html": _html}[form](tuple(entries))


def columns_table(entry: Entry) -> str:
    """The columns of a table or view as a Markdown table."""
    lines = ["| column | type | unit | range | meaning |", "|---|---|---|---|---|"]
    for variable in entry.variables:
        cells = (f"`{variable.name}`", _type(entry, variable), variable.unit, variable.range, variable.meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _entries(rows: Sequence[dict[str, Any]], models: Sequence[dict[str, Any]]) -> tuple[Entry, ...]:
    order = [kind.table for kind in ORIGINS]
    by_origin: dict[str, tuple[str, ...]] = {}
    for one in models:
        origin, named = f"stage `{one['stage']}`", f"{one['model']} ({one['digest'][:DIGEST_CHARACTERS]})"
        by_origin[origin] = (*by_origin.get(origin, ()), named)
    groups = itertools.groupby(rows, key=lambda row: (row["kind"], row["name"]))
    entries = [_entry(list(group), by_origin) for _, group in groups]
    return tuple(sorted(entries, key=lambda entry: order.index(entry.name) if entry.name in order else len(order)))


def _entry(rows: Sequence[dict[str, Any]], models: Mapping[str, tuple[str, ...]]) -> Entry:
    first = rows[0]
    origin, grain, meaning = VIEW_ORIGIN, "", first["about"]
    notes: tuple[str, ...] = ()
    if first["kind"] == "view":
        parts = [line.partition(":") for line in first["about"].splitlines()]
        header = {key: text.strip() for key, _, text in parts}
        meaning, grain = header.pop("what", ""), header.pop("grain", "")
        notes = tuple(f"{key}: {text}" for key, text in header.items())
    for kind, source in ORIGINS.items():
        if kind.table == first["name"]:
            origin, grain = source, f"one row per {', '.join(f'`{name}`' for name in kind.grain)}"
    variables = tuple(map(_variable, rows))
    return Entry(first["kind"], first["name"], origin, grain, meaning, notes, variables, models.get(origin, ()))


def _variable(row: dict[str, Any]) -> Variable:
    comment = WITH_UNIT.fullmatch(row["comment"] or "")
    meaning, unit = (comment["meaning"], comment["unit"] or "") if comment else ("", "")
    return Variable(row["column_name"], row["data_type"], row["is_nullable"], unit, meaning)


def _type(entry: Entry, variable: Variable) -> str:
    """The type; of a table also whether it is never NULL, which a database does not state for a view."""
    return variable.sql_type if variable.nullable or entry.kind == "view" else f"{variable.sql_type}, never NULL"


def _markdown(entries: Sequence[Entry]) -> str:
    parts = ["# Codebook\n"]
    for entry in entries:
        about = "\n".join(f"- {line}" for line in entry.about)
        parts.append(f"## {entry.kind} `{entry.name}`\n\n{entry.meaning}\n\n{about}\n\n{columns_table(entry)}\n")
    return "\n".join(parts)


def _csv(entries: Sequence[Entry]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(CSV_COLUMNS)
    for entry in entries:
        for variable in entry.variables:
            nullable = "" if entry.kind == "view" else str(variable.nullable).lower()
            origin, grain = entry.origin.replace("`", ""), entry.grain.replace("`", "")
            about = (entry.kind, entry.name, origin, ", ".join(entry.models), grain)
            column = (variable.name, variable.sql_type, nullable, variable.unit, variable.range, variable.meaning)
            writer.writerow((*about, *column))
    return lines.getvalue()


def _html(entries: Sequence[Entry]) -> str:
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #8886;padding:.3rem;text-align:left;"
        "vertical-align:top}"
        ":root{color-scheme:light dark}"
    )
    links = " · ".join(f'<a href="#{_html_text(entry.name)}">{_html_text(entry.name)}</a>' for entry in entries)
    sections = "\n".join(map(_section, entries))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Codebook</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>\n'
        f"<body><h1>Codebook</h1>\n<nav>{links}</nav>\n{sections}\n</body></html>\n"
    )


def _section(entry: Entry) -> str:
    about = "".join(f"<li>{_html_text(line)}</li>" for line in entry.about)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("column", "type", "unit", "range", "meaning"))
    rows = "\n".join(
        f"<tr><td><code>{_html_text(variable.name)}</code></td><td>{_html_text(_type(entry, variable))}</td>"
        f"<td>{_html_text(variable.unit)}</td><td>{_html_text(variable.range)}</td><td>{_html_text(variable.meaning)}</td></tr>"
        for variable in entry.variables
    )
    return (
        f'<section id="{_html_text(entry.name)}"><h2>{entry.kind} <code>{_html_text(entry.name)}</code></h2>\n'
        f"<p>{_html_text(entry.meaning)}</p><ul>{about}</ul>\n<table><tr>{head}</tr>\n{rows}\n</table></section>"
    )


def _html_text(text: str) -> str:
    """A text for HTML; the backticks of Markdown become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
