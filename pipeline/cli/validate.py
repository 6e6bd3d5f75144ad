"""Commands by which people check the machine: a sample to hear, a page for each coder, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.app import Commands, app
from pipeline.cli.arguments import OutputOption, StudyArgument, StudyOption, find_study, load
from pipeline.cli.output import console, print_lines, write
from pipeline.errors import UserError
from pipeline.records.counted import counted

validate_app = Commands(help="People check the machine: draw a sample, label it, and compare.", no_args_is_help=True)
app.add_typer(validate_app, name="validate")
NameOption = Annotated[str, typer.Option("--name", help="name of the sample")]
SchemeOption = Annotated[
    Path | None, typer.Option(help="questions of your own, as TOML (`cliptone validate scheme` writes an example)")
]
WordsOption = Annotated[bool, typer.Option("--words", help="show what is said too, as it was transcribed")]


@validate_app.command()
def sample(
    study: StudyArgument = None,
    margin: Annotated[float, typer.Option(min=0.5, max=50, help="± this many points at 95 % for any share")] = 5.0,
    size: Annotated[int | None, typer.Option(min=1, help="draw this many instead")] = None,
    unit: Annotated[Literal["region", "clip"], typer.Option(help="stretches of speech, or whole clips")] = "region",
    by: Annotated[str, typer.Option(help="what the draw is spread over, separated by commas; all without it")] = "",
    model: Annotated[str | None, typer.Option(help="the tone model whose labels it is spread over")] = None,
    seed: Annotated[int, typer.Option(min=0, help="the same seed draws the same sample")] = 1,
    name: NameOption = "sample",
) -> None:
    """Draw a sample to listen to, spread over platform, language, week, music and tone, with weights."""
    from rich.progress import Progress

    from pipeline.results.study import StudyReader
    from pipeline.results.validation.population import GROUPINGS
    from pipeline.results.validation.sample import make_sample
    from pipeline.study import audit_log

    groupings = tuple(dict.fromkeys(one.strip() for one in by.split(",") if one.strip())) or GROUPINGS
    if unknown := sorted(set(groupings) - set(GROUPINGS)):
        raise UserError(f"--by knows {', '.join(GROUPINGS)}, not {', '.join(unknown)}")
    folder = load(find_study(study)).folder
    with StudyReader(folder.published) as reader, Progress(console=console(), transient=True) as bar:
        line = bar.add_task("cutting sound", total=None)
        made = make_sample(
            reader, folder, name, unit, margin / 100, size, seed, groupings, model, lambda: bar.advance(line)
        )
    audit_log.note(folder, "validate-sample", {"drawn": len(made.drawn.chosen), "population": made.population})
    heard = sum(one.media is not None for one in made.sample.units)
    lines = [
        f"drawn      {len(made.drawn.chosen)} of {counted(made.population, unit)}, spread over "
        f"{', '.join(made.drawn.by) or 'nothing'}",
        f"precision  ± {made.drawn.margin(made.population):.1%} at 95 % for a share of one half; more where one author "
        "has many clips",
        f"sound      {heard} can be listened to",
    ]
    if made.drawn.left_out:
        lines.append(f"not spread over {', '.join(made.drawn.left_out)}: too few would be drawn of each group")
    if made.silent:
        clip_id, why = next(iter(made.silent.items()))
        lines.append(f"without    {counted(len(made.silent), 'clip')} cannot be heard, such as {clip_id}: {why}")
    lines += [f"folder     {made.sample.folder}", f"then       cliptone validate page {study or ''} --coders 2"]
    print_lines(lines)


@validate_app.command()
def scheme(output: OutputOption = None) -> None:
    """Write the questions that coders are asked by default, as an example for your own."""
    from pipeline.results.validation.scheme import EXAMPLE

    write(EXAMPLE.read_text(encoding="utf-8"), output)


@validate_app.command()
def page(
    study: StudyArgument = None,
    coders: Annotated[int, typer.Option(min=1, max=26, help="how many pages: coders A, B, C …")] = 2,
    coder: Annotated[list[str] | None, typer.Option(help="the code of one coder (may be given several times)")] = None,
    scheme: SchemeOption = None,
    words: WordsOption = False,
    label_studio: Annotated[bool, typer.Option("--label-studio", help="tasks for Label Studio instead")] = False,
    name: NameOption = "sample",
) -> None:
    """Write a page for each coder: one file that plays the sample and asks, without what a model said."""
    from pipeline.results.study import StudyReader
    from pipeline.results.validation.label_studio import write_tasks
    from pipeline.results.validation.page import check_coder, words_of, write_page
    from pipeline.results.validation.sample import read_sample
    from pipeline.results.validation.scheme import EXAMPLE, read_scheme

    folder = load(find_study(study)).folder
    asked = read_scheme(scheme or EXAMPLE)
    drawn = read_sample(folder, name)
    said = None
    if words:
        with StudyReader(folder.published) as reader:
            said = words_of(reader, drawn)
    if label_studio:
        print_lines(str(path) for path in write_tasks(drawn, asked, said))
        return
    codes = [check_coder(code) for code in coder or [chr(ord("A") + number) for number in range(coders)]]
    print_lines(str(write_page(drawn, asked, code, said)) for code in codes)
    print_lines(["Send each coder their page; then cliptone validate import FILES"])


@validate_app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="what coders saved, or an export of Label Studio (JSON)")],
    study: StudyOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="put them in the place of a coder's earlier ones")] = False,
) -> None:
    """Store the answers of coders in the study's table `annotations`; the same file twice changes nothing."""
    from pipeline.results.validation.annotate import import_answers
    from pipeline.study import audit_log

    folder = load(find_study(study)).folder
    found = import_answers(folder, files, replace=replace)
    audit_log.note(folder, "validate-import", {"coders": len(found), "sounds": sum(one.sounds for one in found)})
    print_lines(
        f"{one.sample}, coder {one.coder}: {counted(one.sounds, 'sound')}{'' if one.new else ' (all there before)'}"
        for one in found
    )
    print_lines(["then cliptone validate report"])


@validate_app.command()
def report(study: StudyArgument = None, name: NameOption = "sample") -> None:
    """Say how far coders agree and how right the models are, as a page and a table; write labels for other commands."""
    from pipeline.cli.display import plain_table
    from pipeline.results.validation.report import make_report, overall
    from pipeline.study import audit_log

    path = find_study(study)
    folder = load(path).folder
    found = make_report(folder, name)
    audit_log.note(folder, "validate-report", {"coders": len(found.coders), "sounds": found.sounds})
    agreed = [
        (one.question, one.measure, one.estimate.value, one.estimate.low, one.estimate.high, one.sounds,
         one.estimate.reason)
        for one in found.agreement
    ]  # fmt: skip
    console().print(plain_table(("question", "agreement", "value", "95 % from", "to", "sounds", "reason"), agreed))
    judged = [
        (one.row.model, one.whom, one.row.measure, one.row.label or "all", one.row.value, one.row.ci_low,
         one.row.ci_high, one.row.n, one.row.reason)
        for one in overall(found.against)
    ]  # fmt: skip
    if judged:
        headers = ("model", "against", "measure", "label", "value", "95 % from", "to", "sounds", "reason")
        console().print(plain_table(headers, judged))
    print_lines(
        [
            *found.notes,
            f"differ     {counted(len(found.differing), 'sound')} to listen to",
            f"page       {found.labels.with_name('report.html')}",
            f"labels     {found.labels}   (cliptone train-head, cliptone evaluate --labels)",
        ]
    )
