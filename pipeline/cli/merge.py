"""The command that merges the shards of a study."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, YesOption, find_study, load, with_yes
from pipeline.cli.output import console, print_lines
from pipeline.records.counted import counted
from pipeline.study.folder import StudyFolder


@app.command()
def merge(
    context: typer.Context,
    study: StudyArgument = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="merge what is there, although shards have clips pending")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="with --yes, delete the shards' databases once they are merged")
    ] = False,
    yes: YesOption = False,
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
    if remove and not merged.gaps and yes:
        remove_shards(loaded)
        console().print("The shards' databases are deleted.", markup=False)
    elif remove and not merged.gaps:
        _print_what_would_go(context, loaded.folder, merged.shards)
    elif remove:
        console().print("The shards stay until all of them are merged.", markup=False)
    console().print(
        f"See: cliptone status {loaded.file.path.name} · cliptone query clip_overview", style="dim", markup=False
    )


def _print_what_would_go(context: typer.Context, folder: StudyFolder, shards: int) -> None:
    """Which databases `--yes` would delete, and the command that does it."""
    megabytes = sum(path.stat().st_size for path in folder.shards.rglob("*") if path.is_file()) / 1e6
    lines = (
        f"Nothing was deleted. The databases of {counted(shards, 'shard')} in {folder.shards} "
        f"({megabytes:.1f} MB) are not needed any more.",
        f"To delete them: {with_yes(context)}",
    )
    print_lines(lines)
