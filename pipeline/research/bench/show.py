"""Show the measurements: a table on the screen and on the page of this folder, and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

PAGE = Path("pipeline/research/README.md")
BLUE, GREY = "#0072B2", "#999999"  # of Okabe and Ito (2008), and grey for what is not cliptone
SECONDS_PER_MINUTE = 60.0
HEADER = (
    "contender", "clips a minute", "times by hand", "times one process", "real-time factor", "CPU s per audio min",
    "peak memory (MiB)", "WER (%)", "CPU over the limit",
)  # fmt: skip
SHORTEST_SHARE = 0.005  # stages below this share of the work are not listed


def rows(measured: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """One line a contender, as text."""
    by_name = {one["name"]: one for one in measured["contenders"]}
    minutes = measured["audio_s"] / SECONDS_PER_MINUTE
    for one in measured["contenders"]:
        times = [
            f"{by_name[other]['wall_s'] / one['wall_s']:.1f}" if other in by_name else ""
            for other in ("by hand", "one process")
        ]
        yield (
            one["name"],
            f"{SECONDS_PER_MINUTE * measured['clips'] / one['wall_s']:.1f}",
            *times,
            f"{one['wall_s'] / measured['audio_s']:.3f}",
            f"{one['cpu_s'] / minutes:.1f}",
            f"{one['peak_mib']:.0f}",
            f"{100 * one['wer']:.2f}",
            f"{one['cpu_s'] / measured['limit']['seconds']:.1f}",
        )


def shares(measured: Mapping[str, Any]) -> Iterator[str]:
    """Where the time of each profile goes, as a sentence."""
    for one in measured["contenders"]:
        whole = sum(one["stages"].values())
        parts = [
            f"{stage} {100 * seconds / whole:.0f} %"
            for stage, seconds in sorted(one["stages"].items(), key=lambda pair: -pair[1])
            if seconds > SHORTEST_SHARE * whole
        ]
        if parts:
            yield f"{one['name']}: {', '.join(parts)}"


def about(measured: Mapping[str, Any]) -> str:
    """What was measured on, as a sentence."""
    limit = measured["limit"]
    return (
        f"{measured['clips']} clips, {measured['audio_s'] / SECONDS_PER_MINUTE:.0f} minutes, "
        f"{measured['utterances']} utterances with true words, on {measured['machine']['cores']} cores; medians of "
        f"{_rounds(measured['contenders'])}. Whisper base's encoder needs {limit['gflop']:.0f} GFLOP "
        f"for the clips with speech ({limit['gflop_padded']:.0f} padded to 30 s); one core multiplies float32 matrices "
        f"at {limit['gflop_per_s']:.0f} GFLOP/s, so {limit['seconds']:.0f} s of one core are the limit that the last "
        "column divides by."
    )


def _rounds(contenders: Sequence[Mapping[str, Any]]) -> str:
    """How many rounds there were, and who ran in fewer."""
    counts = {one["name"]: len(one["costs"]) for one in contenders}
    most = max(counts.values())
    fewer = [f", {name} in {count}" for name, count in counts.items() if count < most]
    rounds = "1 round" if most == 1 else f"{most} rounds"
    return rounds + "".join(fewer)


def show(measured: Mapping[str, Any]) -> None:
    """Print everything."""
    widths = [max(map(len, column)) for column in zip(HEADER, *rows(measured), strict=True)]
    for line in (HEADER, *rows(measured)):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    typer.echo(about(measured))
    for sentence in shares(measured):
        typer.echo(sentence)


def markdown(measured: Mapping[str, Any]) -> str:
    """The table and the sentences as Markdown."""
    lines = [HEADER, ("---",) + ("---:",) * (len(HEADER) - 1), *rows(measured)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    what = "\n".join(f"- **{one['name']}**: {one['about']}" for one in measured["contenders"])
    where = "\n".join(f"- {sentence}" for sentence in shares(measured))
    return f"{table}\n\n{about(measured)}\n\n{what}\n\nWhere the work goes:\n\n{where}\n"


def draw(measured: Mapping[str, Any], path: Path) -> None:
    """Clips a minute of each contender, the fastest on top."""
    from matplotlib.figure import Figure

    ordered = sorted(measured["contenders"], key=lambda one: -float(one["wall_s"]))
    speeds = [SECONDS_PER_MINUTE * measured["clips"] / one["wall_s"] for one in ordered]
    colours = [BLUE if one["stages"] else GREY for one in ordered]
    figure = Figure(figsize=(7.0, 0.5 + 0.45 * len(ordered)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh([one["name"] for one in ordered], speeds, color=colours)
    axes.bar_label(bars, [f"{speed:.0f}" for speed in speeds], padding=3)
    axes.set_xlabel(f"clips a minute on {measured['machine']['cores']} cores (blue: cliptone)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
