"""The command that exports results of a study, at a level that decides how much about people they hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, find_study, load
from pipeline.cli.output import console
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.results.export.build import ExportResult, Subtitles


@app.command()
def export(
    study: StudyArgument = None,
    level: Annotated[
        str,
        typer.Option(
            "--level",
            "-l",
            help="restricted (pseudonyms, post ids, texts), shareable (features alone), aggregate (means of groups) "
            "or ids-only (to collect the posts again)",
        ),
    ] = "shareable",
    form: Annotated[Literal["parquet", "csv"], typer.Option("--format", "-f", help="form of the tables")] = "parquet",
    subtitles: Annotated[
        str, typer.Option(help="per clip at restricted: any of srt,vtt,textgrid,elan, separated by commas")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option("--to", help="a new folder; exports/ beside the results if not given")
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option(help="name of a set of ids: shareable exports of one study under the same name can be joined"),
    ] = None,
) -> None:
    """Export results with a manifest and a codebook; refused if anything would identify a person or a post."""
    from pipeline.results.export.build import ExportOptions, export_study
    from pipeline.results.export.levels import level_of
    from pipeline.study import audit_log

    chosen = ExportOptions(level_of(level), form, _subtitle_formats(subtitles), folder, ids)
    loaded = load(find_study(study))
    with console().status("exporting …"):
        made = export_study(loaded, chosen)
    audit_log.note(loaded.folder, "export", {"level": level, "form": form, "files": len(made.files)})
    _print_export(made, level)


def _subtitle_formats(text: str) -> tuple[Subtitles, ...]:
    from pipeline.results.export.build import SUFFIXES

    known = {str(name): name for name in SUFFIXES}
    named = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in named if name not in known]
    if unknown:
        raise UserError(f"there are no subtitles of the form {unknown[0]!r}: choose {', '.join(known)}")
    return tuple(known[name] for name in named)


def _print_export(made: ExportResult, level: str) -> None:
    from pipeline.cli.display import plain_table

    rows = [(file.path, file.table.rows.num_rows, len(file.table.rows.column_names)) for file in made.files]
    console().print(plain_table(("file", "rows", "columns"), rows))
    for form, count in made.subtitles.items():
        console().print(f"subtitles/*: {count} of {form}", markup=False)
    for one in made.suppressed:
        if one.count:
            console().print(f"held back: {one.count} {one.unit} in {one.where} ({one.why})", markup=False)
    console().print(f"level {level}: {made.folder}", markup=False, soft_wrap=True)
