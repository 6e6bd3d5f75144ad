"""What samples hold of clips that are forgotten: their lines and their sound, and pages that were made with them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from pipeline.results.validation.sample import SAMPLE, read_sample, samples, write_units
from pipeline.study import files
from pipeline.study.folder import StudyFolder

MADE = ("coder-*.html", "label-studio*", "report.html", "labels*.csv")  # anew by a command, at any time


def erase_clips(folder: StudyFolder, clip_ids: Collection[str], treat: Callable[[Path], int]) -> int:
    """Delete, or with `files.count` count, what samples hold of these clips; returns the number of files."""
    found = 0
    for name in samples(folder):
        sample = read_sample(folder, name)
        gone = [one for one in sample.units if one.clip_id in clip_ids]
        if not gone:
            continue
        found += sum(treat(sample.folder / one.media) for one in gone if one.media)
        found += sum(treat(path) for path in made_of(sample.folder))
        if treat is files.delete:
            part = sample.folder / f"{SAMPLE}.part"
            write_units(part, [one for one in sample.units if one.clip_id not in clip_ids])
            files.put(part, sample.folder / SAMPLE)
    return found


def made_of(place: Path) -> list[Path]:
    """The files of a sample's folder that hold sound or words and can be made anew."""
    return sorted(path for pattern in MADE for path in place.glob(pattern))
