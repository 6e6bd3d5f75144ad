"""The command that merges the shards of a study."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, find_study, load
from pipeline.cli.output import console
from pipeline.records.counted import counted


@app.command()
def merge(
    study: StudyArgument = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="merge what is there, although shards have clips pending")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="delete the shards' databases once they are merged")] = False,
) -> None:
    """Merge the shards of a study (`cliptone run --shard`) into its own database, and publish it."""
    from pipeline.run.shards.merge import merge as merge_shards
    from pipeline.run.shards.merge import remove_shards
    from pipeline.study import audit_log

    loaded = load(find_study(study))
    merged = merge_shards(loaded, partial)
    audit_log.note(loaded.folder, "merge", {"shards": merged.shards, "clips": merged.clips})
    console().print(
        f"{counted(merged.clips, 'clip was', 'clips were')} merged from {merged.shards} of "
        f"{counted(merged.count, 'shard')}.",
        markup=False,
    )
    for gap in merged.gaps:
        console().print(f"Incomplete: {gap}.", markup=False)
    if remove and not merged.gaps:
        remove_shards(loaded)
    elif remove:
        console().print("The shards stay until all of them are merged.", markup=False)
    console().print(
        f"See: cliptone status {loaded.file.path.name} · cliptone query clip_overview", style="dim", markup=False
    )
