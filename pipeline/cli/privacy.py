"""Commands for people's rights: forget, opt out, manage the key, apply retention, and show the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import Commands, app
from pipeline.cli.arguments import LookInOption, StudyArgument, YesOption, find_study, load, with_yes
from pipeline.cli.forgotten import card_lines, print_forgotten, print_preview
from pipeline.cli.output import console, print_lines
from pipeline.errors import UserError
from pipeline.records.counted import counted

if TYPE_CHECKING:
    from pipeline.privacy.retention import Class

optout_app = Commands(help="People and posts that are to stay out of a study.", no_args_is_help=True)
keys_app = Commands(help="The pseudonym key of a study: show, move or destroy it.", no_args_is_help=True)
app.add_typer(optout_app, name="optout")
app.add_typer(keys_app, name="keys")


@app.command()
def forget(
    context: typer.Context,
    study: StudyArgument = None,
    author: Annotated[
        list[str] | None,
        typer.Option(help="an account: handle, URL, id or author_key (may be given several times)"),
    ] = None,
    clip: Annotated[list[str] | None, typer.Option(help="a post: URL or clip_id (may be given several times)")] = None,
    donor: Annotated[
        list[str] | None, typer.Option(help="the donor of data: the code you gave (may be given several times)")
    ] = None,
    look_in: LookInOption = None,
    yes: YesOption = False,
) -> None:
    """Remove posts, an author or a donor from a study permanently: rows, files, report, exports; shows first what goes.

    With --yes it is done, and a receipt is written.
    """
    from pipeline.privacy.forget import NOTHING, would_forget
    from pipeline.privacy.forget import forget as forget_them
    from pipeline.privacy.subjects import Named, read_author, read_clip
    from pipeline.study import audit_log

    if not author and not clip and not donor:
        raise UserError("name whom or what to forget: --author @handle, --clip tiktok:73…, or --donor p01")
    named = Named(donors=frozenset(donor or ()))
    for one in [*map(read_author, author or ()), *map(read_clip, clip or ())]:
        named |= one
    loaded = load(find_study(study))
    if not yes:
        found = would_forget(loaded, named, look_in=look_in or ())
        if found is None:
            raise UserError(NOTHING)
        print_preview(found, with_yes(context))
        return
    with console().status("forgetting …"):
        found = forget_them(loaded, named, look_in=look_in or ())
    people = {"authors": found.authors, "donors": found.donors}
    audit_log.note(loaded.folder, "forget", {"clips": found.clips, **people, "proven": str(found.proven)})
    print_forgotten(found)


@optout_app.command("add")
def optout_add(
    context: typer.Context,
    names: Annotated[Path, typer.Argument(help="one account or post a line: URL, @handle, platform:@handle, clip_id")],
    study: StudyArgument = None,
    look_in: LookInOption = None,
    yes: YesOption = False,
) -> None:
    """Keep these out of a study from now on, and forget what it holds of them; shows first what goes.

    With --yes it is done.

    The study keeps a digest of each name, made with its key, to know them by when a post of theirs comes in.

    It keeps no name, handle or URL of the list, and no copy of the file.
    """
    from pipeline.privacy.forget import opt_out, would_forget
    from pipeline.privacy.subjects import read_list
    from pipeline.study import audit_log

    named = read_list(names)
    loaded = load(find_study(study))
    who = f"{counted(len(named.accounts), 'account')} and {counted(len(named.clip_ids), 'post')}"
    if not yes:
        held = would_forget(loaded, named, look_in=look_in or ())
        held = held if held and held.clips else None
        print_preview(held, with_yes(context), [f"{who} would stay out of {loaded.file.name} from now on."])
        return
    with console().status("opting out …"):
        found = opt_out(loaded, named, look_in=look_in or ())
    counts = {"accounts": len(named.accounts), "posts": len(named.clip_ids), "clips_forgotten": found.clips}
    audit_log.note(loaded.folder, "optout", counts)
    print_lines([f"{who} stay out of {loaded.file.name} from now on."])
    if found.receipt:
        print_forgotten(found)
    else:
        print_lines(card_lines(found))


@optout_app.command("list")
def optout_list(study: StudyArgument = None) -> None:
    """Show how many posts, accounts and donors stay out of a study, by cause; the names are not kept."""
    from pipeline.cli.display import plain_table
    from pipeline.privacy.tombstones import tombstone_counts

    loaded = load(find_study(study))
    counts = tombstone_counts(loaded)
    rows = [(kind, cause, count) for (kind, cause), count in sorted(counts.items())]
    console().print(plain_table(("kind", "cause", "tombstones"), rows))
    print_lines(
        [
            "A tombstone is a digest of a post or an account, made with the study's key: it only tells whether one "
            "that comes in again is among them. The names themselves are not kept.",
            "An account has a tombstone for each way to write it, so there are more of them than accounts. Keep your "
            "own list of names where you keep consent forms.",
        ]
    )


@keys_app.command("show")
def keys_show(study: StudyArgument = None) -> None:
    """Show where the key of a study is, and the beginning of its digest; never the key."""
    from pipeline.study import binding

    folder = load(find_study(study)).folder
    found = binding.state(folder)
    lines = [f"key     {found.state}", f"place   {found.path}", f"digest  {found.digest or 'none'}"]
    lines += [f"since   {found.since}"] if found.since else []
    lines += [f"to      {found.moved_to}"] if found.moved_to else []
    lines += [f"also of {root}" for root in binding.other_studies(folder)]
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


@keys_app.command("move")
def keys_move(
    folder: Annotated[Path, typer.Argument(help="folder outside the study, such as an encrypted disk")],
    study: StudyArgument = None,
) -> None:
    """Move the key of a study to another folder."""
    from pipeline.study import audit_log, binding

    loaded = load(find_study(study))
    if folder.expanduser().absolute().is_relative_to(loaded.folder.root):
        raise UserError("keep the key away from the results: whoever has both can identify the accounts")
    goal = binding.move_key(loaded.folder, folder)
    audit_log.note(loaded.folder, "keys move", {})
    console().print(f"The key is {goal}. For every command on this study: export CLIPTONE_KEYS={goal.parent}",
                    markup=False, soft_wrap=True)  # fmt: skip


@keys_app.command("destroy")
def keys_destroy(
    context: typer.Context,
    study: StudyArgument = None,
    shared: Annotated[bool, typer.Option("--shared", help="also where other studies use the same key")] = False,
    yes: YesOption = False,
) -> None:
    """Destroy the key of a study: pseudonyms can no longer be linked to accounts; shows first what goes.

    With --yes it is done. It cannot be undone.
    """
    from pipeline.study import audit_log, binding

    loaded = load(find_study(study))
    if not yes:
        found, others = binding.state(loaded.folder), binding.other_studies(loaded.folder)
        lines = [
            f"This destroys {found.path} ({found.state}). After it nobody can be forgotten or found by a handle, and "
            f"the study {loaded.folder.root} accepts no new posts. It cannot be undone.",
            *(f"the key is also that of the study {root}: to destroy it for both, add --shared" for root in others),
            f"Nothing was changed. To do it: {with_yes(context)}",
        ]
        print_lines(lines)
        return
    destroyed = binding.destroy_key(loaded.folder, shared=shared)
    audit_log.note(loaded.folder, "keys destroy", {"digest": destroyed.digest or "none"})
    console().print("The key is destroyed. Delete copies of it, such as in backups, yourself.")


@app.command()
def expire(
    study: StudyArgument = None,
    what: Annotated[
        list[str] | None, typer.Option(help="media, audio, text, key or everything (may be given several times)")
    ] = None,
    yes: YesOption = False,
) -> None:
    """After the day of `retain_until`, delete media, audio, texts, the key or everything; shows first what goes.

    With --yes and --what it is done.
    """
    from pipeline.cli.display import plain_table
    from pipeline.privacy.retention import due
    from pipeline.privacy.retention import expire as expire_now
    from pipeline.study import audit_log
    from pipeline.study.retention_day import days_left

    if yes and not what:
        raise UserError("name what to delete, as in --what media --what audio, or --what everything")
    loaded, classes = load(find_study(study)), _retention_classes(what or [])
    found = expire_now(loaded, classes) if yes else due(loaded.folder, classes)
    rows = [(one.what, one.meaning, one.files, round(one.bytes / 1e6, 1), one.texts) for one in found]
    console().print(plain_table(("class", "what it is", "files", "MB", "texts in the database"), rows))
    if yes:
        audit_log.note(
            loaded.folder, "expire", {"classes": " ".join(classes), "files": sum(one.files for one in found)}
        )
        console().print("Deleted.")
        return
    left = days_left(loaded.file)
    if left is None:
        day = "no day is named: retain_until under [privacy]"
    else:
        day = f"{counted(left, 'day')} left" if left >= 0 else f"the last day was {counted(-left, 'day')} ago"
    when = "To delete" if left is not None and left < 0 else "To delete after the day"
    console().print(f"Nothing was deleted ({day}). {when}: cliptone expire {loaded.file.path.name} "
                    f"{' '.join(f'--what {one}' for one in classes)} --yes", markup=False, soft_wrap=True)  # fmt: skip


@app.command("audit")
def show_audit(study: StudyArgument = None) -> None:
    """Show every command that changed a study, and check that the log was not tampered with."""
    from pipeline.cli.display import plain_table
    from pipeline.study import audit_log

    folder = load(find_study(study)).folder
    verdict = audit_log.verify(folder)
    if not verdict.lines and not verdict.broken:
        raise UserError(f"there is no audit log at {folder.audit_log} yet: the first command that changes something "
                        "begins it")  # fmt: skip
    rows = [
        (line.at, line.command, ", ".join(f"{name} {value}" for name, value in line.counts.items()))
        for line in audit_log.read(folder.audit_log)
    ]
    console().print(plain_table(("time, UTC", "command", "counts"), rows))
    if verdict.broken:
        console().print(f"The chain is BROKEN: {verdict.broken}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    console().print(f"The chain of {counted(verdict.lines, 'line')} holds. Last digest: {verdict.last}", soft_wrap=True)
    if verdict.untold:
        console().print(verdict.untold, markup=False, highlight=False, soft_wrap=True)


def _retention_classes(names: list[str]) -> list[Class]:
    from pipeline.privacy.retention import CLASSES

    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        raise UserError(f"there is no class {unknown[0]!r}: choose {', '.join(CLASSES)}")
    return [one for one in CLASSES if not names or one in names]
