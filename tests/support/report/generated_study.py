"""A published study of any number of clips, put together without a model: for tests of the report and its benchmark."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

import duckdb
import numpy as np

from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import (
    AcousticsRow,
    AudioRow,
    ClipRow,
    EmotionRow,
    EvidenceRow,
    MediaRow,
    Row,
    SegmentRow,
    SegmentTrustRow,
    SoundTagRow,
    SpeechRegionRow,
    TranscriptRow,
    WordRow,
)
from pipeline.records.runs import AttemptRow, FingerprintRow
from pipeline.results.codebook import ORIGINS
from pipeline.results.report.places import Places
from pipeline.store import schema
from pipeline.store.publish.duckdb_file import publish
from tests.conftest import write_wav
from tests.support.small_study import MONDAY, row

SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
TURNED = "safe \u202egnp.exe\u202c and \u2067more"
LONG = "word " * 2_000
WORDS = ("I", "love", "this", "bag", "it", "is", "so", "soft", "but", "the", "strap", "broke", "after", "one", "day")
LABELS = ("angry", "happy", "neutral", "sad")
MODELS = '{"models": ["one", "two"]}'
SECONDS = 6.0
REGIONS = ((0.5, 2.5), (3.0, 5.5))  # s; the second one is too noisy in every third clip


def hostile(clip_id: str = "tiktok:<b>&amp;'\"/..") -> list[Row]:
    """A clip whose every text tries to be markup, to turn the page around, or to fill it."""
    caption = f"{SCRIPT}{TURNED} {LONG}"
    made = clip(clip_id, words=(SCRIPT, TURNED, "</script>"), caption=caption, hashtags=(SCRIPT, TURNED))
    post = {"url": "javascript:alert(1)", "sound_title": SCRIPT, "author_key": SCRIPT}
    return [row(ClipRow, **{**_values(one), **post}) if isinstance(one, ClipRow) else one for one in made]


def _values(one: Row) -> dict[str, object]:
    return {column.name: getattr(one, column.name) for column in one.columns()}


def region_at(time_s: float) -> int | None:
    return next((number for number, (start, end) in enumerate(REGIONS) if start <= time_s < end), None)


def clip(
    clip_id: str, words: Sequence[str] = WORDS, number: int = 0, text: str | None = None, **post: object
) -> list[Row]:
    """A clip of 6 s with two speech regions, one phrase, and the tone of two models."""
    draw = random.Random(number)
    known = {"platform": "tiktok", "kind": "url", "posted_at": MONDAY + timedelta(days=number % 90)}
    text = " ".join(words) if text is None else text
    here = {"clip_id": clip_id}
    rows: list[Row] = [
        row(
            ClipRow,
            **{**here, **known, "caption": "a bag #bag", "hashtags": ("bag",), "author_key": f"a{number % 40}", **post},
        ),
        row(MediaRow, **here, file_name=f"clip {number}.mp4"),
        row(AudioRow, **here, duration_s=SECONDS, loudness_lufs=-20.0 - number % 7, container="mp4"),
        row(EvidenceRow, **here, speech_s=4.5, speech_share=0.75, music_share=(number % 10) / 10, tagger="t"),
        row(TranscriptRow, **here, text=text, language=("en", "es", "de")[number % 3], language_probability=0.9),
        row(SegmentRow, **here, start_s=0.5, end_s=5.5, text=text),
        row(SegmentTrustRow, **here, trust=0.9),
        row(SoundTagRow, **here, tag="Speech", mean_score=0.8, max_score=0.9),
        row(AttemptRow, **here, attempt_id=number, stage="emotion", fingerprint="e", status="ok"),
    ]
    step = 5.0 / max(1, len(words))
    rows += [
        row(
            WordRow,
            **here,
            word_index=i,
            word=word,
            start_s=0.5 + i * step,
            end_s=0.5 + (i + 1) * step,
            region=region_at(0.5 + (i + 0.5) * step),
        )
        for i, word in enumerate(words)
    ]
    for region, (start, end) in enumerate(REGIONS):
        rows.append(row(SpeechRegionRow, **here, region=region, start_s=start, end_s=end))
        rows.append(row(AcousticsRow, **here, region=region, f0_median_hz=200.0, voiced_share=0.5))
        for model in ("one", "two"):
            weights = np.array([draw.random() for _ in LABELS])
            shares = dict(zip(LABELS, map(float, weights / weights.sum()), strict=True))
            best = max(shares, key=lambda label: shares[label])
            where = {**here, "region": region, "model": model}
            if region == 1 and number % 3 == 0:
                rows.append(row(EmotionRow, **where, status="no_evidence", reason="low_snr"))
            else:
                scored = {"label": best, "probability": shares[best], "probabilities": shares}
                rows.append(row(EmotionRow, **where, status="scored", **scored))
    return rows


def with_sets(rows: Iterable[Row], *label_sets: Sequence[str]) -> list[Row]:
    """Rows of a clip whose regions have these sets of labels that cannot be ruled out."""
    return [
        replace(one, label_set=tuple(label_sets[one.region])) if isinstance(one, EmotionRow) and one.label else one
        for one in rows
    ]


def lost(clip_id: str) -> list[Row]:
    """A clip whose audio could not be decoded."""
    failed = {"stage": "audio", "fingerprint": "a", "status": "failed", "reason": "not_media"}
    return [
        row(ClipRow, clip_id=clip_id, platform="tiktok", kind="url"),
        row(AttemptRow, clip_id=clip_id, attempt_id=-1, **failed),
    ]


def silent(clip_id: str) -> list[Row]:
    """A clip in which nobody speaks."""
    return [
        row(ClipRow, clip_id=clip_id, platform="youtube", kind="url"),
        row(AudioRow, clip_id=clip_id, duration_s=SECONDS, container="mp4"),
        row(EvidenceRow, clip_id=clip_id, speech_s=0.0),
        row(TranscriptRow, clip_id=clip_id, reason="no_speech"),
    ]


@cache
def _empty() -> bytes:
    """A published study without a clip."""
    current = [
        row(FingerprintRow, fingerprint="a", stage="audio", options="{}", models="{}", libraries="{}"),
        row(FingerprintRow, fingerprint="e", stage="emotion", options=MODELS, models="{}", libraries="{}"),
    ]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        schema.create_tables(connection, ORIGINS)
        connection.execute("CREATE TABLE schema_version AS SELECT 1 AS version")
        schema.insert(connection, current)
        publish(connection, tuple(ORIGINS), Path(folder) / "study.duckdb")
        return (Path(folder) / "study.duckdb").read_bytes()


def write_published(folder: Path, rows: Iterable[Row]) -> Path:
    """Publish a study of these rows in a folder; a study published there before is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "study.part"
    part.write_bytes(_empty())
    with duckdb.connect(str(part)) as connection:
        for _, group in groupby(sorted(rows, key=lambda one: one.table), key=type):
            schema.insert(connection, list(group))
    part.replace(folder / "study.duckdb")
    return folder


def write_audio(folder: Path, clip_id: str, seconds: float = SECONDS) -> Path:
    """The decoded audio that a study keeps of a clip: a voice-like tone of 200 Hz between 0.5 and 5.5 s."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    harmonics = sum(np.sin(2 * np.pi * 200 * k * times) / k for k in range(1, 9))
    return write_wav(Places(folder).audio(clip_id), 0.2 * harmonics * ((times > 0.5) & (times < 5.5)))
