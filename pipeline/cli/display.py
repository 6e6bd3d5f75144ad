"""What the terminal shows: progress, tables, sizes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.records.counted import counted
from pipeline.results.certainty import marked, of_clip

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.records import Outcome
    from pipeline.run.executors.platform_lanes import LaneState

FIRST_WORDS = 6
#: Control and bidirectional characters: a caption must not control the terminal, or reverse the text beside it.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
DIGITS = 3  # of a number in a table on the screen; files keep all
OTHER_COLUMNS = 98  # characters of a line of the overview beside the first words
SHORT_REASONS = {"language_unsupported": "not English", "language_unknown": "language ?"}
TONE_STYLES = {"angry": "red", "happy": "yellow", "sad": "blue", "neutral": "green", "other": "magenta"}


class ProgressBar:
    """A bar over all steps of a run, with the stage, the time left and what failed so far."""

    def __init__(self, console: Console) -> None:
        self._failed: Counter[str] = Counter()
        self._lanes: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("[bold]{task.fields[stage]:<11}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=console,
        )
        self._bar = self._progress.add_task("run", total=None, stage="", failed="", visible=False)

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, clips: int, steps: int) -> None:
        """Show the bar."""
        self._progress.update(self._bar, total=steps, visible=True)
        self._progress.console.print(f"{counted(clips, 'clip')}, {counted(steps, 'step')} to do")

    def more(self, clips: int, steps: int) -> None:
        """Lengthen the bar."""
        self._progress.update(self._bar, total=(self._progress.tasks[self._bar].total or 0) + steps)

    def lane(self, state: LaneState) -> None:
        """Show each platform's lane on a line of its own: what waits in it, and what it pauses for."""
        if state.platform not in self._lanes:
            self._lanes[state.platform] = self._progress.add_task("lane", total=None, stage=state.platform, failed="")
        self._progress.update(self._lanes[state.platform], failed=lane_line(state))

    def stage(self, name: str) -> None:
        """Name the stage."""
        self._progress.update(self._bar, stage=name)

    def step(self, stage: str, outcome: Outcome, skipped: int) -> None:
        """Move on by one step, and shorten the way by the steps that a failed clip spares."""
        if outcome.reason is not None:
            self._failed[outcome.reason] += 1
            total = self._progress.tasks[self._bar].total or 0
            text = "[red]failed: " + ", ".join(f"{reason} {count}" for reason, count in self._failed.most_common())
            self._progress.update(self._bar, total=total - skipped, failed=text)
        self._progress.advance(self._bar)


class LookBar:
    """How many posts were looked at, what they were, and how each lane stands."""

    def __init__(self, console: Console) -> None:
        self._found: Counter[str] = Counter()
        self._progress = Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console)
        self._total = self._progress.add_task("looking …")
        self._lanes: dict[str, TaskID] = {}

    def __enter__(self) -> LookBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def watch(self, state: str, lane: LaneState | None) -> None:
        """Count a post, or show how a lane stands."""
        if lane is not None:
            if lane.platform not in self._lanes:
                self._lanes[lane.platform] = self._progress.add_task("")
            line = f"{lane.platform}: {lane_line(lane)}"
            self._progress.update(self._lanes[lane.platform], description=line)
            return
        self._found[state] += 1
        seen = ", ".join(f"{name} {count}" for name, count in self._found.most_common())
        self._progress.update(self._total, description=f"checked {self._found.total()}: {seen}")


class ImportBar:
    """How many rows of a file were read, then how many of its posts are stored, with the time left."""

    def __init__(self, console: Console) -> None:
        self.posts = 0  # stored so far
        self.notes: tuple[str, ...] = ()  # what became of some
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._reading = self._progress.add_task("rows read", total=None, visible=False)
        self._storing = self._progress.add_task("posts stored", total=None, visible=False)

    def __enter__(self) -> ImportBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def read(self, rows: int) -> None:
        """Show how many rows were read; a short file is over before that."""
        self._progress.update(self._reading, completed=rows, visible=True)

    def storing(self, posts: int) -> None:
        """Show the bar of what is stored."""
        self._progress.update(self._reading, visible=False)
        self._progress.update(self._storing, total=posts, visible=posts > 0)

    def stored(self, posts: int) -> None:
        """Move on."""
        self.posts += posts
        self._progress.advance(self._storing, posts)

    def noted(self, lines: Sequence[str]) -> None:
        """Keep what is to be said at the end."""
        self.notes = tuple(lines)


def lane_line(state: LaneState) -> str:
    """A lane in a few words."""
    if state.stopped:
        return f"stopped: {state.why}" if state.why else "done"
    pause = f", next in {state.pause_s:.0f} s" if state.pause_s >= 1 else ""
    return f"{state.waiting} to fetch{pause}{f' ({state.why})' if state.why else ''}"


def overview_table(rows: Iterable[Mapping[str, Any]], width: int) -> Table:
    """The clips of a study on a screen of that width, one line each: words, tone, or why these are not known."""
    table = Table(
        title="Perceived tone and text of each clip", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0)
    )
    columns: tuple[tuple[str, Any, int], ...] = (
        ("clip", "left", 22),
        ("speech s", "right", 8),
        ("lang", "left", 4),
        ("first words", "left", max(11, width - OTHER_COLUMNS)),  # only this column shrinks on a narrow screen
        ("perceived tone", "left", 17),
        ("p", "right", 4),
        ("sentiment", "right", 11),
        ("status", "left", 6),
    )
    for name, justify, characters in columns:
        table.add_column(name, justify=justify, width=characters, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(
            escape(str(row["file_name"] or row["clip_id"])),
            _number_cell(row["speech_s"], 1),
            row["language"] or "–",
            escape(_first_words(row["text"])) if row["text"] else _reason_cell(row["text_reason"]),
            _tone_cell(row) if row["tone"] else _reason_cell(row["tone_reason"]),
            _number_cell(row["tone_probability"], 2),
            _number_cell(row["sentiment"], 2)
            if row["sentiment"] is not None
            else _reason_cell(row["sentiment_reason"]),
            f"[{'green' if row['status'] == 'ok' else 'red'}]{row['status']}[/]",
        )
    return table


def status_table(rows: Sequence[tuple[str, int, Mapping[str, int], int, int]]) -> Table:
    """Each stage with what is done, failed by reason, pending, and not reached."""
    table = Table(pad_edge=False)
    for name, justify in (("stage", "left"), ("done", "right"), ("failed", "left"), ("pending", "right"),
                          ("not reached", "right")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for stage, done, failed, pending, blocked in rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in failed.items())
        table.add_row(
            stage, str(done), f"[red]{reasons}[/]" if reasons else "–", str(pending or "–"), str(blocked or "–")
        )
    return table


def plain_table(headers: Sequence[str], rows: Iterable[Sequence[object]], cut: int | None = None) -> Table:
    """Any rows as a table; NULL is shown as such, and texts are cut after that many characters."""
    table = Table(pad_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(_plain_cell(value, cut) for value in row))
    return table


def as_text(result: pa.Table, form: str) -> str:
    """A result as CSV or JSON text: ids stay text, NULL is empty or null, lists and maps are JSON."""
    rows = result.to_pylist(maps_as_pydicts="strict")
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1, default=str)
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(result.column_names)
    for row in rows:
        writer.writerow(
            json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
            for value in row.values()
        )
    return lines.getvalue()


def _plain_cell(value: object, cut: int | None = None) -> str:
    if value is None:
        return "[dim]NULL[/]"
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}"
    if isinstance(value, dict):
        return escape(", ".join(f"{key} {_plain_cell(part)}" for key, part in value.items()))
    if isinstance(value, list):
        return escape(" ".join(str(part) for part in value))
    text = CONTROL.sub("\ufffd", str(value))
    return escape(text if cut is None or len(text) <= cut else f"{text[:cut]} …")


def _tone_cell(row: Mapping[str, Any]) -> str:
    """The tone in its colour, with a question mark where the model is unsure about most of the clip."""
    shown = marked(row["tone"], of_clip(row["unsure_share"]))
    return f"[{TONE_STYLES.get(row['tone'], 'white')}]{shown}[/]"


def _number_cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _reason_cell(reason: str | None) -> str:
    return f"[dim]{SHORT_REASONS.get(reason, reason)}[/]" if reason else "–"


def _first_words(text: str) -> str:
    words = text.split()
    return " ".join(words[:FIRST_WORDS]) + (" …" if len(words) > FIRST_WORDS else "")
