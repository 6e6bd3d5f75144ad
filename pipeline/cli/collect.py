"""Commands of collection: what other tools exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.screen import CELL_CHARACTERS, console
from pipeline.errors import UserError

FIRST_ROWS = 5  # of an export


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="an export of another tool, or a folder of yt-dlp's .info.json files")],
    donor: Annotated[str | None, typer.Option(help="a code for whoever donated the data, never a name")] = None,
    platform: Annotated[str | None, typer.Option(help="platform of every row, where a plain CSV does not say")] = None,
) -> None:
    """Show what another tool's export holds, and write the rows that cannot be read to a file with the reasons."""
    from pipeline.display import import_lines, plain_table
    from pipeline.imports.formats import Hints, read
    from pipeline.imports.result import write_rejects

    if not path.exists():
        raise UserError(f"{path} is not there")
    result = read(path, Hints(donor=donor, platform=platform))
    rejects = Path(f"{path.stem}.rejects.csv")
    if result.rejects:
        write_rejects(result, rejects)
    console().print(import_lines(result, rejects), markup=False)
    if result.posts:
        found = [
            (row.number, row.post.post_id, row.post.caption, row.post.posted_at) for row in result.posts[:FIRST_ROWS]
        ]
        console().print(plain_table((result.unit, "post", "caption", "posted at"), found, CELL_CHARACTERS))
        console().print(
            f'To fetch and analyse them: export = "{path}" under [[sources]] in a study file.', markup=False
        )
