"""Human labels from a CSV file, matched to the speech regions of a study; lines that cannot be used are named."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import UserError
from pipeline.records import Seconds
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.reading import digest
from pipeline.sources.formats.tables import csv_records, header

DIMENSIONS = ("arousal", "valence", "dominance")
COLUMNS = ("clip_id", "start_s", "end_s", "label", *DIMENSIONS, "author_group", "weight")
LEAST_OVERLAP = 0.5  # share of a region inside a labelled span from which the label is the region's
NAMED = 3  # examples of a reason in a sentence

NO_LABEL = "neither a label nor a number"
NO_SPAN = "start_s and end_s do not give a span of time"
NO_WEIGHT = "weight is a number above 0"
NO_NUMBER = "arousal, valence and dominance are numbers from 0 to 1"
NO_CLIP = "the study has no such clip"
NOT_ANALYSED = "the clip has not passed the stage evidence"
NO_SPEECH = "no speech region lies there"


class Region(NamedTuple):
    """One speech region of a clip."""

    region: int
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class Label:
    """A person's label of a clip, or of a span of it."""

    line: int  # in the file
    clip_id: str
    start_s: Seconds | None  # None: the whole clip
    end_s: Seconds | None
    label: str | None
    dimensions: Mapping[str, float]  # those given of arousal, valence and dominance, 0–1
    author_group: str | None  # the researcher's own grouping of authors
    weight: float = 1.0  # how many clips or spans of the study it stands for, as a stratified sample gives it


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One line of a file that cannot be used, and why."""

    line: int
    clip_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Labels:
    """A file of labels."""

    path: Path
    sha256: str
    labels: tuple[Label, ...]
    left_out: tuple[LeftOut, ...]


class LabelledSpan(NamedTuple):
    """A label with the speech regions that it covers, and the time of each inside the span."""

    label: Label
    regions: tuple[tuple[int, Seconds], ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """The labels that cover speech of the study, and what was left out of the file."""

    spans: tuple[LabelledSpan, ...]
    left_out: tuple[LeftOut, ...]


def read_labels(path: Path) -> Labels:
    """Read a CSV file: clip_id [, start_s, end_s], and a label or numbers; `UserError` if it is another file."""
    if not path.is_file():
        raise UserError(f"there is no file of labels {path}")
    names = header(path)
    if "clip_id" not in names or not {"label", *DIMENSIONS} & set(names):
        raise UserError(
            f"{path} needs a column clip_id and a column label (or arousal, valence, dominance), with start_s and "
            f"end_s for spans of clips; it has {', '.join(names) or 'no columns'}"
        )
    unknown = sorted(set(names) - set(COLUMNS))
    if unknown:
        raise UserError(f"{path} has the unknown columns {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
    labels: list[Label] = []
    left_out: list[LeftOut] = []
    for line, record in csv_records(path):
        found = LeftOut(line, "", str(record)) if isinstance(record, Rejected) else _parse_label(line, record)
        (left_out if isinstance(found, LeftOut) else labels).append(found)  # type: ignore[arg-type]
    return Labels(path, digest(path), tuple(labels), tuple(left_out))


def match(labels: Labels, clips: Collection[str], regions: Mapping[str, Sequence[Region]]) -> Matched:
    """Match labels to regions, which belong to a label if at least half of them lies in its span.

    `clips` are those of the study, `regions` those of clips that were analysed. Raises `UserError` if no label
    meets speech.
    """
    spans: list[LabelledSpan] = []
    left_out = list(labels.left_out)
    for label in labels.labels:
        inside = _regions_inside(label, regions.get(label.clip_id, ()))
        if inside:
            spans.append(LabelledSpan(label, inside))
        else:
            reason = NO_CLIP if label.clip_id not in clips else NO_SPEECH if label.clip_id in regions else NOT_ANALYSED
            left_out.append(LeftOut(label.line, label.clip_id, reason))
    if not spans:
        known = f"; ids of its clips look like {min(clips)}" if clips else ""
        why = "; ".join(left_out_lines(left_out)) or "it has no lines"
        raise UserError(f"no label of {labels.path} can be used: {why}{known}")
    return Matched(tuple(spans), tuple(sorted(left_out, key=lambda one: one.line)))


def left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    """What was left out, counted by reason, with the first lines of each."""
    lines = []
    for reason, count in _counted(left_out):
        first = [one for one in left_out if one.reason == reason][:NAMED]
        named = ", ".join(f"line {one.line}{f': {one.clip_id}' if one.clip_id else ''}" for one in first)
        lines.append(f"{count} × {reason} ({named}{', …' if count > NAMED else ''})")
    return lines


def left_out_counts(left_out: Sequence[LeftOut]) -> list[str]:
    """The same without lines and ids, for what is handed on."""
    return [f"{count} × {reason}" for reason, count in _counted(left_out)]


def _counted(left_out: Sequence[LeftOut]) -> list[tuple[str, int]]:
    return Counter(one.reason for one in left_out).most_common()


def _parse_label(line: int, record: Mapping[str, str]) -> Label | LeftOut:
    given = {name: text.strip() for name, text in record.items() if text.strip()}
    clip_id = given.get("clip_id", "")
    try:
        start, end = (_number_cell(given.get(name)) for name in ("start_s", "end_s"))
    except ValueError:
        return LeftOut(line, clip_id, NO_SPAN)
    if (start is None) != (end is None) or (start is not None and end is not None and not 0 <= start < end):
        return LeftOut(line, clip_id, NO_SPAN)
    try:
        dimensions = {name: float(given[name]) for name in DIMENSIONS if name in given}
    except ValueError:
        return LeftOut(line, clip_id, NO_NUMBER)
    if not all(0 <= value <= 1 for value in dimensions.values()):
        return LeftOut(line, clip_id, NO_NUMBER)
    if "label" not in given and not dimensions:
        return LeftOut(line, clip_id, NO_LABEL)
    try:
        weight = 1.0 if (stated := _number_cell(given.get("weight"))) is None else stated
    except ValueError:
        return LeftOut(line, clip_id, NO_WEIGHT)
    if weight <= 0:
        return LeftOut(line, clip_id, NO_WEIGHT)
    return Label(line, clip_id, start, end, given.get("label"), dimensions, given.get("author_group"), weight)


def _number_cell(text: str | None) -> float | None:
    if text is None:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _regions_inside(label: Label, regions: Sequence[Region]) -> tuple[tuple[int, Seconds], ...]:
    """Regions that lie at least half in a label's span, with their time inside it."""
    start = 0.0 if label.start_s is None else label.start_s
    end = math.inf if label.end_s is None else label.end_s
    times = ((one, min(end, one.end_s) - max(start, one.start_s)) for one in regions)
    return tuple(
        (one.region, time) for one, time in times if time > 0 and time >= LEAST_OVERLAP * (one.end_s - one.start_s)
    )
