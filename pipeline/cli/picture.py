"""The command that draws one clip for a paper or a lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyOption, find_study
from pipeline.cli.output import console
from pipeline.errors import UserError

FORMS = (".svg", ".png", ".pdf")
DOTS_PER_INCH = 200  # of a PNG


@app.command()
def picture(
    clip: Annotated[str, typer.Argument(help="the clip, by its id or the name of its file")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the file to write: .svg, .png or .pdf")],
    tracks: Annotated[
        str,
        typer.Option(
            help="any of waveform,spectrogram,mel,mfcc,pitch,intensity,words,tone, separated by commas; all without it"
        ),
    ] = "",
    start: Annotated[float, typer.Option(min=0, help="from this second on")] = 0.0,
    end: Annotated[float | None, typer.Option(min=0, help="up to this second; without it, to the end")] = None,
    study: StudyOption = None,
) -> None:
    """Draw a clip's sound, words and tone above each other on one axis of time, as a file for a paper or a lesson."""
    from pipeline.results.study import StudyReader

    if output.suffix.lower() not in FORMS:
        raise UserError(f"a picture ends in {', '.join(FORMS)}, and {output.name} does not")
    named = [name.strip() for name in tracks.split(",") if name.strip()]
    with StudyReader(study or find_study(None)) as reader:
        figure = reader.clip(clip).plot(*named, start_s=start, end_s=end)
    import matplotlib as mpl

    with mpl.rc_context(
        {"svg.hashsalt": "cliptone", "svg.fonttype": "none"}
    ):  # text stays text, the same bytes each time
        dated = {"Date": None} if output.suffix.lower() == ".svg" else None
        figure.savefig(output, dpi=DOTS_PER_INCH, metadata=dated)
    console().print(str(output), markup=False, highlight=False, soft_wrap=True)
