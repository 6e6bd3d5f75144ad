"""How long heads take.

`python -m pipeline.research.bench.heads` makes a study of made-up embeddings and prints seconds.

It trains on 300 labelled speech regions, with cross-validation, card and drawings, and scores 100,000 stored ones.
"""

from __future__ import annotations

import csv
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from pipeline.analysis.heads.head import load
from pipeline.results.evaluation.study_head import score_stored, train_head
from pipeline.results.study import StudyReader
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study

DIMS = 1_024  # as two statistics of one block of Whisper base
REGIONS_PER_CLIP = 5
LABELS = ("sarcastic", "plain")
DISTANCE = 0.15  # of the two labels' means, in standard deviations of each number
SEED = 1


def make_study(folder: Path, regions: int) -> Study:
    """A published study of so many regions with made-up embeddings; odd clips sound otherwise than even ones."""
    path = folder / "benchmark.toml"
    path.write_text('schema = 1\nname = "benchmark"\n[[sources]]\nfolder = "clips"\n', encoding="utf-8")
    study = load_study(path, BY_NAME)
    clips = np.arange(regions) // REGIONS_PER_CLIP
    numbers = np.random.default_rng(SEED).standard_normal((regions, DIMS), dtype=np.float32)
    numbers[clips % 2 == 1] += np.float32(DISTANCE)
    offsets = pa.array(np.arange(regions + 1, dtype=np.int32) * DIMS)
    made = pa.table(
        {"clip": clips, "region": np.arange(regions) % REGIONS_PER_CLIP,
         "embedding": pa.ListArray.from_arrays(offsets, pa.array(numbers.ravel()))}
    )  # fmt: skip
    with Store(study.folder.working, STAGES) as store:
        store.tables.script(FILL, made=made)
        store.publish(study.folder.published)
    return study


FILL = f"""
    INSERT INTO clips BY NAME
    SELECT DISTINCT 'tiktok:' || clip AS clip_id, 'tiktok' AS platform, 'url' AS kind, [] AS hashtags, [] AS mentions,
        'author ' || clip // 3 AS author_key, MAP {{}} AS field_sources
    FROM made;
    INSERT INTO evidence BY NAME SELECT clip_id, {REGIONS_PER_CLIP}.0 AS speech_s, 1.0 AS speech_share FROM clips;
    INSERT INTO speech_regions BY NAME
    SELECT 'tiktok:' || clip AS clip_id, region, region::DOUBLE AS start_s, region + 1.0 AS end_s FROM made;
    INSERT INTO speech_embeddings BY NAME
    SELECT 'tiktok:' || clip AS clip_id, region, 'benchmark' AS encoder, embedding FROM made;
"""  # noqa: S608 - our own number


def write_labels(path: Path, regions: int) -> Path:
    """Labels of the first so many regions, one a span."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("clip_id", "start_s", "end_s", "label"))
        for number in range(regions):
            clip, region = divmod(number, REGIONS_PER_CLIP)
            writer.writerow((f"tiktok:{clip}", region, region + 1, LABELS[clip % 2]))
    return path


def main(
    labelled: Annotated[int, typer.Option(help="labelled regions to train on")] = 300,
    stored: Annotated[int, typer.Option(help="stored regions to score")] = 100_000,
) -> None:
    """Print how long training a head and scoring stored regions with it take on this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = make_study(folder, stored)
        labels = write_labels(folder / "sarcasm.csv", labelled)
        began = time.perf_counter()
        head = train_head(study.folder, labels)
        trained = time.perf_counter()
        typer.echo(f"train-head on {head.regions} labelled regions: {trained - began:.1f} s")
        with StudyReader(study.folder.published) as reader:
            began = time.perf_counter()
            _, shares = score_stored(reader, load(head.folder))
            scored = time.perf_counter()
        typer.echo(f"scoring {len(shares):,} stored regions: {scored - began:.1f} s")


if __name__ == "__main__":
    typer.run(main)
