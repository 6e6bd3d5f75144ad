"""The command that compares two groups of clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import StudyArgument, find_study, load
from pipeline.cli.output import console
from pipeline.records.counted import counted

if TYPE_CHECKING:
    from pipeline.results.comparison.compare import Comparison


@app.command()
def compare(
    study: StudyArgument = None,
    by: Annotated[
        str | None, typer.Option(help="hashtag=A,B; or week, author, sound, language …; one value: against the others")
    ] = None,
    a: Annotated[
        str | None, typer.Option("--a", help="a condition in SQL over clip_overview for the first group")
    ] = None,
    b: Annotated[str | None, typer.Option("--b", help="the same for the second group")] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="a tone, arousal, or VIEW.COLUMN; by default all tones and arousal")
    ] = None,
    model: Annotated[str | None, typer.Option(help="the tone model; by default the first of the study")] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV of labels, as for evaluate: corrects the tones")] = None,
) -> None:
    """Compare two groups of clips: how much they differ in tone, with intervals over authors and a p by permutation."""
    from pipeline.results.comparison.compare import ComparisonWish, store_and_draw
    from pipeline.results.comparison.compare import compare as compare_groups
    from pipeline.study import audit_log

    folder = load(find_study(study)).folder
    found = compare_groups(folder.published, ComparisonWish(by, a, b, tuple(measure or ()), model, labels))
    drawn = store_and_draw(folder, found)
    audit_log.note(folder, "compare", {"measures": len(found.rows)})
    _print(found)
    console().print(f"Stored in the table comparisons of {folder.published}", markup=False, soft_wrap=True)
    console().print(f"drawn      {drawn}", markup=False, highlight=False, soft_wrap=True)


def _print(found: Comparison) -> None:
    from pipeline.cli.display import plain_table

    first = found.rows[0]
    console().print(f"A  {first.group_a}\nB  {first.group_b}", markup=False, soft_wrap=True)
    if found.in_both:
        console().print(f"left out: {counted(found.in_both, 'clip')} of both groups", markup=False)
    headers = (
        "measure",
        "A",
        "B",
        "A - B",
        "95 % from",
        "to",
        "p",
        "p, Holm",
        "clips A",
        "B",
        "authors A",
        "B",
        "reason",
    )
    rows = [
        (one.measure, one.mean_a, one.mean_b, one.difference, one.ci_low, one.ci_high, one.p, one.p_holm, one.clips_a,
         one.clips_b, one.authors_a, one.authors_b, one.reason)
        for one in found.rows
    ]  # fmt: skip
    console().print(plain_table(headers, rows))
    if any(one.labelled_a is not None for one in found.rows):
        corrected = [
            (one.measure, one.corrected, one.corrected_low, one.corrected_high, one.labelled_a, one.labelled_b)
            for one in found.rows
            if one.labelled_a is not None
        ]
        console().print("Difference of the shares of each tone, corrected by the labels", markup=False)
        console().print(plain_table(("tone", "A - B", "95 % from", "to", "labels A", "labels B"), corrected))
    else:
        console().print(
            "Of tones, these are means of a model's probabilities: what it confuses makes differences smaller, as a "
            "rule, and --labels corrects that.",
            markup=False, soft_wrap=True,
        )  # fmt: skip
