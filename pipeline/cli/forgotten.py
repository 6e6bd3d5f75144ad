"""What `cliptone forget` and `cliptone optout` say: first what would go, then what went and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from pipeline.cli.app import EXIT_FAILED
from pipeline.cli.output import print_lines
from pipeline.records.counted import counted

if TYPE_CHECKING:
    from pipeline.privacy.erase_files import Elsewhere
    from pipeline.privacy.forgotten import Forgotten


def print_preview(found: Forgotten | None, command: str, first: Sequence[str] = ()) -> None:
    """What would be deleted, and the command that does it."""
    lines = list(first)
    if found is None:
        lines.append("The study holds nothing of them: nothing else would change.")
    else:
        files = ", ".join(f"{kind} {count}" for kind, count in found.erased.files.items())
        lines += [
            f"{counted(found.clips, 'clip')}: {counted(sum(found.rows.values()), 'row')} and "
            f"{counted(sum(found.erased.files.values()), 'file')} would go{f' ({files})' if files else ''}; the report "
            "is built again when it is asked for. It cannot be undone.",
            *(f"the export {name} would be deleted" for name in found.erased.exports),
            *_left_lines(found),
        ]
    print_lines([*lines, f"Nothing was changed. To do it: {command}"])


def print_forgotten(found: Forgotten) -> None:
    from pipeline.privacy.receipt import NOT_REACHED

    lines = [
        f"{counted(found.clips, 'clip')}: {counted(sum(found.rows.values()), 'row')} and "
        f"{counted(sum(found.erased.files.values()), 'file')} are gone.",
        *(f"deleted export {name}" for name in found.erased.exports),
        *card_lines(found),
        f"Searched {counted(found.scan.files, 'file')} ({found.scan.bytes / 1e6:.0f} MB) for "
        f"{counted(found.scan.needles, 'text')}: "
        f"found {found.scan.total}; the database was {found.proof}.",
        *(f"rewritten, but not searched, since it is on another machine: {url}" for url in found.remains.not_searched),
        *(f"others name or say the same: {count} × {where}" for where, count in found.named_by_others.items()),
        *_left_lines(found),
        "Not reached: " + "; ".join(NOT_REACHED) + ".",
        f"receipt    {found.receipt}",
    ]
    print_lines(lines)
    if not found.proven:
        print_lines(_unproven_lines(found))
        raise typer.Exit(EXIT_FAILED)


def card_lines(found: Forgotten) -> list[str]:
    return [f"rewritten without ids of clips: {card}" for card in found.cards]


def _left_lines(found: Forgotten) -> list[str]:
    """What stays: files and exports in folders of the user's own, and what to do about them."""
    return [
        *(f"left, as it is your own: {path}" for path in found.own_files),
        *(f"still named by the source {name!r}: no run stores it again" for name in found.sources_naming),
        *elsewhere_lines(found.elsewhere),
    ]


def elsewhere_lines(elsewhere: Elsewhere) -> list[str]:
    """Exports in folders of the user's own that hold the forgotten, or that were not found."""
    return [
        *(f"an export elsewhere holds them: {path}: delete it, and export again" for path in elsewhere.affected),
        *(
            f"not found, so not looked into: {one}, made in another folder: delete it if it holds them, or name a "
            "folder above it with --look-in"
            for one in elsewhere.not_found
        ),
    ]


def _unproven_lines(found: Forgotten) -> list[str]:
    """What was found where nothing should be, file by file, and how to go on."""
    lines = ["NOT PROVEN: something is left, or other rows changed."]
    for path, kinds in sorted(found.scan.paths.items()):
        folder, _, rest = path.partition("/")
        again = f"train it again with cliptone train-head LABELS.csv --name {rest.partition('/')[0]}, or "
        advice = f"{again if folder == 'heads' and rest else ''}delete the file, or take them out of it"
        lines.append(f"found in {path}: {', '.join(sorted(kinds))}: {advice}")
    if found.changed:
        lines.append(f"other rows changed in {', '.join(found.changed)}: check them with cliptone verify")
    return [*lines, "Then run the same command again: it searches once more, and writes a new receipt."]
