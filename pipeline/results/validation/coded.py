"""The answers to a sample as matrices, and as files of labels that other commands read."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.results.evaluation import stored
from pipeline.results.evaluation.bootstrap import Numbers
from pipeline.results.evaluation.labels import DIMENSIONS
from pipeline.results.study import StudyReader

Row = Mapping[str, Any]
Place = tuple[str, int | None]  # clip and region
ANSWERS = "SELECT * FROM annotations WHERE sample = $sample ORDER BY sample_id, coder, question"
SAMPLES = "SELECT DISTINCT sample FROM annotations ORDER BY sample"
THERE = "SELECT count(*) AS tables FROM information_schema.tables WHERE table_name = 'annotations'"


@dataclass(frozen=True)
class Coded:
    """All answers of all coders to one sample."""

    sample: str
    rows: tuple[Row, ...]
    coders: tuple[str, ...]
    sounds: tuple[str, ...]  # ids in the sample
    about: Mapping[str, Row]  # by sound: any of its rows
    clusters: NDArray[np.str_]  # (sounds,) authors

    @property
    def questions(self) -> list[str]:
        """The questions whose answers can be compared, in the order of their names."""
        return sorted({row["question"] for row in self.rows if row["level"] != "text"})

    def of(self, question: str) -> list[Row]:
        """The answers to one question."""
        return [row for row in self.rows if row["question"] == question]

    def measuring(self, what: str) -> list[Row]:
        """The answers that are compared with this output of models."""
        return [row for row in self.rows if row["measures"] == what]

    def matrix(self, question: str) -> Numbers:
        """Answers as numbers, `(sounds, coders)`; NaN for none and for cannot tell."""
        rows = self.of(question)
        several = sorted({row["label"] for row in rows if row["label"] is not None and row["value"] is None})
        found = np.full((len(self.sounds), len(self.coders)), np.nan)
        place = {one: number for number, one in enumerate(self.sounds)}
        for row in rows:
            code = several.index(row["label"]) if row["label"] in several else row["value"]
            if code is not None:
                found[place[row["sample_id"]], self.coders.index(row["coder"])] = code
        return found


def read_coded(reader: StudyReader, sample: str) -> Coded:
    """The answers to a sample; `UserError` where there are none."""
    rows = tuple(reader.arrow(ANSWERS, {"sample": sample}).to_pylist()) if has_annotations(reader) else ()
    if not rows:
        names = ", ".join(samples_with_answers(reader)) or "none"
        raise UserError(f"nobody has answered the sample {sample} (answered: {names}): cliptone validate import FILES")
    about = {row["sample_id"]: row for row in rows}
    known = stored.facts(reader, {row["clip_id"] for row in rows})
    return Coded(
        sample, rows, tuple(sorted({row["coder"] for row in rows})), tuple(about), about,
        np.array([stored.author(row["clip_id"], known) for row in about.values()]),
    )  # fmt: skip


def has_annotations(reader: StudyReader) -> bool:
    """Whether the results have the table; those that an older version published lack it."""
    return bool(reader.arrow(THERE, {})["tables"].to_pylist()[0])


def samples_with_answers(reader: StudyReader) -> list[str]:
    """The samples that somebody has answered."""
    return list(reader.arrow(SAMPLES, {})["sample"].to_pylist()) if has_annotations(reader) else []


def majority(labels: Sequence[str]) -> str | None:
    """The label that more coders chose than any other; None for a tie, or without labels."""
    counts = Counter(labels).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def write_labels(coded: Coded, path: Path, coder: str | None = None) -> int:
    """Write the labels of one coder, or those of the majority and mean numbers, as `train-head` and `evaluate` read
    them; returns how many lines there are."""
    lines = []
    for sound, about in coded.about.items():
        mine = [row for row in coded.rows if row["sample_id"] == sound and coder in (None, row["coder"])]
        label = majority([row["label"] for row in mine if row["measures"] == "label" and row["label"] is not None])
        numbers = [_mean([row for row in mine if row["measures"] == name]) for name in DIMENSIONS]
        if label is not None or any(number is not None for number in numbers):
            cells = (about["clip_id"], about["start_s"], about["end_s"], label, *numbers, about["weight"])
            lines.append(["" if cell is None else cell for cell in cells])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("clip_id", "start_s", "end_s", "label", *DIMENSIONS, "weight"))
        writer.writerows(lines)
    return len(lines)


def _mean(rows: Sequence[Row]) -> float | None:
    """The mean of answers on a scale, 0–1."""
    known = [
        (row["value"] - row["lowest"]) / (row["highest"] - row["lowest"]) for row in rows if row["value"] is not None
    ]
    return float(np.mean(known)) if known else None
