"""Commands of collection: what other tools exported."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import LookInOption, StudyArgument, StudyOption, find_study, load
from pipeline.cli.forgotten import elsewhere_lines
from pipeline.cli.output import CELL_CHARACTERS, console, print_lines
from pipeline.errors import Stopped, UserError

if TYPE_CHECKING:
    from pipeline.sources.formats.hints import Hints
    from pipeline.sources.formats.result import ImportResult

FIRST_ROWS = 5  # of an export


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="an export of another tool, packed or not, or a folder of exports")],
    study: StudyOption = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="of a plain CSV: our column = theirs, as in caption=text")
    ] = None,
    platform: Annotated[str | None, typer.Option(help="platform of every row, where a plain CSV does not say")] = None,
    donor: Annotated[str | None, typer.Option(help="a code for the donor of the data, never a name")] = None,
    encoding: Annotated[str | None, typer.Option(help="of a CSV file that is not UTF-8, such as cp1252")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="how dates of a CSV file are written, as in %d/%m/%Y %H:%M")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="fetch the media of these posts in the next run")] = False,
) -> None:
    """Show what another tool's export holds, and with a study store it; rows that cannot be read go to a file."""
    from pipeline.sources.formats.hints import Hints

    if not path.exists():
        raise UserError(f"{path} is not there")
    hints = Hints(donor, _column_mapping(mapping or ()), platform, encoding, date_format)
    if study is not None:
        _store(path, study, hints, fetch)
    elif fetch:
        raise UserError("--fetch stores posts for the next run: name the study that they belong to with --study")
    else:
        _preview(path, hints)


def _store(path: Path, study: Path, hints: Hints, fetch: bool) -> None:
    """Make an export part of a study, and say what became of its posts."""
    from pipeline.cli.display import ImportBar
    from pipeline.cli.sentences import import_lines
    from pipeline.records.counted import counted
    from pipeline.run.ingest import import_into
    from pipeline.sources.formats.rejects import rejects_path
    from pipeline.study import audit_log
    from pipeline.study.retention_day import refuse_after_last_day

    loaded = load(study)
    refuse_after_last_day(loaded.file)
    bar = ImportBar(console())
    try:
        with bar:
            result, row = import_into(loaded, path, hints, fetch, bar)
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped; {counted(bar.posts, 'post is', 'posts are')} stored: the same command goes on from there"
        ) from None
    audit_log.note(loaded.folder, "import", {"posts": row.posts, "new": row.new_posts, "rejected": row.rejected})
    console().print(import_lines(result, rejects_path(loaded.folder.rejects, result), row), markup=False)
    print_lines(bar.notes)
    _require_something(result)
    _show_first(result)
    console().print(_next_step(path, study, hints, fetch), markup=False, soft_wrap=True)


def _preview(path: Path, hints: Hints) -> None:
    """Show what an export holds; rows that cannot be read go to a file in the current folder."""
    from pipeline.cli.display import ImportBar
    from pipeline.cli.sentences import import_lines
    from pipeline.sources.formats.reading import read
    from pipeline.sources.formats.rejects import rejects_path, write_rejects

    with ImportBar(console()) as bar:
        result = read(path, hints, bar.read)
    rejects = rejects_path(Path(), result)
    write_rejects(rejects, result.unit, result.rejects, result.notes)
    console().print(import_lines(result, rejects), markup=False)
    _require_something(result)
    _show_first(result)
    if result.posts or result.exposures:
        for line in (
            f"To store them: {_import_command(path, hints)} --study STUDY.toml",
            f"To fetch and analyse them, in a study file:\n[[sources]]\n{_source_keys(path, hints)}",
        ):
            console().print(line, markup=False, soft_wrap=True)


def _require_something(result: ImportResult) -> None:
    """Raise `UserError` for a file of which nothing could be read: a script that imports it must notice."""
    if result.rejects and not result.posts and not result.exposures:
        raise UserError(f"nothing could be read of {result.path}: the file of rejects says why, row by row")


def _column_mapping(mapping: Sequence[str]) -> dict[str, str]:
    """Our columns and theirs, from `ours=theirs`."""
    pairs = [(text, *text.partition("=")) for text in mapping]
    wrong = next((text for text, ours, _, theirs in pairs if not ours.strip() or not theirs.strip()), None)
    if wrong is not None:
        raise UserError(f"--map {wrong} is not of the form OURS=THEIRS, as in --map caption=text")
    return {ours.strip(): theirs.strip() for _, ours, _, theirs in pairs}


def _show_first(result: ImportResult) -> None:
    from pipeline.cli.display import plain_table

    posts = [(row.number, row.post.post_id, row.post.caption, row.post.posted_at) for row in result.posts[:FIRST_ROWS]]
    seen = [(row.number, row.post_id, row.kind, row.seen_at) for row in result.exposures[:FIRST_ROWS]]
    for headers, rows in (
        ((result.unit, "post", "caption", "posted at"), posts),
        ((result.unit, "video", "exposure", "seen at"), seen),
    ):
        if rows:
            console().print(plain_table(headers, rows, CELL_CHARACTERS))


def _next_step(path: Path, study: Path, hints: Hints, fetch: bool) -> str:
    if fetch:
        return f"To fetch and analyse them: cliptone run {shlex.quote(str(study))}"
    again = f"{_import_command(path, hints)} --study {shlex.quote(str(study))} --fetch"
    return f"To fetch their media with the next run: {again}"


def _import_command(path: Path, hints: Hints) -> str:
    """The command that reads a file as it was read just now, to be pasted."""
    words = ["cliptone", "import", str(path)]
    words += [word for ours, theirs in hints.columns.items() for word in ("--map", f"{ours}={theirs}")]
    words += [word for name, value in _stated(hints) for word in (f"--{name.replace('_', '-')}", value)]
    return shlex.join(words)


def _stated(hints: Hints) -> list[tuple[str, str]]:
    """What the user said of a file beside its columns, by name."""
    names = ("platform", "donor", "encoding", "date_format")
    return [(name, value) for name in names if (value := getattr(hints, name)) is not None]


def _source_keys(path: Path, hints: Hints) -> str:
    """The keys of a source that reads a file as it was read just now, to be pasted."""
    keys = [f"export = {json.dumps(str(path), ensure_ascii=False)}"]
    if hints.columns:
        pairs = ", ".join(
            f"{ours} = {json.dumps(theirs, ensure_ascii=False)}" for ours, theirs in hints.columns.items()
        )
        keys.append(f"columns = {{ {pairs} }}")
    keys += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _stated(hints)]
    return "\n".join(keys)


@app.command()
def recheck(
    study: StudyArgument = None,
    limit: Annotated[int | None, typer.Option(min=1, help="check at most this many posts")] = None,
    look_in: LookInOption = None,
) -> None:
    """Check which posts are still public: new counts are stored, and the study's rule for vanished posts is applied."""
    from pipeline.cli.display import LookBar
    from pipeline.privacy.recheck import recheck as look_again
    from pipeline.study import audit_log
    from pipeline.study.retention_day import refuse_after_last_day

    loaded = load(find_study(study))
    refuse_after_last_day(loaded.file)
    elsewhere: list[str] = []
    try:
        with LookBar(console()) as bar:
            found = look_again(
                loaded,
                bar.watch,
                limit,
                look_in=look_in or (),
                report_elsewhere=lambda one: elsewhere.extend(elsewhere_lines(one)),
            )
    except KeyboardInterrupt:
        audit_log.note(loaded.folder, "recheck", {"ended": "stopped"})
        print_lines(elsewhere)
        raise Stopped(
            "stopped; what was checked is saved, and the next recheck begins with the posts not checked yet"
        ) from None
    audit_log.note(loaded.folder, "recheck", dict(found))
    console().print(
        ", ".join(f"{state} {count}" for state, count in found.items()) or "no posts to check", markup=False
    )
    print_lines(elsewhere)
