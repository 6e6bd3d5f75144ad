"""The command that checks a study for damage and repairs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import EXIT_FAILED, app
from pipeline.cli.arguments import StudyArgument, YesOption, find_study, load, with_yes
from pipeline.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.run.verify.findings import Finding

MOST_LINES = 100  # of findings on the screen


@app.command()
def verify(
    context: typer.Context,
    study: StudyArgument = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="repair what can be repaired; the next run makes the rest again")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Check whether a study is intact: files, rows, attempts, counts, the published database, the audit log.

    With --repair, what can be made again is; what has to be deleted is only shown, until --yes. Exit code 0 when all is
    well, 1 with findings.
    """
    from pipeline.run.verify.check import verify as look
    from pipeline.run.verify.repair import repair as repair_study
    from pipeline.study import audit_log

    loaded = load(find_study(study))
    with console().status("checking every file …"):
        found, left = repair_study(loaded, delete=yes) if repair else (look(loaded), [])
    _print_findings(found)
    if untold := audit_log.verify(loaded.folder).untold:
        console().print(untold, markup=False, highlight=False, soft_wrap=True)
    if not repair:
        _end(found, "cliptone verify --repair repairs what it can" if any(one.is_repairable for one in found) else "")
        return
    if found:
        audit_log.note(loaded.folder, "verify --repair", {"findings": len(found), "left": len(left)})
        console().print(
            f"{len(found) - len(left)} of {len(found)} are repaired. Next: cliptone run {loaded.file.path.name}"
        )
    if any(one.deletes for one in left) and not yes:
        _end(left, f"Nothing was deleted. To delete what has no use: {with_yes(context)}")
    _end(left, "what is left needs you: see the last column")


def _print_findings(found: Sequence[Finding]) -> None:
    from pipeline.cli.display import plain_table

    rows = [(one.check, one.clip_id or "–", one.what, one.advice) for one in found[:MOST_LINES]]
    if rows:
        console().print(plain_table(("check", "clip", "what", "what to do"), rows))
    if len(found) > MOST_LINES:
        console().print(f"… and {len(found) - MOST_LINES} more.")


def _end(found: Sequence[Finding], then: str) -> None:
    if not found:
        console().print("All is well: files, rows, attempts, counts, published database and audit log agree.")
        return
    console().print(f"{len(found)} findings. {then}".rstrip(), markup=False)
    raise typer.Exit(EXIT_FAILED)
