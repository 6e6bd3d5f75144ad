"""Print the results of commands: on the screen, to a file, or for another program."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.arguments import Form, find_study
from pipeline.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

    from pipeline.results.study import StudyReader

CELL_CHARACTERS = 100  # of a text in a table on the screen; files keep all


def show(ask: Callable[[StudyReader], pa.Table], study: Path | None, form: Form, output: Path | None) -> None:
    """Show what a study answers."""
    from pipeline.cli.display import as_text, plain_table
    from pipeline.results.study import StudyReader

    with StudyReader(study or find_study(None)) as reader:
        result = ask(reader)
    if form == "parquet":
        import pyarrow.parquet as parquet

        if output is None:
            raise UserError("Parquet is not for the screen: name a file with --output")
        parquet.write_table(result, output)
    elif form == "table" and output is None:
        rows = result.to_pylist(maps_as_pydicts="strict")
        console().print(plain_table(result.column_names, [list(row.values()) for row in rows], CELL_CHARACTERS))
    else:
        write(as_text(result, "json" if form == "json" else "csv"), output)


def write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def console() -> Console:
    from rich.console import Console

    narrow = shutil.get_terminal_size((120, 40)).columns
    return Console(width=None if sys.stdout.isatty() else max(120, narrow))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are: no markup, and wrapped by the terminal alone, so that commands can be pasted."""
    if told := "\n".join(lines):
        console().print(told, markup=False, highlight=False, soft_wrap=True)
