"""A sample as a folder: what was drawn with weights and strata, how, and the sound of it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE
from pipeline.media.encode import write_playable
from pipeline.records import Seconds
from pipeline.results.study import StudyReader
from pipeline.results.validation.draw import Draw, draw_for
from pipeline.results.validation.population import GROUPINGS, PopulationUnit, UnitKind, population
from pipeline.study import files
from pipeline.study.folder import StudyFolder

SAMPLE, PLAN, MEDIA = "sample.csv", "draw.json", "media"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
COLUMNS = ("sample_id", "clip_id", "region", "start_s", "end_s", "weight", "media", *GROUPINGS)
AROUND_S = 0.25  # heard before and after a region
MOST_S = 90.0  # of a clip that is heard


@dataclass(frozen=True, slots=True)
class SampledUnit:
    """One unit of a sample."""

    sample_id: str
    clip_id: str
    region: int | None
    start_s: Seconds | None
    end_s: Seconds | None
    weight: float
    media: str | None  # file in the sample's folder
    groups: dict[str, str]


@dataclass(frozen=True, slots=True)
class ValidationSample:
    """A sample as it lies in its folder."""

    name: str
    folder: Path
    seed: int  # of the draw, and of the order in which each coder hears it
    units: tuple[SampledUnit, ...]
    plan: dict[str, object]

    @property
    def by_id(self) -> dict[str, SampledUnit]:
        """The units by their ids in the sample."""
        return {one.sample_id: one for one in self.units}


@dataclass(frozen=True, slots=True)
class Made:
    """A sample that was drawn now."""

    sample: ValidationSample
    drawn: Draw
    population: int
    silent: dict[str, str]  # clips without any sound to listen to, and why


def make_sample(
    reader: StudyReader,
    folder: StudyFolder,
    name: str,
    kind: UnitKind,
    margin: float,
    size: int | None,
    seed: int,
    by: Sequence[str] = GROUPINGS,
    model: str | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Made:
    """Draw a sample and write its folder; `UserError` where one of that name is there, or nothing can be drawn."""
    target = place_of(folder, name)
    if target.exists():
        raise UserError(f"there is a sample {name} already: give another --name, or delete {target}")
    units = population(reader, kind, model)
    drawn = draw_for(margin, [one.groups for one in units], by, seed, size)
    part = target.with_name(f"{name}.part")
    files.delete(part)
    (part / MEDIA).mkdir(parents=True)
    chosen = [_drawn(units[place], weight, seed) for place, weight in zip(drawn.chosen, drawn.weights, strict=True)]
    silent: dict[str, str] = {}
    heard = [_with_sound(reader, part, one, silent, advance) for one in chosen]
    plan: dict[str, object] = {
        "seed": seed, "unit": kind, "population": len(units), "drawn": len(chosen), "by": list(drawn.by),
        "left_out": list(drawn.left_out), "margin": round(drawn.margin(len(units)), 4), "model": model,
    }  # fmt: skip
    sample = ValidationSample(name, target, seed, tuple(sorted(heard, key=lambda one: one.sample_id)), plan)
    write_units(part / SAMPLE, sample.units)
    (part / PLAN).write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    files.put(part, target)
    return Made(sample, drawn, len(units), silent)


def place_of(folder: StudyFolder, name: str) -> Path:
    """The folder of a sample; `UserError` unless the name is plain."""
    if not NAME.fullmatch(name):
        raise UserError(f"the name of a sample is of letters, digits, - and _, up to 40 of them, and {name!r} is not")
    return folder.validation / name


def read_sample(folder: StudyFolder, name: str) -> ValidationSample:
    """A sample of a study; `UserError` names those that there are."""
    place = place_of(folder, name)
    if not (place / SAMPLE).is_file():
        names = ", ".join(samples(folder)) or "none"
        raise UserError(f"there is no sample {name} (there are: {names}): draw one with `cliptone validate sample`")
    plan = json.loads((place / PLAN).read_text(encoding="utf-8"))
    with (place / SAMPLE).open(encoding="utf-8", newline="") as file:
        units = tuple(_unit(record) for record in csv.DictReader(file))
    return ValidationSample(name, place, plan["seed"], units, plan)


def samples(folder: StudyFolder) -> list[str]:
    """The names of a study's samples."""
    return sorted(path.parent.name for path in folder.validation.glob(f"*/{SAMPLE}"))


def write_units(path: Path, units: Sequence[SampledUnit]) -> None:
    """Write the table of a sample."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in units:
            values = (one.sample_id, one.clip_id, one.region, one.start_s, one.end_s, one.weight, one.media)
            writer.writerow([*("" if value is None else value for value in values), *one.groups.values()])


def _drawn(unit: PopulationUnit, weight: float, seed: int) -> SampledUnit:
    """Its id in the sample says nothing of the clip, and sorts at random."""
    named = f"{seed} {unit.clip_id} {unit.region}"
    sample_id = hashlib.sha256(named.encode()).hexdigest()[:12]
    return SampledUnit(sample_id, unit.clip_id, unit.region, unit.start_s, unit.end_s, weight, None, unit.groups)


def _with_sound(
    reader: StudyReader, folder: Path, one: SampledUnit, silent: dict[str, str], advance: Callable[[], None]
) -> SampledUnit:
    advance()
    if one.clip_id in silent:
        return one
    try:
        waveform = reader.waveform(one.clip_id)
    except (UserError, OSError, ValueError) as error:
        silent[one.clip_id] = str(error)
        return one
    start = 0 if one.start_s is None else max(0, round((one.start_s - AROUND_S) * SAMPLE_RATE))
    end = round(MOST_S * SAMPLE_RATE) if one.end_s is None else round((one.end_s + AROUND_S) * SAMPLE_RATE)
    written = write_playable(folder / MEDIA / one.sample_id, waveform[start:end])
    return SampledUnit(
        one.sample_id,
        one.clip_id,
        one.region,
        one.start_s,
        one.end_s,
        one.weight,
        f"{MEDIA}/{written.name}",
        one.groups,
    )


def _unit(record: dict[str, str]) -> SampledUnit:
    def number(name: str) -> float | None:
        return float(record[name]) if record[name] else None

    region = record["region"]
    return SampledUnit(
        record["sample_id"], record["clip_id"], int(region) if region else None, number("start_s"), number("end_s"),
        float(record["weight"]), record["media"] or None, {name: record[name] for name in GROUPINGS},
    )  # fmt: skip
