"""The command that searches a study by meaning."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import FormOption, OutputOption, StudyOption
from pipeline.cli.output import show


@app.command()
def search(
    sentence: Annotated[str, typer.Argument(help="what to look for, in your own words and language")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="texts at most")] = 10,
    channel: Annotated[Literal["speech", "caption"] | None, typer.Option(help="speech or caption alone")] = None,
    study: StudyOption = None,
    form: FormOption = "table",
    output: OutputOption = None,
) -> None:
    """Find what was said or written that means nearly the same as a sentence, in any language, the nearest first."""
    from pipeline.results.meaning import nearest_texts, vector_of

    show(lambda reader: nearest_texts(reader, vector_of(sentence), limit, channel), study, form, output)
