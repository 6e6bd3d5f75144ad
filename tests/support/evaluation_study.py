"""A study whose truth is known: published and with its working database, filled with rows instead of by stages."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from pipeline.records import ClipRow, EmotionRow, EvidenceRow, Row, SpeechEmbeddingRow, SpeechRegionRow, TranscriptRow
from pipeline.records.runs import FingerprintRow
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.small_study import row, tones

ENCODER = "made"
Region = tuple[Sequence[float] | None, Mapping[str, float] | None]  # embedding, probabilities by the model "one"


def clip(
    clip_id: str,
    regions: Sequence[Region] = (),
    author: str | None = None,
    platform: str = "tiktok",
    language: str | None = "en",
    music: float | None = 0.0,
    text: str | None = None,
    length_s: float = 2.0,
) -> list[Row]:
    """A clip whose regions follow one another, each `length_s` long."""
    rows: list[Row] = [
        row(ClipRow, clip_id=clip_id, author_key=author, platform=platform),
        row(EvidenceRow, clip_id=clip_id, speech_s=length_s * len(regions), music_share=music),
        row(TranscriptRow, clip_id=clip_id, language=language, text=text, reason=None if text else "no_speech",
            engine="made", model="words"),
    ]  # fmt: skip
    for number, (embedding, _) in enumerate(regions):
        start = number * length_s
        rows.append(row(SpeechRegionRow, clip_id=clip_id, region=number, start_s=start, end_s=start + length_s))
        reason = "too_short" if embedding is None else None
        rows.append(
            row(SpeechEmbeddingRow, clip_id=clip_id, region=number, encoder=ENCODER,
                embedding=None if embedding is None else tuple(embedding), reason=reason)
        )  # fmt: skip
    return rows + tones(clip_id, [probabilities for _, probabilities in regions], "one")


def make_study(folder: Path, *groups: Iterable[Row]) -> Study:
    """A study with these rows, published."""
    study = load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n', "made"), BY_NAME)
    marks = [
        row(FingerprintRow, fingerprint=f"of {stage}", stage=stage, is_current=True, options='{"models": ["one"]}')
        for stage in ("emotion", "transcribe")
    ]
    store = Store(study.folder.working, STAGES)
    rows = sorted([*marks, *(one for group in groups for one in group)], key=lambda one: one.table)
    for _, same in groupby(rows, key=lambda one: one.table):
        store.add(list(same))
    store.publish(study.folder.published)
    store.close()
    return study


def write_rows(path: Path, header: str, *lines: Sequence[object]) -> Path:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(lines)
    return path


def emotion(clip_id: str, region: int, **values: object) -> EmotionRow:
    """A score of the model "dimensions"."""
    return row(EmotionRow, clip_id=clip_id, region=region, model="dimensions", status="scored", **values)
