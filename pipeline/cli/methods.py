"""The command that writes the methods section of a study from its database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import OutputOption, StudyArgument, find_study
from pipeline.cli.output import console, write
from pipeline.errors import UserError
from pipeline.records.counted import counted


@app.command()
def methods(
    study: StudyArgument = None,
    output: OutputOption = None,
    check: Annotated[
        Path | None, typer.Option(help="compare the numbers of this document, or of its JSON, with the database")
    ] = None,
) -> None:
    """Write a methods paragraph, a datasheet and the losses from the database; with --check, find what differs."""
    from pipeline.results.methods import differences
    from pipeline.results.methods import methods as read_methods
    from pipeline.results.study import StudyReader

    with StudyReader(find_study(study)) as reader:
        known = read_methods(reader)
    if check is None:
        write(known.json if output is not None and output.suffix == ".json" else known.document, output)
        return
    try:
        text = check.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{check} is not there") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{check} cannot be read as text in UTF-8") from error
    found = differences(text, known, str(check))
    for one in found:
        console().print(str(one), markup=False, highlight=False, soft_wrap=True)
    if found:
        console().print(f"{check.name} differs from the database in {counted(len(found), 'number')}.", markup=False)
        raise typer.Exit(1)
    console().print(f"Every number of {check.name} is that of the database.", markup=False)
