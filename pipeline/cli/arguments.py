"""Arguments and options that several commands share, and the study that they select."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.study.config import Study

Form = Literal["table", "csv", "json", "parquet"]
StudyArgument = Annotated[
    Path | None,
    typer.Argument(
        help="study file, folder of results, or database, also as --study; may be left out where there is only one"
    ),
]
StudyOption = Annotated[
    Path | None,
    typer.Option("--study", "-s", help="study file, folder of results, or database; also as the last argument"),
]
FormOption = Annotated[Form, typer.Option("--format", "-f", help="output format")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="write to this file instead of the terminal")]

#: Of every command that forgets somebody.
LookInOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--look-in", help="a folder with exports that were made elsewhere (may be given several times): they are named"
    ),
]

#: Of every command that deletes something permanently.
YesOption = Annotated[
    bool,
    typer.Option("--yes", help="do it; without this, nothing changes, and what would go is shown with the command"),
]


def load(path: Path) -> Study:
    """The study of a study file, or of results that were named in its place."""
    from pipeline.stages import BY_NAME
    from pipeline.study.config import load_study

    return load_study(_study_file_of(path), BY_NAME)


def find_study(named: Path | None) -> Path:
    """The study file that is meant: the named one, the only one here, or the demo."""
    if named is not None:
        return named
    found = _study_files("*.toml") or _study_files("outputs/demo/*.toml")
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(f"name the study file, as in `cliptone run my-study.toml` (found here: {names})")
    return found[0]


def _study_file_of(path: Path) -> Path:
    """The study file of a folder of results or of a database; a path that is neither stands for itself.

    `UserError` where it is not known, or no longer there.
    """
    from pipeline.study.folder import WORK, StudyFolder
    from pipeline.study.identity import owner_of

    if not path.is_dir() and path.suffix != ".duckdb":
        return path
    root = path.parent if path.suffix == ".duckdb" else path
    root = (root.parent if root.name == WORK else root).absolute()
    owner = owner_of(StudyFolder.at(root))
    if owner is not None and owner.is_file():
        return owner
    near = [one for folder in dict.fromkeys((root, root.parent.parent)) for one in sorted(folder.glob("*.toml"))]
    found = [one for one in near if _results_of(one) == root.resolve()]
    if len(found) != 1:
        raise UserError(
            f"the study file of the results in {root} is not to be found: name it in place of {path}; the commands "
            "query, sql, report, serve and methods need none"
        )
    return found[0]


def _results_of(study_file: Path) -> Path | None:
    """Where a study file has its results; None if it cannot be read as one."""
    from pipeline.store.reader import published_path

    try:
        return published_path(study_file.absolute()).parent.resolve()
    except UserError:
        return None


def _study_files(pattern: str) -> list[Path]:
    """Study files below the current folder, without other TOML files such as a lexicon."""
    return [path for path in sorted(Path.cwd().glob(pattern)) if "[[sources]]" in path.read_text("utf-8", "replace")]


def with_yes(context: typer.Context) -> str:
    """The command that was given, with --yes, to be pasted."""
    words, above = [context.info_name or ""], context.parent
    while above is not None and above.parent is not None:  # the groups of the command, without cliptone itself
        words, above = [above.info_name or "", *words], above.parent
    words = ["cliptone", *words]
    for one in context.command.params:
        value = context.params.get(one.name or "")
        if one.name == "yes" or value is None or value is False:
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [
                *([one.opts[0]] if one.param_type_name == "option" else []),
                *([] if each is True else [str(each)]),
            ]
    return shlex.join([*words, "--yes"])
