"""Commands that show a study in a browser: the report as files, or served on this machine alone."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, find_study
from pipeline.cli.output import console
from pipeline.errors import UserError
from pipeline.records.counted import counted


@app.command()
def report(
    study: StudyArgument = None,
    copy_media: Annotated[
        bool, typer.Option("--copy-media", help="copy the audio into the report, so that its folder can be handed on")
    ] = False,
) -> None:
    """Write the results of a study as pages that open from disk, with a player for each clip."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from pipeline.results.report.build import build_report

    columns = (TextColumn("curves"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        line = bar.add_task("curves")
        built = build_report(
            find_study(study),
            copy_media=copy_media,
            progress=lambda done, total: bar.update(line, completed=done, total=total),
        )
    console().print(f"{counted(built.clips, 'clip')}. Open {built.index} in a browser.", markup=False, soft_wrap=True)


@app.command()
def serve(
    study: StudyArgument = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port on this machine; 0 takes any free one")] = 8765,
) -> None:
    """Show the report in a browser on this machine alone; it follows a run that goes on. Ctrl-C ends it."""
    from pipeline.results.report.serve import LiveReport, ReportServer

    live = LiveReport(find_study(study))
    with console().status("building the report …"):
        live.build()
    try:
        server = ReportServer(live, port)
    except OSError as error:
        raise UserError(f"port {port} of this machine is taken: name another with --port, or 0 for any") from error
    try:
        console().print(f"Open {server.url} in a browser; Ctrl-C ends it.", markup=False, soft_wrap=True)
        server.serve_forever()
    except KeyboardInterrupt:
        console().print("ended")
    finally:
        server.server_close()
